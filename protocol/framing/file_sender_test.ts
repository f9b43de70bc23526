/**
 * Twisted's `protocols/test/test_basic.py`, `FileSenderTests`:
 *
 * - `test_interface` is checked by the compiler.
 * - `test_producerRegistered`, `test_transfer`, `test_transferMultipleChunks`,
 *   `test_transferWithTransform` and `test_abortedTransfer` are here.
 *
 * And `test/test_tpfile.py`, `FileSenderTests`: `testSendingFile` over a socket, and
 * `testSendingEmptyFile`. Reading is asynchronous here, so the Deferred fires in a later turn.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CancelledError } from "../../defer/mod.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol, type ProtocolFixture } from "../../testing/fixtures/protocol_fixture.ts";
import { pattern, same } from "../../testing/peers/raw_peer.ts";
import { portOf, tcpTest } from "../../testing/fixtures/tcp_fixture.ts";
import { DenoReactor } from "../../reactor/drivers/deno/reactor.ts";
import type { IConsumer, IPullProducer, IPushProducer } from "../../reactor/interfaces/mod.ts";
import {
  Factory,
  type FileReader,
  FileSender,
  type FileSource,
  ProducerStopped,
  Protocol,
} from "../mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** A file in memory. */
class MemoryFile implements FileReader {
  /** The sizes of the buffers that were to be filled. */
  readonly reads: number[] = [];
  #rest: Uint8Array;

  constructor(content: string) {
    this.#rest = bytes(content);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    this.reads.push(buffer.length);
    const chunk = this.#rest.subarray(0, buffer.length);
    buffer.set(chunk);
    this.#rest = this.#rest.subarray(chunk.length);
    return Promise.resolve(chunk.length === 0 ? null : chunk.length);
  }
}

/** A consumer that keeps what is written, and requests nothing by itself. */
class Consumer implements IConsumer {
  written = "";
  producer: IPushProducer | IPullProducer | null = null;
  streaming: boolean | null = null;

  write(data: Uint8Array | string): void {
    this.written += typeof data === "string" ? data : text(data);
  }

  registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    this.producer = producer;
    this.streaming = streaming;
  }

  unregisterProducer(): void {
    this.producer = null;
  }
}

/** Lets promises settle. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await null;
}

/** A protocol that does nothing, on a connection with a small buffer. */
function quiet(): ProtocolFixture<Protocol> {
  return connectProtocol(new Protocol(), { capacity: 10, writeBufferHighWater: 20 });
}

Deno.test("FileSender.beginFileTransfer() registers a pull producer", () => {
  const consumer = new Consumer();
  const sender = new FileSender();
  const done = sender.beginFileTransfer(new MemoryFile("Test content"), consumer);
  assertStrictEquals(consumer.producer, sender);
  assertEquals(consumer.streaming, false);
  assertEquals(consumer.written, "");
  done.addErrback(() => {});
  done.cancel();
});

Deno.test("FileSender writes one chunk of CHUNK_SIZE for each request", async () => {
  const consumer = new Consumer();
  const sender = new FileSender();
  sender.CHUNK_SIZE = 4;
  const outcome: string[] = [];
  sender.beginFileTransfer(new MemoryFile("Test content"), consumer)
    .addCallback((last) => void outcome.push(text(last)));
  for (const written of ["Test", "Test con", "Test content"]) {
    sender.resumeProducing();
    sender.resumeProducing(); // a second request before the chunk is the same request
    await settle();
    assertEquals([consumer.written, outcome], [written, []]);
  }
  sender.resumeProducing();
  await settle();
  assertEquals(outcome, ["t"]);
  assertEquals(consumer.producer, null);
});

Deno.test("FileSender reads one chunk ahead, and no further", async () => {
  const consumer = new Consumer();
  const file = new MemoryFile("abcdef");
  const sender = new FileSender();
  sender.CHUNK_SIZE = 2;
  const done = sender.beginFileTransfer(file, consumer);
  assertEquals(file.reads, []);
  sender.resumeProducing();
  await settle();
  assertEquals([consumer.written, file.reads], ["ab", [2, 2]]);
  done.addErrback(() => {});
  sender.stopProducing();
});

