// Protocols that provide the memory into which their connection reads (IBufferedProtocol). The
// conformance suites of streams run them on every transport.

import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { Protocol } from "../../protocol/mod.ts";
import { TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import { FakeTLSConnection } from "../../testing/fixtures/fake_tls_connection.ts";
import { BorrowingDriver } from "../../testing/fixtures/borrowing_driver.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { ConnectionAborted, ConnectionDone } from "../errors.ts";
import type { IBufferedProtocol } from "../interfaces/mod.ts";
import { Connection } from "./connection.ts";
import { connectionLimits } from "./connection_limits.ts";
import { type OptionalMethodsForwarder, supportsMethod } from "./protocol_capabilities.ts";
import { switchProtocol } from "./protocol_switch.ts";
import { wrapProtocol } from "./protocol_wrapper.ts";

const decoder = new TextDecoder();

/** Functions that the methods of a {@linkcode Reader} call after recording. */
interface Behaviour {
  connectionMade?: (reader: Reader) => unknown;
  getBuffer?: (reader: Reader, sizeHint: number) => unknown;
  bufferUpdated?: (reader: Reader, text: string) => unknown;
}

/** A protocol that provides one buffer again and again, and records what arrives in it. */
class Reader extends Protocol implements IBufferedProtocol {
  /** `buffer …` with the size hint, `got …`, `ended`, `lost …`. */
  readonly events: string[] = [];
  reason: Error | null = null;
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly #behaviour: Behaviour;

  constructor(size: number, behaviour: Behaviour = {}) {
    super();
    this.buffer = new Uint8Array(size);
    this.#behaviour = behaviour;
  }

  /** The bytes that have arrived, as text. */
  get text(): string {
    return this.events.filter((event) => event.startsWith("got ")).map((event) => event.slice(4))
      .join("");
  }

  override connectionMade(): void {
    this.#behaviour.connectionMade?.(this);
  }

  getBuffer(sizeHint: number): Uint8Array<ArrayBuffer> {
    this.events.push(`buffer ${sizeHint}`);
    const behaviour = this.#behaviour.getBuffer;
    // The tests return wrong values, too.
    return behaviour === undefined ? this.buffer : behaviour(this, sizeHint) as Uint8Array<
      ArrayBuffer
    >;
  }

  bufferUpdated(count: number): void {
    const text = decoder.decode(this.buffer.subarray(0, count));
    this.events.push(`got ${text}`);
    return this.#behaviour.bufferUpdated?.(this, text) as void;
  }

  override connectionLost(reason: Error): void {
    this.reason = reason;
    this.events.push(`lost ${reason.name}`);
  }
}

/** A connection over a driver that reads into the memory of the protocol. */
class Fixture {
  readonly tls = new FakeTLS();
  readonly host: TestHost & { readonly tls: FakeTLS } = Object.assign(new TestHost(), {
    tls: this.tls,
  });
  readonly driver = new BorrowingDriver();
  readonly connection: Connection;

  constructor(protocol: ConstructorParameters<typeof Connection>[2]) {
    this.connection = new Connection(
      {
        context: this.host,
        limits: connectionLimits({}),
        role: "client",
        logSuffix: () => "7,192.0.2.2",
        connectionLost: () => {},
      },
      this.driver,
      protocol,
    );
    this.connection.open();
    this.host.settle();
  }

  arrive(text: string): void {
    this.driver.arrive(text);
    this.host.settle();
  }
}

Deno.test("Connection reads into the buffer of a protocol, and asks for the next one afterwards", () => {
  const reader = new Reader(8);
  const fixture = new Fixture(reader);
  assert(fixture.driver.borrowed === reader.buffer, "the read is not pending in the buffer");
  fixture.arrive("one");
  fixture.arrive("two");
  assertEquals(reader.events, ["buffer 256", "got one", "buffer 256", "got two", "buffer 256"]);
});

/** A protocol that provides a buffer only for a while. */
class Changing extends Reader implements OptionalMethodsForwarder {
  isBuffered = true;

  [supportsMethod](): boolean {
    return this.isBuffered;
  }

  override dataReceived(data: Uint8Array): void {
    this.events.push(`chunk ${decoder.decode(data)}`);
  }
}

Deno.test("Connection follows a forwarder whose methods change", () => {
  const changing = new Changing(8);
  const fixture = new Fixture(changing);
  fixture.arrive("one");
  changing.isBuffered = false;
  fixture.arrive("two");
  fixture.arrive("three");
  changing.isBuffered = true;
  fixture.arrive("four");
  fixture.arrive("five");
  assertEquals(changing.events.filter((event) => !event.startsWith("buffer ")), [
    "got one",
    "chunk two",
    "chunk three",
    "got four",
    "got five",
  ]);
});

Deno.test("Connection copies a chunk into the buffers of a protocol, part by part", () => {
  const reader = new Reader(4);
  using scene = new FakeTLSConnection(reader);
  scene.send("0123456789");
  assertEquals(reader.events, [
    "buffer 10",
    "got 0123",
    "buffer 6",
    "got 4567",
    "buffer 2",
    "got 89",
  ]);
});

Deno.test("Connection copies decrypted bytes into the buffer of a protocol", () => {
  const reader = new Reader(8);
  using scene = new FakeTLSConnection(reader);
  scene.connection.startTLS({ role: "client" });
  scene.secure();
  scene.sendSecret("secret");
  assertEquals(reader.text, "secret");
});

Deno.test("pauseProducing() in bufferUpdated() holds back the rest of a chunk", () => {
  const reader = new Reader(4, { bufferUpdated: ({ transport }) => transport.pauseProducing() });
  using scene = new FakeTLSConnection(reader);
  scene.send("0123456789");
  assertEquals(reader.text, "0123");
  for (const text of ["01234567", "0123456789"]) {
    reader.transport.resumeProducing();
    scene.host.settle();
    assertEquals(reader.text, text);
  }
});

Deno.test("pauseProducing() keeps bytes of a pending read, and delivers them after getBuffer()", () => {
  const reader = new Reader(8);
  const fixture = new Fixture(reader);
  reader.transport.pauseProducing();
  fixture.arrive("late");
  reader.buffer.fill(0);
  assertEquals(reader.events, ["buffer 256"]);
  reader.transport.resumeProducing();
  fixture.host.settle();
  assertEquals(reader.events, ["buffer 256", "buffer 4", "got late", "buffer 256"]);
});

Deno.test("pauseProducing() in getBuffer() holds back the chunk", () => {
  let pauses = true;
  const reader = new Reader(8, {
    getBuffer: ({ buffer, transport }) => {
      if (pauses) transport.pauseProducing();
      return buffer;
    },
  });
  using scene = new FakeTLSConnection(reader);
  scene.send("abc");
  assertEquals(reader.text, "");
  pauses = false;
  reader.transport.resumeProducing();
  scene.host.settle();
  assertEquals(reader.text, "abc");
});

const planned = new Error("planned");
const WRONG: [title: string, f: () => unknown, message: RegExp][] = [
  ["throws", () => {
    throw planned;
  }, /^planned$/],
  ["returns an empty buffer", () => new Uint8Array(0), /at least one byte, got an empty one/],
  ["returns detached memory", () => {
    const bytes = new Uint8Array(8);
    bytes.buffer.transfer();
    return bytes;
  }, /got an empty one; detached memory is empty, too/],
  ["returns nothing", () => undefined, /at least one byte, got undefined/],
  ["returns an ArrayBuffer", () => new ArrayBuffer(8), /must return a Uint8Array/],
  ["is async", () => Promise.resolve(new Uint8Array(8)), /must return its value synchronously/],
  [
    "is async and rejects",
    () => Promise.reject(new RangeError("late")),
    /must return its value synchronously/,
  ],
  [
    "returns resizable memory",
    () => new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 })),
    /neither resizable nor shared/,
  ],
  [
    "returns shared memory",
    () => new Uint8Array(new SharedArrayBuffer(8)),
    /neither resizable nor shared/,
  ],
];

