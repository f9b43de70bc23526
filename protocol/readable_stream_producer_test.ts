/**
 * ReadableStreamProducer. Twisted has no such class; its tests of `FileSender` are in
 * `framing/file_sender_test.ts`.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { CancelledError } from "../defer/mod.ts";
import { pattern, same } from "../testing/peers/raw_peer.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import {
  type ConnectedPair,
  connectedServerAndClient,
  LoggedErrors,
  TestPeer,
} from "../testing/mod.ts";
import { Factory, ProducerStopped, Protocol, ReadableStreamProducer } from "./mod.ts";

/** A stream to which the test adds chunks. */
class Source implements UnderlyingDefaultSource<Uint8Array | string> {
  pulled = 0;
  /** The reason for which the stream was cancelled. */
  cancelled: unknown = null;
  controller: ReadableStreamDefaultController<Uint8Array | string> | null = null;
  // The last field, because it sets those above.
  readonly stream: ReadableStream<Uint8Array | string> = new ReadableStream(this, {
    highWaterMark: 0,
  });

  start(controller: ReadableStreamDefaultController<Uint8Array | string>): void {
    this.controller = controller;
  }

  pull(): void {
    this.pulled++;
  }

  cancel(reason: unknown): void {
    this.cancelled = reason;
  }
}

/** A protocol that does nothing, on a connection with a small buffer. */
function quiet(): ConnectedPair<Protocol, TestPeer> {
  return connectedServerAndClient(Protocol, TestPeer, {
    capacity: 10,
    serverOptions: { writeBufferHighWater: 20 },
  });
}

Deno.test("ReadableStreamProducer writes bytes and strings, and leaves the connection open", async () => {
  using pair = quiet();
  const stream = ReadableStream.from<Uint8Array | string>([
    "Test ",
    new Uint8Array([0x63]),
    "ontent",
  ]);
  const outcome: unknown[] = [];
  new ReadableStreamProducer(stream).startProducing(pair.serverTransport)
    .addCallback((result) => outcome.push(result));
  await pair.pump.pumpUntilIdle();
  assertEquals([pair.client.text, outcome], ["Test content", [undefined]]);
  assert(!stream.locked);
  pair.serverTransport.loseConnection(); // which no producer holds back any more
  await pair.pump.pumpUntilIdle();
  assertEquals(pair.serverReason?.name, "ConnectionDone");
});

Deno.test("ReadableStreamProducer of an empty stream unregisters, and fires the Deferred", async () => {
  using pair = quiet();
  const outcome: unknown[] = [];
  new ReadableStreamProducer(ReadableStream.from<Uint8Array>([])).startProducing(
    pair.serverTransport,
  )
    .addCallback((result) => outcome.push(result));
  await pair.pump.pumpUntilIdle();
  assertEquals([pair.client.text, outcome], ["", [undefined]]);
  pair.serverTransport.loseConnection(); // which no producer holds back any more
  await pair.pump.pumpUntilIdle();
  assertEquals(pair.serverReason?.name, "ConnectionDone");
});

Deno.test("ReadableStreamProducer reads only the requested chunk while it is paused", async () => {
  using pair = quiet();
  pair.client.transport.pauseProducing();
  let made = 0;
  const stream = new ReadableStream<string>({
    pull: (controller) => {
      controller.enqueue(`${made++} `);
      if (made === 100) controller.close();
    },
  }, { highWaterMark: 0 });
  const done = new ReadableStreamProducer(stream).startProducing(pair.serverTransport);
  await pair.pump.pumpUntilIdle();
  // One in the read in progress, two pipes of ten bytes, and the buffer of twenty bytes.
  assert(made < 25, `${made} were made`);
  pair.client.transport.resumeProducing();
  for (let i = 0; i < 20; i++) await pair.pump.pumpUntilIdle();
  await done;
  assertEquals(pair.client.text, Array.from({ length: 100 }, (_, i) => `${i} `).join(""));
});

Deno.test("ReadableStreamProducer requests no chunk from the stream while it is paused", async () => {
  using pair = quiet();
  pair.client.transport.pauseProducing();
  const source = new Source();
  new ReadableStreamProducer(source.stream).startProducing(pair.serverTransport);
  source.controller?.enqueue("x".repeat(100)); // available before it is requested
  await pair.pump.pumpUntilIdle();
  assertEquals(source.pulled, 0);
  pair.client.transport.resumeProducing();
  await pair.pump.pumpUntilIdle();
  assertEquals([source.pulled, pair.client.text.length], [1, 100]);
  source.controller?.close();
  await pair.pump.pumpUntilIdle();
});

Deno.test("ReadableStreamProducer holds a chunk that was read during a pause until it is resumed", async () => {
  using pair = quiet();
  const source = new Source();
  const producer = new ReadableStreamProducer(source.stream);
  producer.startProducing(pair.serverTransport);
  await pair.pump.pumpUntilIdle();
  assertEquals(source.pulled, 1);
  producer.pauseProducing();
  producer.pauseProducing();
  source.controller?.enqueue("late");
  await pair.pump.pumpUntilIdle();
  assertEquals([pair.client.text, source.pulled], ["", 1]);
  producer.resumeProducing();
  await pair.pump.pumpUntilIdle();
  assertEquals([pair.client.text, source.pulled], ["late", 2]);
  source.controller?.close();
  await pair.pump.pumpUntilIdle();
});

