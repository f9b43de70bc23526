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
import { pattern, same } from "../testing/peers/raw_peer.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { ConnectionAborted, ConnectionDone, ConnectionLost } from "../reactor/errors.ts";
import type { ConnectionOptions } from "../reactor/interfaces/mod.ts";
import { COPY_BELOW } from "../reactor/stream/write_buffer.ts";
import {
  type ConnectedPair,
  type ConnectedPairOptions,
  connectedServerAndClient,
  LoggedErrors,
  TestPeer,
} from "../testing/mod.ts";
import { Factory, StreamProtocol, type StreamProtocolOptions } from "./mod.ts";

const decoder = new TextDecoder();

/** Counts the received bytes. */
class Counting extends StreamProtocol {
  taken = 0;

  override dataReceived(data: Uint8Array): void {
    this.taken += data.length;
    super.dataReceived(data);
  }
}

/** Options of {@linkcode streams}. */
interface StreamsOptions
  extends
    ConnectedPairOptions,
    StreamProtocolOptions,
    Pick<ConnectionOptions, "writeBufferHighWater"> {}

/** An open connection as streams. */
function streams(
  { highWaterMark, writeBufferHighWater, ...options }: StreamsOptions = {},
): ConnectedPair<Counting, TestPeer> {
  return connectedServerAndClient(new Counting({ highWaterMark }), TestPeer, {
    ...options,
    serverOptions: { writeBufferHighWater },
  });
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
  using pair = streams();
  const { readable, writable } = pair.server;
  const reading = watch(readText(readable));
  pair.client.send("one ");
  await pair.pump.pumpUntilIdle();
  pair.client.send("two");
  await pair.pump.pumpUntilIdle();
  pair.client.transport.loseWriteConnection();
  await pair.pump.pumpUntilIdle();
  assertEquals(reading.outcome, "one two");
  assert(pair.serverTransport.connected);
  const writer = writable.getWriter();
  const written = watch(writer.write("three"));
  await pair.pump.pumpUntilIdle();
  assertEquals([written.outcome, pair.client.text], ["done", "three"]);
  const closed = watch(writer.close());
  await pair.pump.pumpUntilIdle();
  assertEquals([closed.outcome, pair.client.ending], ["done", "closed"]);
  assertInstanceOf(pair.serverReason, ConnectionDone);
});

Deno.test("StreamProtocol.writable close() sends all data, then closes only the writing side", async () => {
  using pair = streams({ capacity: 10 });
  const { readable, writable } = pair.server;
  const writer = writable.getWriter();
  pair.client.transport.pauseProducing();
  const written = watch(writer.write("x".repeat(1000)));
  const closed = watch(writer.close());
  await pair.pump.pumpUntilIdle();
  assertEquals([written.outcome, closed.outcome], ["done", "pending"]);
  pair.client.transport.resumeProducing();
  await pair.pump.pumpUntilIdle();
  assertEquals([closed.outcome, pair.client.text.length, pair.client.ending], [
    "done",
    1000,
    "closed",
  ]);
  assert(pair.serverTransport.connected);
  const reading = watch(readText(readable));
  pair.client.send("still here");
  await pair.pump.pumpUntilIdle();
  pair.client.transport.loseWriteConnection();
  await pair.pump.pumpUntilIdle();
  assertEquals(reading.outcome, "still here");
  assertInstanceOf(pair.serverReason, ConnectionDone);
});

Deno.test("StreamProtocol.readable pauses the peer when the reader does not read, and loses nothing", async () => {
  using pair = streams({ capacity: 100, highWaterMark: 500 });
  const all = Array.from({ length: 2000 }, (_, i) => `${i} `).join("");
  pair.client.send(all);
  await pair.pump.pumpUntilIdle();
  // The stream up to its mark, the chunk above it, and one that arrived while paused.
  const { taken } = pair.server;
  assert(taken >= 500 && taken <= 500 + 2 * 100, `${taken} were taken`);
  const reader = pair.server.readable.getReader();
  let text = "";
  while (text.length < all.length) {
    const reading = reader.read();
    await pair.pump.pumpUntilIdle();
    text += decoder.decode((await reading).value);
  }
  assert(text === all);
  pair.serverTransport.abortConnection();
  await pair.pump.pumpUntilIdle();
});

Deno.test("StreamProtocol with a high-water mark of 0 buffers at most one unrequested chunk", async () => {
  using pair = streams({ capacity: 10, highWaterMark: 0 });
  pair.client.send("0123456789".repeat(5));
  await pair.pump.pumpUntilIdle();
  assertEquals(pair.server.taken, 10);
});