for (const [title, getBuffer, message] of WRONG) {
  Deno.test(`Connection is lost if getBuffer() ${title}`, async () => {
    using errors = new LoggedErrors();
    const chunkReader = new Reader(8, { getBuffer });
    using scene = new FakeTLSConnection(chunkReader);
    scene.send("abc");
    const reader = new Reader(8, { getBuffer });
    const { driver } = new Fixture(reader);
    for (const { events, reason } of [chunkReader, reader]) {
      assertEquals(events.length, 2, "it was called more than once, or not lost");
      assertMatch(String(reason?.message), message);
    }
    assertEquals(driver.end, "close");
    // A rejection is reported after the microtasks that follow it.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const error of errors.take()) {
      assertMatch(error.message, new RegExp(`${message.source}|^late$`));
    }
  });
}

Deno.test("Connection is lost if bufferUpdated() throws or rejects", async () => {
  for (const fail of [() => Promise.reject(planned), () => WRONG[0]?.[1]()]) {
    using errors = new LoggedErrors();
    const reader = new Reader(8, { bufferUpdated: fail });
    const fixture = new Fixture(reader);
    fixture.driver.arrive("abc");
    await new Promise<void>((resolve) => setImmediate(resolve));
    fixture.host.settle();
    assertEquals(reader.events.slice(-1), ["lost Error"]);
    assert(reader.reason === planned);
    assertEquals(errors.take(), [planned]);
  }
});

