/**
 * StreamProtocol over an in-memory pipe, and at the end over real sockets. Twisted has no class to
 * compare it with.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { LoggedErrors } from "../testing/logged_errors.ts";
import {
  connectProtocol,
  type ProtocolFixture,
  type ProtocolFixtureOptions,
} from "../testing/fixtures/protocol_fixture.ts";
import { pattern, same } from "../testing/peers/raw_peer.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { ConnectionAborted, ConnectionDone, ConnectionLost } from "../reactor/errors.ts";
import { COPY_BELOW } from "../reactor/stream/write_buffer.ts";
import { Factory, StreamProtocol, type StreamProtocolOptions } from "./mod.ts";

const decoder = new TextDecoder();

/** An open connection as streams. */
function streams(
  options: ProtocolFixtureOptions & StreamProtocolOptions = {},
): ProtocolFixture<StreamProtocol> {
  return connectProtocol(new StreamProtocol(options), options);
}

/** Returns whether a promise has settled, and how. */
function watch(promise: Promise<unknown>): { outcome: unknown } {
  const watched = { outcome: "pending" as unknown };
  promise.then(
    (value) => watched.outcome = value ?? "done",
    (error: unknown) => watched.outcome = error,
  );
  return watched;
}

/** Reads a stream to its end. */
async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += decoder.decode(chunk);
  return text;
}

Deno.test("StreamProtocol.readable delivers the received data; its end leaves writable open", async () => {
  using fixture = streams();
  const { readable, writable } = fixture.protocol;
  const reading = watch(readText(readable));
  fixture.peer.send("one ");
  await fixture.settle();
  fixture.peer.send("two");
  await fixture.settle();
  fixture.peer.driver.closeWrite();
  await fixture.settle();
  assertEquals(reading.outcome, "one two");
  assert(fixture.connection.connected);
  const writer = writable.getWriter();
  const written = watch(writer.write("three"));
  await fixture.settle();
  assertEquals([written.outcome, fixture.peer.text], ["done", "three"]);
  const closed = watch(writer.close());
  await fixture.settle();
  assertEquals([closed.outcome, fixture.peer.end], ["done", "ended"]);
  assertInstanceOf(fixture.reason, ConnectionDone);
});

Deno.test("StreamProtocol.writable close() sends all data, then closes only the writing side", async () => {
  using fixture = streams({ capacity: 10 });
  const { readable, writable } = fixture.protocol;
  const writer = writable.getWriter();
  fixture.peer.driver.stopReading();
  const written = watch(writer.write("x".repeat(1000)));
  const closed = watch(writer.close());
  await fixture.settle();
  assertEquals([written.outcome, closed.outcome], ["done", "pending"]);
  fixture.peer.driver.startReading();
  await fixture.settle();
  assertEquals([closed.outcome, fixture.peer.text.length, fixture.peer.end], [
    "done",
    1000,
    "ended",
  ]);
  assert(fixture.connection.connected);
  const reading = watch(readText(readable));
  fixture.peer.send("still here");
  await fixture.settle();
  fixture.peer.driver.closeWrite();
  await fixture.settle();
  assertEquals(reading.outcome, "still here");
  assertInstanceOf(fixture.reason, ConnectionDone);
});

Deno.test("StreamProtocol.readable pauses the peer when the reader does not read, and loses nothing", async () => {
  using fixture = streams({ capacity: 100, highWaterMark: 500 });
  const all = Array.from({ length: 2000 }, (_, i) => `${i} `).join("");
  fixture.peer.send(all);
  await fixture.settle();
  const taken = all.length - fixture.peer.unsent;
  // The stream up to its mark, the chunk above it, one that arrived while paused, and the pipe.
  assert(taken >= 500 && taken <= 500 + 3 * 100, `${taken} were taken`);
  assert(!fixture.driver.isReading);
  const reader = fixture.protocol.readable.getReader();
  let text = "";
  while (text.length < all.length) {
    const reading = reader.read();
    await fixture.settle();
    text += decoder.decode((await reading).value);
  }
  assert(text === all);
  fixture.connection.abortConnection();
  await fixture.settle();
});

Deno.test("StreamProtocol with a high-water mark of 0 buffers at most one unrequested chunk", async () => {
  using fixture = streams({ capacity: 10, highWaterMark: 0 });
  fixture.peer.send("0123456789".repeat(5));
  await fixture.settle();
  assert(!fixture.driver.isReading);
  assertEquals(50 - fixture.peer.unsent, 20); // one in the stream, one in the pipe
});