Deno.test("FileSender passes each chunk through transform(), and fires with its last byte", async () => {
  using fixture = quiet();
  const outcome: string[] = [];
  const swapCase = (chunk: Uint8Array): Uint8Array =>
    chunk.map((byte) => byte === 0x20 ? byte : byte ^ 0x20);
  new FileSender().beginFileTransfer(new MemoryFile("Test content"), fixture.connection, swapCase)
    .addCallback((last) => void outcome.push(text(last)));
  await fixture.settle();
  assertEquals([fixture.peer.text, outcome], ["tEST CONTENT", ["T"]]);
});

const SOURCES: Record<string, () => FileSource> = {
  "a file": () => new MemoryFile("Test content"),
  "a stream": () => ReadableStream.from([bytes("Test "), bytes(""), bytes("content")]),
  "an array": () => [bytes("Test "), bytes(""), bytes("content")],
  "a generator": async function* (): AsyncGenerator<Uint8Array> {
    yield bytes("Test ");
    yield bytes("content");
  },
};
for (const [name, source] of Object.entries(SOURCES)) {
  Deno.test(`FileSender sends ${name}, and leaves the connection open`, async () => {
    using fixture = quiet();
    const sender = new FileSender();
    const outcome: string[] = [];
    sender.beginFileTransfer(source(), fixture.connection)
      .addCallback((last) => void outcome.push(text(last)));
    for (let i = 0; i < 3; i++) await fixture.settle();
    assertEquals([fixture.peer.text, outcome], ["Test content", ["t"]]);
    assertEquals(text(sender.lastSent), "t");
    assert(fixture.connection.connected);
    fixture.connection.loseConnection(); // which no producer holds back any more
    await fixture.settle();
    assertEquals(fixture.reason?.name, "ConnectionDone");
  });
}

Deno.test("FileSender of an empty file fires with no byte", async () => {
  using fixture = quiet();
  const outcome: number[] = [];
  new FileSender().beginFileTransfer(new MemoryFile(""), fixture.connection)
    .addCallback((last) => void outcome.push(last.length));
  await fixture.settle();
  assertEquals(outcome, [0]);
});

Deno.test("FileSender waits for a slow peer", async () => {
  using fixture = quiet();
  fixture.peer.pause();
  let made = 0;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (; made < 100; made++) yield bytes("x".repeat(10));
  };
  const done = new FileSender().beginFileTransfer(chunks(), fixture.connection);
  await fixture.settle();
  assert(made < 8, `${made} chunks were made`);
  fixture.peer.resume();
  for (let i = 0; i < 40; i++) await fixture.settle();
  await done;
  assertEquals(fixture.peer.text.length, 1000);
});

Deno.test("FileSender fails with ProducerStopped when the consumer is lost", async () => {
  using fixture = quiet();
  let isReleased = false;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield bytes("x".repeat(100));
    } finally {
      isReleased = true;
    }
  };
  fixture.peer.pause();
  const sender = new FileSender();
  const failing = assertRejects(
    () => sender.beginFileTransfer(chunks(), fixture.connection),
    ProducerStopped,
    "Cannot send the rest of the file: the consumer has lost its connection",
  );
  await fixture.settle();
  fixture.connection.abortConnection();
  await fixture.settle();
  await failing;
  assert(isReleased);
  sender.stopProducing(); // once is enough
  sender.resumeProducing();
});

Deno.test("FileSender cancels the stream when its Deferred is cancelled", async () => {
  using fixture = quiet();
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    cancel(): void {
      isCancelled = true;
    },
  });
  const done = new FileSender().beginFileTransfer(stream, fixture.connection);
  const failing = assertRejects(() => done, CancelledError);
  await fixture.settle();
  done.cancel();
  await fixture.settle();
  await failing;
  assert(isCancelled);
  fixture.connection.loseConnection();
  await fixture.settle();
  assertEquals(fixture.reason?.name, "ConnectionDone");
});

Deno.test("FileSender may be stopped after it has read the whole stream", async () => {
  using _errors = new LoggedErrors();
  const consumer = new Consumer();
  const sender = new FileSender();
  const done = sender.beginFileTransfer(ReadableStream.from([bytes("a")]), consumer);
  const failing = assertRejects(() => done, ProducerStopped);
  sender.resumeProducing();
  await settle();
  assertEquals(consumer.written, "a");
  sender.stopProducing();
  await failing;
  await settle();
});