Deno.test("Connection is lost if the buffer of a pending read was detached", () => {
  const reader = new Reader(8);
  const fixture = new Fixture(reader);
  reader.buffer.buffer.transfer();
  fixture.arrive("abc");
  assertInstanceOf(reader.reason, ConnectionAborted);
  assertMatch(
    reader.reason.message,
    /^Connection to 192.0.2.2:2222 was aborted: the buffer that getBuffer\(\) had returned was detached \(transferred\), with 3 bytes in it/,
  );
  assertEquals(fixture.driver.end, "abort");
});

Deno.test("loseConnection() in bufferUpdated() drops the rest of the chunk", () => {
  const reader = new Reader(4, { bufferUpdated: ({ transport }) => transport.loseConnection() });
  using scene = new FakeTLSConnection(reader);
  scene.send("0123456789");
  assertEquals(reader.events, ["buffer 10", "got 0123", "lost ConnectionDone"]);
});

Deno.test("Connection drops bytes of a pending read once it is closing", () => {
  const reader = new Reader(8, { connectionMade: ({ transport }) => transport.pauseProducing() });
  const fixture = new Fixture(reader);
  // A producer holds the connection open.
  fixture.connection.registerProducer(
    { pauseProducing: () => {}, resumeProducing: () => {}, stopProducing: () => {} },
    true,
  );
  reader.transport.resumeProducing();
  fixture.host.settle();
  reader.transport.loseConnection();
  fixture.host.settle();
  fixture.arrive("dropped");
  assert(fixture.driver.borrowed === null, "a closing connection reads into the protocol's buffer");
  fixture.connection.unregisterProducer();
  fixture.host.settle();
  assertEquals(reader.events, ["buffer 256", "lost ConnectionDone"]);
});

Deno.test("Connection reports the end of the data without bytes in the buffer", () => {
  const reader = new Reader(8);
  const fixture = new Fixture(reader);
  fixture.arrive("abc");
  fixture.driver.arriveEnd();
  fixture.host.settle();
  assertEquals(reader.events, ["buffer 256", "got abc", "buffer 256", "lost ConnectionDone"]);
  assertInstanceOf(reader.reason, ConnectionDone);
});

Deno.test("startTLS() in bufferUpdated() passes the rest of the chunk to the handshake", () => {
  const reader = new Reader(4, {
    bufferUpdated: ({ transport }) => {
      if (!transport.tlsStarted) transport.startTLS({ role: "client" });
    },
  });
  using scene = new FakeTLSConnection(reader);
  scene.send("TLS?hello");
  assertEquals(reader.text, "TLS?");
  assert(scene.tls.engine.calls.includes("receive hello"));
});

Deno.test("startTLS() passes bytes of a pending read to the handshake, and not to the protocol", () => {
  const reader = new Reader(8);
  const fixture = new Fixture(reader);
  fixture.connection.startTLS({ role: "client" });
  fixture.arrive("hello");
  reader.buffer.fill(0);
  assert(fixture.tls.engine.calls.includes("receive hello"));
  assert(fixture.driver.borrowed === null, "ciphertext is read into the protocol's buffer");
  assertEquals(reader.text, "");
});

Deno.test("startTLS() during a pending read fails the connection if the buffer is detached", () => {
  const reader = new Reader(8);
  const fixture = new Fixture(reader);
  fixture.connection.startTLS({ role: "client" });
  reader.buffer.buffer.transfer();
  fixture.arrive("hello");
  assertMatch(String(reader.reason), /detached \(transferred\), with 5 bytes in it/);
});

Deno.test("switchProtocol() delivers bytes of a pending read to the new protocol", () => {
  const former = new Reader(8);
  const next = new Reader(4);
  const fixture = new Fixture(former);
  switchProtocol("test", fixture.connection, next);
  fixture.arrive("0123456");
  assertEquals(former.events, ["buffer 256"]);
  assertEquals(next.events, ["buffer 7", "got 0123", "buffer 3", "got 456", "buffer 256"]);
});