Deno.test("StreamProtocol.writable waits when the buffer is full, until it is empty", async () => {
  using fixture = streams({ capacity: 10, writeBufferHighWater: 100 });
  fixture.peer.driver.stopReading();
  const writer = fixture.protocol.writable.getWriter();
  const little = watch(writer.write("x".repeat(100)));
  await fixture.settle();
  assertEquals(little.outcome, "done");
  const much = watch(writer.write("y".repeat(100)));
  const ready = watch(writer.ready);
  const next = watch(writer.write("z"));
  await fixture.settle();
  assertEquals([much.outcome, ready.outcome, next.outcome], ["pending", "pending", "pending"]);
  fixture.peer.driver.startReading();
  await fixture.settle();
  assertEquals([much.outcome, ready.outcome, next.outcome], ["done", "done", "done"]);
  assertEquals(fixture.peer.text, "x".repeat(100) + "y".repeat(100) + "z");
});

Deno.test("StreamProtocol.writable allows a writer to reuse its memory once a write has resolved", async () => {
  using fixture = streams({ capacity: 10 });
  fixture.peer.driver.stopReading();
  const writer = fixture.protocol.writable.getWriter();
  for (const size of [10, COPY_BELOW]) {
    const memory = new Uint8Array(size).fill(0x61);
    const written = watch(writer.write(memory));
    await fixture.settle();
    assertEquals(written.outcome, "done");
    assertEquals(memory.length, size);
    memory.fill(0x62);
  }
  fixture.peer.driver.startReading();
  await fixture.settle();
  assertEquals(fixture.peer.text, "a".repeat(10 + COPY_BELOW));
});

Deno.test("StreamProtocol.loseConnection() waits only for a pending write", async () => {
  using fixture = streams({ capacity: 10, writeBufferHighWater: 100 });
  fixture.peer.driver.stopReading();
  const writer = fixture.protocol.writable.getWriter();
  const written = watch(writer.write("x".repeat(200)));
  await fixture.settle();
  fixture.connection.loseConnection();
  await fixture.settle();
  assert(fixture.connection.connected);
  fixture.peer.driver.startReading();
  await fixture.settle();
  assertEquals([written.outcome, fixture.peer.text.length], ["done", 200]);
  assertInstanceOf(fixture.reason, ConnectionDone);
  const closing = await writer.closed.catch((error: unknown) => error);
  assertStrictEquals(closing, fixture.reason);
});

Deno.test("StreamProtocol.loseConnection() closes readable, and fails writable", async () => {
  using idle = streams();
  const reader = idle.protocol.readable.getReader();
  const writer = idle.protocol.writable.getWriter();
  idle.connection.loseConnection();
  await idle.settle();
  assertEquals((await reader.read()).done, true);
  await assertRejects(() => writer.write("late"), ConnectionDone);

  using closing = streams({ capacity: 10 });
  closing.peer.driver.stopReading();
  const other = closing.protocol.writable.getWriter();
  const written = watch(other.write("x".repeat(100)));
  const closed = watch(other.close());
  await closing.settle();
  closing.connection.loseConnection();
  closing.peer.driver.startReading();
  await closing.settle();
  assertEquals([written.outcome, closed.outcome], ["done", "done"]);
});

Deno.test("StreamProtocol fails both streams with the reason of a lost connection", async () => {
  const reasons: Error[] = [];
  class Recording extends StreamProtocol {
    override connectionLost(reason: Error): void {
      reasons.push(reason);
      super.connectionLost(reason);
    }
  }
  using fixture = connectProtocol(new Recording(), { capacity: 10, writeBufferHighWater: 100 });
  const reader = fixture.protocol.readable.getReader();
  const writer = fixture.protocol.writable.getWriter();
  fixture.peer.driver.stopReading();
  const reading = watch(reader.read());
  const written = watch(writer.write("x".repeat(200)));
  const next = watch(writer.write("y"));
  const readClosed = watch(reader.closed);
  const writeClosed = watch(writer.closed);
  await fixture.settle();
  fixture.peer.driver.abort();
  await fixture.settle();
  const [reason] = reasons;
  assertInstanceOf(reason, ConnectionLost);
  for (const { outcome } of [reading, written, next, readClosed, writeClosed]) {
    assertStrictEquals(outcome, reason);
  }
});