Deno.test("ReadableStreamProducer cancels the stream when the consumer is lost", async () => {
  for (const isPaused of [false, true]) {
    using pair = quiet();
    const source = new Source();
    const producer = new ReadableStreamProducer(source.stream);
    const failing = assertRejects(
      () => producer.startProducing(pair.serverTransport),
      ProducerStopped,
    );
    await pair.pump.pumpUntilIdle();
    if (isPaused) producer.pauseProducing();
    pair.serverTransport.abortConnection();
    await pair.pump.pumpUntilIdle();
    await failing;
    assertInstanceOf(source.cancelled, ProducerStopped);
    assert(!source.stream.locked);
    producer.stopProducing(); // once is enough
  }
});

Deno.test("ReadableStreamProducer cancels the stream at once for a consumer that is already lost", async () => {
  using pair = quiet();
  pair.serverTransport.abortConnection();
  await pair.pump.pumpUntilIdle();
  const source = new Source();
  await assertRejects(
    () => new ReadableStreamProducer(source.stream).startProducing(pair.serverTransport),
    ProducerStopped,
  );
  assertInstanceOf(source.cancelled, ProducerStopped);
});

Deno.test("ReadableStreamProducer of a failing stream unregisters, and fails the Deferred", async () => {
  for (const thrown of [new RangeError("boom"), "no error"]) {
    using _errors = new LoggedErrors();
    using pair = quiet();
    const source = new Source();
    const done = new ReadableStreamProducer(source.stream).startProducing(pair.serverTransport);
    const failing = assertRejects(() => done, Error);
    source.controller?.enqueue("half");
    source.controller?.error(thrown);
    await pair.pump.pumpUntilIdle();
    const error = await failing;
    if (thrown instanceof Error) assertStrictEquals(error, thrown);
    else assertEquals(error.cause, thrown);
    pair.serverTransport.loseConnection();
    await pair.pump.pumpUntilIdle();
    assertEquals(pair.serverReason?.name, "ConnectionDone");
  }
});

Deno.test("ReadableStreamProducer cancels the stream when the consumer rejects a chunk", async () => {
  using pair = quiet();
  const source = new Source();
  const done = new ReadableStreamProducer(source.stream).startProducing(pair.serverTransport);
  const failing = assertRejects(() => done, TypeError);
  source.controller?.enqueue(42 as unknown as string);
  await pair.pump.pumpUntilIdle();
  assertStrictEquals(await failing, source.cancelled);
});

Deno.test("ReadableStreamProducer cancels the stream when its Deferred is cancelled", async () => {
  using pair = quiet();
  const source = new Source();
  const done = new ReadableStreamProducer(source.stream).startProducing(pair.serverTransport);
  const failing = assertRejects(() => done, CancelledError);
  await pair.pump.pumpUntilIdle();
  done.cancel();
  await pair.pump.pumpUntilIdle();
  await failing;
  assertInstanceOf(source.cancelled, CancelledError);
  pair.serverTransport.loseConnection();
  await pair.pump.pumpUntilIdle();
  assertEquals(pair.serverReason?.name, "ConnectionDone");
});

Deno.test("ReadableStreamProducer logs an error of the stream's cancel()", async () => {
  using errors = new LoggedErrors();
  using pair = quiet();
  const boom = new RangeError("boom");
  const stream = new ReadableStream<string>({ cancel: () => Promise.reject(boom) });
  const done = new ReadableStreamProducer(stream).startProducing(pair.serverTransport);
  const failing = assertRejects(() => done, CancelledError);
  done.cancel();
  await pair.pump.pumpUntilIdle();
  await failing;
  assertEquals(errors.take(), [boom]);
});

Deno.test("ReadableStreamProducer fails for a locked stream or a consumer with a producer", async () => {
  using pair = quiet();
  const locked = new Source().stream;
  const reader = locked.getReader();
  await assertRejects(
    () => new ReadableStreamProducer(locked).startProducing(pair.serverTransport),
    TypeError,
  );
  reader.releaseLock();
  const other = new Source();
  const producer = new ReadableStreamProducer(other.stream);
  producer.startProducing(pair.serverTransport).addErrback(() => {});
  const third = new Source();
  await assertRejects(
    () => new ReadableStreamProducer(third.stream).startProducing(pair.serverTransport),
    Error,
    "Cannot register the producer",
  );
  assert(!third.stream.locked && other.stream.locked);
  pair.serverTransport.abortConnection();
  await pair.pump.pumpUntilIdle();
});

const test = tcpTest("A stream as a producer", () => new DenoReactor());

Deno.test(
  test("ReadableStreamProducer sends a whole file over a socket, and closes the file", async (fixture) => {
    const folder = await Deno.makeTempDir();
    fixture.after(() => Deno.remove(folder, { recursive: true }));
    const content = pattern(3 << 20);
    await Deno.writeFile(`${folder}/file`, content);
    class Download extends Protocol {
      override async connectionMade(): Promise<void> {
        const file = await Deno.open(`${folder}/file`);
        await new ReadableStreamProducer(file.readable).startProducing(this.transport);
        this.transport.loseConnection();
      }
    }
    const port = fixture.reactor.listenTCP(0, Factory.forProtocol(Download), {
      interface: "127.0.0.1",
    });
    fixture.run();
    const peer = await fixture.rawConnect(portOf(port.getHost()));
    assert(same(await peer.readAll(), content));
  }),
);