Deno.test("switchProtocol() in bufferUpdated() delivers the rest of the chunk to the new protocol", () => {
  const chunks: string[] = [];
  const next = Object.assign(new Protocol(), {
    dataReceived: (data: Uint8Array) => void chunks.push(decoder.decode(data)),
  });
  const former = new Reader(4, {
    bufferUpdated: ({ transport }) => switchProtocol("test", transport, next),
  });
  using scene = new FakeTLSConnection(former);
  scene.send("0123456789");
  assertEquals([former.text, chunks], ["0123", ["456789"]]);
});

Deno.test("wrapProtocol() passes on the buffers of the protocol", () => {
  const reader = new Reader(8);
  const fixture = new Fixture(wrapProtocol(reader, { lost: () => {} }));
  assert(fixture.driver.borrowed === reader.buffer);
  fixture.arrive("abc");
  assertEquals(reader.text, "abc");
});

Deno.test("Protocol.dataReceived() copies into the buffers of a protocol, until it closes", () => {
  const reader = new Reader(4, {
    bufferUpdated: ({ transport }, text) => {
      if (text === "4567") transport.loseConnection();
    },
  });
  const fixture = new Fixture(reader);
  reader.dataReceived(new TextEncoder().encode("0123456789ab"));
  assertEquals(reader.text, "01234567");
  fixture.host.settle();
});

Deno.test("write() calls flushed() when a large chunk was sent, and at once for a small one", () => {
  const reader = new Reader(8);
  using scene = new FakeTLSConnection(reader);
  const events: string[] = [];
  reader.transport.write(new Uint8Array(4096), { flushed: () => events.push("large") });
  reader.transport.write(new Uint8Array(4095), { flushed: () => events.push("small") });
  reader.transport.write("text", { flushed: () => events.push("text") });
  reader.transport.write("", { flushed: () => events.push("nothing") });
  assertEquals(events, ["small", "text"]);
  scene.host.settle();
  assertEquals(events, ["small", "text", "large"]);
});

Deno.test("write() sends what flushed() writes", () => {
  const reader = new Reader(8);
  using scene = new FakeTLSConnection(reader);
  reader.transport.write(new Uint8Array(5000), { flushed: () => reader.transport.write("more") });
  reader.transport.loseConnection();
  scene.host.settle();
  assertEquals(scene.peer.text.length, 5004);
});

Deno.test("write() does not call flushed() after the loss", () => {
  const reader = new Reader(8);
  using scene = new FakeTLSConnection(reader);
  const events: string[] = [];
  const flushed = (): void => void events.push("flushed");
  reader.transport.write(new Uint8Array(5000), { flushed });
  reader.transport.abortConnection();
  reader.transport.write("abc", { flushed });
  scene.host.settle();
  assertEquals(events, []);
  assertInstanceOf(reader.reason, ConnectionAborted);
});

Deno.test("write() does not call flushed() if the producer aborts when the last chunk was sent", () => {
  const reader = new Reader(8);
  using scene = new FakeTLSConnection(reader);
  const events: string[] = [];
  reader.transport.registerProducer({
    pauseProducing: () => events.push("paused"),
    resumeProducing: () => {
      events.push("resumed");
      reader.transport.abortConnection();
    },
    stopProducing: () => {},
  }, true);
  const flushed = (): void => void events.push("flushed");
  reader.transport.write(new Uint8Array(100_000), { flushed });
  scene.host.settle();
  assertEquals(events, ["paused", "resumed"]);
});

Deno.test("write() refuses a flushed that is not a function, and sends nothing", () => {
  const reader = new Reader(8);
  using scene = new FakeTLSConnection(reader);
  for (const data of ["text", new Uint8Array(5000)]) {
    assertThrows(
      // A program without types may pass any value.
      () => reader.transport.write(data, { flushed: 5 as unknown as () => void }),
      TypeError,
      "write() flushed must be a function, got 5",
    );
  }
  scene.host.settle();
  assertEquals([scene.peer.text, reader.reason], ["", null]);
});

Deno.test("Connection is lost if flushed() throws", () => {
  for (const size of [10, 5000]) {
    using errors = new LoggedErrors();
    const reader = new Reader(8);
    using scene = new FakeTLSConnection(reader);
    const flushed = (): never => {
      throw planned;
    };
    reader.transport.write(new Uint8Array(size), { flushed });
    scene.host.settle();
    assert(reader.reason === planned);
    assertEquals(errors.take(), [planned]);
  }
});