Deno.test("StreamProtocol.writable waits when the buffer is full, until it is empty", async () => {
  using pair = streams({ capacity: 10, writeBufferHighWater: 100 });
  pair.client.transport.pauseProducing();
  const writer = pair.server.writable.getWriter();
  const little = watch(writer.write("x".repeat(100)));
  await pair.pump.pumpUntilIdle();
  assertEquals(little.outcome, "done");
  const much = watch(writer.write("y".repeat(100)));
  const ready = watch(writer.ready);
  const next = watch(writer.write("z"));
  await pair.pump.pumpUntilIdle();
  assertEquals([much.outcome, ready.outcome, next.outcome], ["pending", "pending", "pending"]);
  pair.client.transport.resumeProducing();
  await pair.pump.pumpUntilIdle();
  assertEquals([much.outcome, ready.outcome, next.outcome], ["done", "done", "done"]);
  assertEquals(pair.client.text, "x".repeat(100) + "y".repeat(100) + "z");
});

Deno.test("StreamProtocol.writable allows a writer to reuse its memory once a write has resolved", async () => {
  using pair = streams({ capacity: 10 });
  pair.client.transport.pauseProducing();
  const writer = pair.server.writable.getWriter();
  for (const size of [10, COPY_BELOW]) {
    const memory = new Uint8Array(size).fill(0x61);
    const written = watch(writer.write(memory));
    await pair.pump.pumpUntilIdle();
    assertEquals(written.outcome, "done");
    assertEquals(memory.length, size);
    memory.fill(0x62);
  }
  pair.client.transport.resumeProducing();
  await pair.pump.pumpUntilIdle();
  assertEquals(pair.client.text, "a".repeat(10 + COPY_BELOW));
});

Deno.test("StreamProtocol.loseConnection() waits only for a pending write", async () => {
  using pair = streams({ capacity: 10, writeBufferHighWater: 100 });
  pair.client.transport.pauseProducing();
  const writer = pair.server.writable.getWriter();
  const written = watch(writer.write("x".repeat(200)));
  await pair.pump.pumpUntilIdle();
  pair.serverTransport.loseConnection();
  await pair.pump.pumpUntilIdle();
  assert(pair.serverTransport.connected);
  pair.client.transport.resumeProducing();
  await pair.pump.pumpUntilIdle();
  assertEquals([written.outcome, pair.client.text.length], ["done", 200]);
  assertInstanceOf(pair.serverReason, ConnectionDone);
  const closing = await writer.closed.catch((error: unknown) => error);
  assertStrictEquals(closing, pair.serverReason);
});

Deno.test("StreamProtocol.loseConnection() closes readable, and fails writable", async () => {
  using idle = streams();
  const reader = idle.server.readable.getReader();
  const writer = idle.server.writable.getWriter();
  idle.serverTransport.loseConnection();
  await idle.pump.pumpUntilIdle();
  assertEquals((await reader.read()).done, true);
  await assertRejects(() => writer.write("late"), ConnectionDone);

  using closing = streams({ capacity: 10 });
  closing.client.transport.pauseProducing();
  const other = closing.server.writable.getWriter();
  const written = watch(other.write("x".repeat(100)));
  const closed = watch(other.close());
  await closing.pump.pumpUntilIdle();
  closing.serverTransport.loseConnection();
  closing.client.transport.resumeProducing();
  await closing.pump.pumpUntilIdle();
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
  using pair = connectedServerAndClient(new Recording(), TestPeer, {
    capacity: 10,
    serverOptions: { writeBufferHighWater: 100 },
  });
  const reader = pair.server.readable.getReader();
  const writer = pair.server.writable.getWriter();
  pair.client.transport.pauseProducing();
  const reading = watch(reader.read());
  const written = watch(writer.write("x".repeat(200)));
  const next = watch(writer.write("y"));
  const readClosed = watch(reader.closed);
  const writeClosed = watch(writer.closed);
  await pair.pump.pumpUntilIdle();
  pair.client.abort();
  await pair.pump.pumpUntilIdle();
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
      using pair = streams({ capacity: 10, writeBufferHighWater: 100 });
      const gaveUp = watch(giveUp(pair.server, given));
      const other = method.startsWith("readable")
        ? pair.server.writable.getWriter()
        : pair.server.readable.getReader();
      const closed = watch(other.closed);
      await pair.pump.pumpUntilIdle();
      const { serverReason: reason } = pair;
      assertInstanceOf(reason, ConnectionAborted);
      if (given === error) assertStrictEquals(reason.cause, error);
      else if (given === undefined) assertEquals(nameOf(reason.cause), unnamed);
      else assertEquals(reason.message, "Connection was aborted locally: enough");
      assertEquals(gaveUp.outcome, "done");
      assertStrictEquals(closed.outcome, reason);
      assertEquals(pair.client.ending, "ECONNRESET");
    }
  });
}