Deno.test("FileSender fails with the error of the file or of transform(), and unregisters", async () => {
  const boom = new RangeError("boom");
  const file = { read: (): Promise<number> => Promise.reject(boom) };
  const fail = (): never => {
    throw boom;
  };
  for (const [source, transform] of [[file, undefined], [new MemoryFile("a"), fail]] as const) {
    using fixture = quiet();
    const failing = assertRejects(
      () => new FileSender().beginFileTransfer(source, fixture.connection, transform),
      RangeError,
    );
    await fixture.settle();
    assertStrictEquals(await failing, boom);
    fixture.connection.loseConnection();
    await fixture.settle();
    assertEquals(fixture.reason?.name, "ConnectionDone");
  }
});

Deno.test("FileSender fails for chunks that are not bytes", async () => {
  const promise = Promise.resolve(bytes("a"));
  const cases: [source: unknown, transform: unknown, message: string][] = [
    [["a"], undefined, 'the source must give a Uint8Array, got "a"'],
    [[bytes("a")], () => "b", 'transform() must give a Uint8Array, got "b"'],
    [[bytes("a")], () => promise, "transform() must return its value synchronously"],
  ];
  for (const [source, transform, message] of cases) {
    using fixture = quiet();
    const failing = assertRejects(
      () =>
        new FileSender().beginFileTransfer(
          // The casts make the mistakes that a program without types could make.
          source as FileSource,
          fixture.connection,
          transform as (chunk: Uint8Array) => Uint8Array,
        ),
      TypeError,
      message,
    );
    await fixture.settle();
    await failing;
  }
});

Deno.test("FileSender fails if read() returns something else than a number of bytes", async () => {
  for (const wrong of [undefined, 65537, -1, 0.5]) {
    using fixture = quiet();
    const file = { read: (): Promise<number> => Promise.resolve(wrong as number) };
    const failing = assertRejects(
      () => new FileSender().beginFileTransfer(file, fixture.connection),
      Error,
      "the number of bytes that read() returns must be",
    );
    await fixture.settle();
    await failing;
  }
});

Deno.test("FileSender.beginFileTransfer() refuses wrong arguments, and a second transfer", async () => {
  using fixture = quiet();
  const sender = new FileSender();
  const { connection } = fixture;
  assertThrows(
    () => sender.beginFileTransfer("README.md" as unknown as FileSource, connection),
    TypeError,
    'file must have a method read(), be a ReadableStream or be iterable, got "README.md"',
  );
  const locked = new ReadableStream<Uint8Array>();
  locked.getReader();
  assertThrows(() => sender.beginFileTransfer(locked, connection), TypeError);
  sender.CHUNK_SIZE = 0;
  assertThrows(
    () => sender.beginFileTransfer([], connection),
    RangeError,
    "CHUNK_SIZE must be an integer from 1 to 1073741824, got 0",
  );
  sender.CHUNK_SIZE = 1;
  const done = sender.beginFileTransfer(new MemoryFile("ab"), connection);
  assertThrows(
    () => sender.beginFileTransfer([], connection),
    Error,
    "Cannot begin a file transfer: the one before has not ended",
  );
  await assertRejects(
    () => new FileSender().beginFileTransfer([], connection),
    Error,
    "Cannot register the producer",
  );
  await fixture.settle();
  await done;
  sender.beginFileTransfer([bytes("c")], connection);
  await fixture.settle();
  assertEquals(fixture.peer.text, "abc");
});

Deno.test("FileSender logs an error of the source's return()", async () => {
  using errors = new LoggedErrors();
  const boom = new RangeError("boom");
  const source = new ReadableStream<Uint8Array>({ cancel: () => Promise.reject(boom) });
  using fixture = quiet();
  const done = new FileSender().beginFileTransfer(source, fixture.connection);
  const failing = assertRejects(() => done, CancelledError);
  await fixture.settle();
  done.cancel();
  await fixture.settle();
  await failing;
  assertInstanceOf(errors.take()[0], RangeError);
});

const test = tcpTest("A file as a producer", () => new DenoReactor());

Deno.test(
  test("FileSender sends a whole file over a socket", async (fixture) => {
    const folder = await Deno.makeTempDir();
    fixture.after(() => Deno.remove(folder, { recursive: true }));
    const content = pattern(3 << 20);
    await Deno.writeFile(`${folder}/file`, content);
    class Download extends Protocol {
      override async connectionMade(): Promise<void> {
        using file = await Deno.open(`${folder}/file`);
        await new FileSender().beginFileTransfer(file, this.transport);
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