const nameOf = (error: unknown): string => error instanceof Error ? error.name : "none";

// The cause if no reason was given: a writable stream makes one itself.
const GIVING_UP: [string, string, (from: StreamProtocol, reason: unknown) => Promise<unknown>][] = [
  ["readable.cancel()", "none", ({ readable }, reason) => readable.cancel(reason)],
  ["writable.abort()", "AbortError", ({ writable }, reason) => writable.abort(reason)],
];

for (const [method, unnamed, giveUp] of GIVING_UP) {
  Deno.test(`StreamProtocol ${method} aborts the connection, with its reason as the cause`, async () => {
    const error = new RangeError("enough");
    for (const given of [error, "enough", undefined]) {
      using fixture = streams({ capacity: 10, writeBufferHighWater: 100 });
      const gaveUp = watch(giveUp(fixture.protocol, given));
      const other = method.startsWith("readable")
        ? fixture.protocol.writable.getWriter()
        : fixture.protocol.readable.getReader();
      const closed = watch(other.closed);
      await fixture.settle();
      const { reason } = fixture;
      assertInstanceOf(reason, ConnectionAborted);
      if (given === error) assertStrictEquals(reason.cause, error);
      else if (given === undefined) assertEquals(nameOf(reason.cause), unnamed);
      else assertEquals(reason.message, "Connection was aborted locally: enough");
      assertEquals(gaveUp.outcome, "done");
      assertStrictEquals(closed.outcome, reason);
      assertEquals(fixture.peer.end, "ECONNRESET");
    }
  });
}

Deno.test("StreamProtocol.writable abort() does not wait for a pending write", async () => {
  using fixture = streams({ capacity: 10, writeBufferHighWater: 100 });
  fixture.peer.driver.stopReading();
  const writer = fixture.protocol.writable.getWriter();
  const written = watch(writer.write("x".repeat(200)));
  await fixture.settle();
  const aborted = watch(writer.abort(new RangeError("enough")));
  await fixture.settle();
  assertInstanceOf(fixture.reason, ConnectionAborted);
  assertEquals(aborted.outcome, "done");
  assertStrictEquals(written.outcome, fixture.reason);
});

Deno.test("StreamProtocol.readable aborts when a for await loop exits early", async () => {
  for (const preventCancel of [false, true]) {
    using fixture = streams();
    fixture.peer.send("greeting");
    const reading = (async () => {
      for await (const chunk of fixture.protocol.readable.values({ preventCancel })) {
        return decoder.decode(chunk);
      }
      return "nothing";
    })();
    await fixture.settle();
    assertEquals(await reading, "greeting");
    await fixture.settle();
    assertEquals(fixture.connection.connected, preventCancel);
  }
});

Deno.test("StreamProtocol.writable fails for an invalid chunk, and aborts the connection", async () => {
  for (const wrong of [undefined, 42]) {
    using fixture = streams();
    const written = watch(fixture.protocol.writable.getWriter().write(wrong as unknown as string));
    await fixture.settle();
    assertInstanceOf(written.outcome, TypeError);
    assertInstanceOf(fixture.reason, ConnectionAborted);
    assertStrictEquals(fixture.reason.cause, written.outcome);
  }
});

Deno.test("StreamProtocol.writable fails on a transport with a producer, which stays registered", async () => {
  using fixture = streams();
  const calls: string[] = [];
  const producer = {
    pauseProducing: () => {},
    resumeProducing: () => {},
    stopProducing: () => calls.push("stop"),
  };
  fixture.connection.registerProducer(producer, true);
  const written = watch(fixture.protocol.writable.getWriter().write("x"));
  await fixture.settle();
  assertInstanceOf(written.outcome, Error);
  assert(written.outcome.message.startsWith("Cannot register the producer"));
  assertEquals(calls, ["stop"]); // by the abort
});