Deno.test("StreamProtocol.writable abort() does not wait for a pending write", async () => {
  using pair = streams({ capacity: 10, writeBufferHighWater: 100 });
  pair.client.transport.pauseProducing();
  const writer = pair.server.writable.getWriter();
  const written = watch(writer.write("x".repeat(200)));
  await pair.pump.pumpUntilIdle();
  const aborted = watch(writer.abort(new RangeError("enough")));
  await pair.pump.pumpUntilIdle();
  assertInstanceOf(pair.serverReason, ConnectionAborted);
  assertEquals(aborted.outcome, "done");
  assertStrictEquals(written.outcome, pair.serverReason);
});

Deno.test("StreamProtocol.readable aborts when a for await loop exits early", async () => {
  for (const preventCancel of [false, true]) {
    using pair = streams();
    pair.client.send("greeting");
    const reading = (async () => {
      for await (const chunk of pair.server.readable.values({ preventCancel })) {
        return decoder.decode(chunk);
      }
      return "nothing";
    })();
    await pair.pump.pumpUntilIdle();
    assertEquals(await reading, "greeting");
    await pair.pump.pumpUntilIdle();
    assertEquals(pair.serverTransport.connected, preventCancel);
  }
});

Deno.test("StreamProtocol.writable fails for an invalid chunk, and aborts the connection", async () => {
  for (const wrong of [undefined, 42]) {
    using pair = streams();
    const written = watch(pair.server.writable.getWriter().write(wrong as unknown as string));
    await pair.pump.pumpUntilIdle();
    assertInstanceOf(written.outcome, TypeError);
    assertInstanceOf(pair.serverReason, ConnectionAborted);
    assertStrictEquals(pair.serverReason.cause, written.outcome);
  }
});

Deno.test("StreamProtocol.writable fails on a transport with a producer, which stays registered", async () => {
  using pair = streams();
  const calls: string[] = [];
  const producer = {
    pauseProducing: () => {},
    resumeProducing: () => {},
    stopProducing: () => calls.push("stop"),
  };
  pair.serverTransport.registerProducer(producer, true);
  const written = watch(pair.server.writable.getWriter().write("x"));
  await pair.pump.pumpUntilIdle();
  assertInstanceOf(written.outcome, Error);
  assert(written.outcome.message.startsWith("Cannot register the producer"));
  assertEquals(calls, ["stop"]); // by the abort
});

Deno.test("StreamProtocol.readable.pipeTo() forwards bytes, backpressure and the end", async () => {
  using from = streams({ capacity: 100, highWaterMark: 200 });
  using to = streams({ pump: from.pump, capacity: 100, writeBufferHighWater: 300 });
  const piping = watch(from.server.readable.pipeTo(to.server.writable));
  to.client.transport.pauseProducing();
  const all = Array.from({ length: 1000 }, (_, i) => `${i} `).join("");
  from.client.send(all);
  await from.pump.pumpUntilIdle();
  assert(from.server.taken < 1200, `${from.server.taken}`);
  to.client.transport.resumeProducing();
  for (let i = 0; i < 10; i++) await from.pump.pumpUntilIdle();
  assert(to.client.text === all);
  from.client.transport.loseWriteConnection();
  await from.pump.pumpUntilIdle();
  assertEquals([piping.outcome, to.client.ending], ["done", "closed"]);
  assert(from.serverTransport.connected && to.serverTransport.connected);
});

Deno.test("StreamProtocol.readable.pipeTo() aborts the other connection after a reset", async () => {
  using from = streams();
  using to = streams({ pump: from.pump });
  const piping = watch(from.server.readable.pipeTo(to.server.writable));
  from.client.send("half");
  await from.pump.pumpUntilIdle();
  from.client.abort();
  await from.pump.pumpUntilIdle();
  assertStrictEquals(piping.outcome, from.serverReason);
  assertInstanceOf(to.serverReason, ConnectionAborted);
  assertStrictEquals(to.serverReason.cause, from.serverReason);
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
  using pair = connectedServerAndClient(new Greeter(), TestPeer);
  await pair.pump.pumpUntilIdle();
  assertEquals([pair.client.text, pair.client.ending], ["hello", "closed"]);
  assertThrows(() => new StreamProtocol({ highWaterMark: -1 }), RangeError, "highWaterMark");
});

Deno.test("StreamProtocol in await using closes the connection, and waits until it is lost", async () => {
  using pair = streams();
  const disposing = watch(pair.server[Symbol.asyncDispose]());
  await null;
  assertEquals(disposing.outcome, "pending");
  await pair.pump.pumpUntilIdle();
  assertEquals(disposing.outcome, "done");
  assertInstanceOf(pair.serverReason, ConnectionDone);
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
  using pair = connectedServerAndClient(new Failing(), TestPeer);
  pair.client.send("x");
  await pair.pump.pumpUntilIdle();
  assertEquals(String(pair.serverReason), "RangeError: boom");
  assertEquals(errors.take(), [pair.serverReason]);
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