Deno.test("StreamProtocol.readable.pipeTo() forwards bytes, backpressure and the end", async () => {
  using from = streams({ capacity: 100, highWaterMark: 200 });
  using to = streams({ host: from.host, capacity: 100, writeBufferHighWater: 300 });
  const piping = watch(from.protocol.readable.pipeTo(to.protocol.writable));
  to.peer.driver.stopReading();
  const all = Array.from({ length: 1000 }, (_, i) => `${i} `).join("");
  from.peer.send(all);
  await from.settle();
  assert(from.peer.unsent > all.length - 1200, `${from.peer.unsent}`);
  to.peer.driver.startReading();
  for (let i = 0; i < 10; i++) await from.settle();
  assert(to.peer.text === all);
  from.peer.driver.closeWrite();
  await from.settle();
  assertEquals([piping.outcome, to.peer.end], ["done", "ended"]);
  assert(from.connection.connected && to.connection.connected);
});

Deno.test("StreamProtocol.readable.pipeTo() aborts the other connection after a reset", async () => {
  using from = streams();
  using to = streams({ host: from.host });
  const piping = watch(from.protocol.readable.pipeTo(to.protocol.writable));
  from.peer.send("half");
  await from.settle();
  from.peer.driver.abort();
  await from.settle();
  assertStrictEquals(piping.outcome, from.reason);
  assertInstanceOf(to.reason, ConnectionAborted);
  assertStrictEquals(to.reason.cause, from.reason);
});

Deno.test("StreamProtocol has its streams from connectionMade() on", async () => {
  assertThrows(
    () => new StreamProtocol().readable,
    Error,
    "Cannot get the streams of StreamProtocol: its connection has not been made",
  );
  class Greeter extends StreamProtocol {
    override async connectionMade(): Promise<void> {
      const writer = this.writable.getWriter();
      await writer.write("hello");
      await writer.close();
    }
  }
  using fixture = connectProtocol(new Greeter());
  await fixture.settle();
  assertEquals([fixture.peer.text, fixture.peer.end], ["hello", "ended"]);
  assertThrows(() => new StreamProtocol({ highWaterMark: -1 }), RangeError, "highWaterMark");
});

Deno.test("StreamProtocol in await using closes the connection, and waits until it is lost", async () => {
  using fixture = streams();
  const disposing = watch(fixture.protocol[Symbol.asyncDispose]());
  await null;
  assertEquals(disposing.outcome, "pending");
  await fixture.settle();
  assertEquals(disposing.outcome, "done");
  assertInstanceOf(fixture.reason, ConnectionDone);
});

Deno.test("StreamProtocol.connectionMade() that rejects loses the connection, and fails the streams", async () => {
  using errors = new LoggedErrors();
  class Failing extends StreamProtocol {
    override async connectionMade(): Promise<void> {
      for await (const _ of this.readable.values({ preventCancel: true })) {
        throw new RangeError("boom");
      }
    }
  }
  using fixture = connectProtocol(new Failing());
  fixture.peer.send("x");
  await fixture.settle();
  assertEquals(String(fixture.reason), "RangeError: boom");
  assertEquals(errors.take(), [fixture.reason]);
});

const test = tcpTest("Streams", () => new DenoReactor());

Deno.test(
  test("StreamProtocol echoes megabytes over sockets, and forwards the half-close", async (fixture) => {
    class Echo extends StreamProtocol {
      override connectionMade(): Promise<void> {
        return this.readable.pipeTo(this.writable);
      }
    }
    const port = fixture.reactor.listenTCP(0, Factory.forProtocol(Echo), {
      interface: "127.0.0.1",
    });
    fixture.run();
    const peer = await fixture.rawConnect(portOf(port.getHost()));
    const sent = pattern(4 << 20);
    const sending = peer.send(sent).then(() => peer.conn.closeWrite());
    const received = await peer.readAll();
    await sending;
    assert(same(received, sent));
  }),
);

Deno.test(
  test("StreamProtocol.readable pipes through DecompressionStream over a real socket", async (fixture) => {
    class Zipped extends StreamProtocol {
      override connectionMade(): Promise<void> {
        const text = new Blob(["so it goes ".repeat(10_000)]).stream();
        return text.pipeThrough(new CompressionStream("gzip")).pipeTo(this.writable);
      }
    }
    const port = fixture.reactor.listenTCP(0, Factory.forProtocol(Zipped), {
      interface: "127.0.0.1",
    });
    fixture.run();
    const peer = await fixture.rawConnect(portOf(port.getHost()));
    const text = await new Response(
      peer.conn.readable.pipeThrough(new DecompressionStream("gzip")),
    ).text();
    assertEquals(text, "so it goes ".repeat(10_000));
  }),
);
