/**
 * Twisted's `protocols/test/test_basic.py`, class by class: `LineReceiverTests`,
 * `LineReceiverLineLengthExceededTests` and `ProducerTests` are here, `LineOnlyReceiverTests` in
 * `line_only_receiver_test.ts`, `NetstringReceiverTests` in `netstring_receiver_test.ts`,
 * `Int32Tests`, `Int16Tests` and `Int8Tests` in `int_string_receiver_test.ts`, `FileSenderTests` in
 * `file_sender_test.ts`.
 *
 * - `test_rawDataError`: a value that a method returns is ignored here, unless it is a promise;
 *   errors are thrown, see below.
 * - `test_stackRecursion` is as deep as the test here; JavaScript cannot read its recursion limit.
 * - `test_lineReceiverAsProducer` registers the receiver with its own transport, and only shows
 *   that lines still arrive. Here it is the producer of another connection, as in programs.
 * - `test_rawDataReceivedNotImplemented` and `test_lineReceivedNotImplemented`: the connection is
 *   lost with the error.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { connectedServerAndClient, LoggedErrors, TestPeer } from "../../testing/mod.ts";
import type { IPushProducer } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import { LineReceiver } from "../mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Cuts a text into pieces of one size. */
function cut(all: string, size: number): string[] {
  return Array.from(
    { length: Math.ceil(all.length / size) },
    (_, i) => all.slice(i * size, (i + 1) * size),
  );
}

/** Sends data to a protocol in pieces, one per turn of the event loop. */
function feed(protocol: LineReceiver, pieces: string[]): void {
  for (const piece of pieces) protocol.dataReceived(bytes(piece));
}

/** A receiver that records its lines. */
class Lines extends LineReceiver {
  override delimiter: string | Uint8Array = "\n";
  readonly lines: string[] = [];

  override textReceived(line: string): void {
    this.lines.push(line);
  }
}

/**
 * A receiver that obeys its lines. The raw data after an empty line belongs to that line's entry.
 */
class Obedient extends LineReceiver {
  override delimiter = "\n";
  override MAX_LENGTH = 64;
  readonly received: string[] = [];
  readonly #clock: Clock;
  #left = 0;

  constructor(clock: Clock = new Clock()) {
    super();
    this.#clock = clock;
  }

  override textReceived(line: string): void {
    this.received.push(line);
    if (line === "") {
      this.setRawMode();
    } else if (line === "pause") {
      this.pauseProducing();
      this.#clock.callLater(0, () => this.resumeProducing());
    } else if (line === "rawpause") {
      this.pauseProducing();
      this.setRawMode();
      this.received.push("");
      this.#clock.callLater(0, () => this.resumeProducing());
    } else if (line === "stop") {
      this.stopProducing();
    } else if (line.startsWith("len ")) {
      this.#left = Number(line.slice(4));
    }
  }

  override rawDataReceived(data: Uint8Array): void {
    const mine = data.subarray(0, this.#left);
    this.#left -= mine.length;
    this.received.push(this.received.pop() + text(mine));
    if (this.#left === 0) this.setLineMode(data.subarray(mine.length));
  }

  override lineLengthExceeded(line: Uint8Array): void {
    if (line.length > this.MAX_LENGTH + 1) this.setLineMode(line.subarray(this.MAX_LENGTH + 1));
  }
}

const DIALOGUE = `len 10

0123456789len 5

1234
len 20
foo 123

0123456789
012345678len 0
foo 5

1234567890123456789012345678901234567890123456789012345678901234567890
len 1

a`;

for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 9, DIALOGUE.length]) {
  Deno.test(`LineReceiver delivers lines and raw data unchanged, in chunks of ${size}`, () => {
    using pair = connectedServerAndClient(new Obedient(), TestPeer);
    feed(pair.server, cut(DIALOGUE, size));
    assertEquals(pair.server.received, [
      "len 10",
      "0123456789",
      "len 5",
      "1234\n",
      "len 20",
      "foo 123",
      "0123456789\n012345678",
      "len 0",
      "foo 5",
      "",
      // The rest of a line of 70 characters, after the 65 that are dropped.
      "67890",
      "len 1",
      "a",
    ]);
  });

  Deno.test(`LineReceiver.pauseProducing() holds back lines, in chunks of ${size}`, () => {
    const clock = new Clock();
    using pair = connectedServerAndClient(new Obedient(clock), TestPeer);
    feed(pair.server, cut("twiddle1\ntwiddle2\npause\ntwiddle3\n", size));
    assertEquals(pair.server.received, ["twiddle1", "twiddle2", "pause"]);
    clock.advance(0);
    assertEquals(pair.server.received, ["twiddle1", "twiddle2", "pause", "twiddle3"]);
  });

  Deno.test(`LineReceiver.pauseProducing() holds back raw data, in chunks of ${size}`, () => {
    const clock = new Clock();
    using pair = connectedServerAndClient(new Obedient(clock), TestPeer);
    feed(pair.server, cut("twiddle1\nlen 5\nrawpause\n12345twiddle3\n", size));
    assertEquals(pair.server.received, ["twiddle1", "len 5", "rawpause", ""]);
    clock.advance(0);
    assertEquals(pair.server.received, ["twiddle1", "len 5", "rawpause", "12345", "twiddle3"]);
  });

  Deno.test(`LineReceiver.stopProducing() closes the connection, in chunks of ${size}`, () => {
    using pair = connectedServerAndClient(new Obedient(), TestPeer);
    feed(pair.server, cut("twiddle1\ntwiddle2\nstop\nmore\nstuff\n", size));
    assertEquals(pair.server.received, ["twiddle1", "twiddle2", "stop"]);
    pair.pump.flush();
    assertEquals(pair.serverReason?.name, "ConnectionDone");
  });
}

Deno.test("LineReceiver.resumeProducing() delivers one line if lineReceived() pauses again", () => {
  class Reluctant extends Lines {
    chunks = 0;

    override dataReceived(data: Uint8Array): void {
      this.chunks++;
      super.dataReceived(data);
    }

    override textReceived(line: string): void {
      super.textReceived(line);
      this.pauseProducing();
    }
  }
  using pair = connectedServerAndClient(new Reluctant(), TestPeer);
  const { server, client, pump } = pair;
  client.send("hello, ");
  pump.flush();
  assertEquals([server.lines, server.paused, server.chunks], [[], false, 1]);
  client.send("world\n");
  pump.flush();
  assertEquals([server.lines.length, server.paused, server.chunks], [1, true, 2]);
  server.resumeProducing();
  pump.flush();
  assertEquals([server.lines.length, server.paused, server.chunks], [1, false, 2]);
  client.send("hello\nworld\ngood");
  pump.flush();
  assertEquals([server.lines, server.chunks], [["hello, world", "hello"], 3]);
  server.resumeProducing();
  assertEquals(server.lines, ["hello, world", "hello", "world"]);
  client.send("bye\n");
  pump.flush();
  // The connection is paused: it does not even read.
  assertEquals([server.lines.length, server.paused, server.chunks], [3, true, 3]);
  server.resumeProducing();
  pump.flush();
  assertEquals(server.lines, ["hello, world", "hello", "world", "goodbye"]);
});

Deno.test("LineReceiver.connectionLost() is called after the lines that a pause held back", () => {
  class Reluctant extends Lines {
    override textReceived(line: string): void {
      super.textReceived(line);
      this.pauseProducing();
    }

    override connectionLost(): void {
      this.lines.push("(lost)");
    }
  }
  using pair = connectedServerAndClient(new Reluctant(), TestPeer);
  pair.client.send("one\ntwo\n");
  pair.pump.flush();
  pair.client.transport.loseWriteConnection();
  pair.pump.flush();
  assertEquals(pair.server.lines, ["one"]);
  pair.server.resumeProducing();
  pair.pump.flush();
  assertEquals(pair.server.lines, ["one", "two"]);
  pair.server.resumeProducing();
  pair.pump.flush();
  assertEquals(pair.server.lines, ["one", "two", "(lost)"]);
});

Deno.test("LineReceiver loses no data if a slow consumer pauses it within a chunk", () => {
  using slow = connectedServerAndClient(new Lines(), TestPeer, {
    capacity: 4,
    serverOptions: { writeBufferHighWater: 10 },
  });
  class Forwarder extends Lines implements IPushProducer {
    override textReceived(line: string): void {
      super.textReceived(line);
      slow.server.sendLine(line);
    }
  }
  using pair = connectedServerAndClient(new Forwarder(), TestPeer);
  slow.serverTransport.registerProducer(pair.server, true);
  const sent = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  pair.client.send(sent.map((line) => line + "\n").join(""));
  pair.pump.flush();
  assertEquals(pair.server.lines.length, 2);
  for (let i = 0; i < 100; i++) {
    slow.pump.flush();
    pair.pump.flush();
  }
  assertEquals(pair.server.lines, sent);
  assertEquals(slow.client.text.split("\n").slice(0, -1), sent);
  slow.serverTransport.unregisterProducer();
});

Deno.test("LineReceiver.clearLineBuffer() returns the rest of the chunk, and removes it", () => {
  class Clearing extends LineReceiver {
    readonly seen: string[] = [];

    override lineReceived(line: Uint8Array): void {
      this.seen.push(text(line), text(this.clearLineBuffer()));
    }
  }
  using pair = connectedServerAndClient(new Clearing(), TestPeer);
  feed(pair.server, ["foo\r\nbar\r\nbaz", "quux\r\n"]);
  assertEquals(pair.server.seen, ["foo", "bar\r\nbaz", "quux", ""]);
});

Deno.test("LineReceiver may switch between line and raw mode at every byte", () => {
  class Flipping extends Lines {
    override textReceived(line: string): void {
      super.textReceived(line);
      this.setRawMode();
    }

    override rawDataReceived(data: Uint8Array): void {
      this.setLineMode(data.subarray(1));
    }
  }
  using pair = connectedServerAndClient(new Flipping(), TestPeer);
  feed(pair.server, ["x\nx".repeat(50_000)]);
  assertEquals(pair.server.lines.join(""), "x".repeat(50_000));
});

Deno.test("LineReceiver.setLineMode(bytes) delivers them before bytes held back by a pause", () => {
  class Parking extends Lines {
    parked: Uint8Array = new Uint8Array(0);

    override rawDataReceived(data: Uint8Array): void {
      this.parked = data;
      this.pauseProducing();
    }
  }
  using pair = connectedServerAndClient(new Parking(), TestPeer);
  pair.server.setRawMode();
  feed(pair.server, ["one\ntw", "o\nthree\n"]);
  pair.server.setLineMode(pair.server.parked);
  assertEquals(pair.server.lines, []);
  pair.server.resumeProducing();
  assertEquals(pair.server.lines, ["one", "two", "three"]);
});

for (const method of ["loseConnection", "abortConnection"] as const) {
  Deno.test(`LineReceiver delivers no further line of a chunk after ${method}()`, () => {
    class Leaving extends Lines {
      override textReceived(line: string): void {
        super.textReceived(line);
        if (line === "raw") this.setRawMode();
        else if (line === "leave") this.transport[method]();
      }

      override rawDataReceived(data: Uint8Array): void {
        this.transport[method]();
        this.setLineMode(data.subarray(1));
      }
    }
    for (const last of ["leave", "raw"]) {
      using pair = connectedServerAndClient(new Leaving(), TestPeer);
      pair.client.send(`stay\n${last}\n-and\nso on\n`);
      pair.pump.flush();
      assertEquals(pair.server.lines, ["stay", last]);
    }
  });
}

Deno.test("LineReceiver delivers no line after the connection is lost", () => {
  using pair = connectedServerAndClient(new Lines(), TestPeer);
  pair.server.pauseProducing();
  feed(pair.server, ["one\ntwo\n"]);
  pair.client.abort();
  pair.serverTransport.write("to find that out");
  pair.pump.flush();
  assertEquals(pair.serverReason?.name, "ConnectionLost");
  pair.server.resumeProducing();
  assertEquals(pair.server.lines, []);
});

Deno.test("LineReceiver closes the connection for a line longer than MAX_LENGTH, complete or not", () => {
  for (const [length, tail, lost] of [[0, "\r\n", 0], [1, "\r\nr", 1], [2, "", 1]] as const) {
    class Plain extends LineReceiver {
      override lineReceived(): void {}
    }
    using pair = connectedServerAndClient(new Plain(), TestPeer);
    assertEquals(pair.server.MAX_LENGTH, 16384);
    feed(pair.server, ["x".repeat(16384 + length) + tail]);
    assertEquals(pair.serverTransport.disconnecting, lost === 1);
  }
});

Deno.test("LineReceiver does not count a delimiter, or its beginning, towards MAX_LENGTH", () => {
  class Short extends Lines {
    override delimiter = "\r\n";
    override MAX_LENGTH = 4;
  }
  using pair = connectedServerAndClient(new Short(), TestPeer);
  feed(pair.server, ["xxxx", "\r", "\nyyyy\r"]);
  assertEquals(pair.server.lines, ["xxxx"]);
  assert(!pair.serverTransport.disconnecting);
  feed(pair.server, ["z"]); // not a delimiter after all
  assert(pair.serverTransport.disconnecting);
});

Deno.test("LineReceiver.lineLengthExceeded() receives the whole buffered data", () => {
  class Catcher extends LineReceiver {
    override MAX_LENGTH = 6;
    readonly events: string[] = [];

    override textReceived(line: string): void {
      this.events.push(line);
    }

    override lineLengthExceeded(line: Uint8Array): void {
      this.events.push(`too long: ${text(line)}`);
    }
  }
  const long = "x".repeat(14);
  for (const all of [long, `${long}\r\n${long}`, `${long}\r\n${long}\r\n`]) {
    using pair = connectedServerAndClient(new Catcher(), TestPeer);
    feed(pair.server, [`x\r\n${all}`]);
    assertEquals(pair.server.events, ["x", `too long: ${all}`]);
    assert(!pair.serverTransport.disconnecting);
    feed(pair.server, ["y\r\n"]);
    assertEquals(pair.server.events.at(-1), "y");
  }
});

Deno.test("LineReceiver.delimiter may be bytes or a string, and may change within a chunk", () => {
  class Changing extends Lines {
    override textReceived(line: string): void {
      super.textReceived(line);
      if (line.startsWith("by ")) this.delimiter = line.slice(3);
      else if (line === "by zero") this.delimiter = new Uint8Array([0]);
    }
  }
  using pair = connectedServerAndClient(new Changing(), TestPeer);
  feed(pair.server, ["a\nby --\nb-c--by é--d-", "-éeé"]);
  assertEquals(pair.server.lines, ["a", "by --", "b-c", "by é", "d--", "e"]);
  pair.server.delimiter = new Uint8Array([0, 1]);
  pair.server.dataReceived(new Uint8Array([0x66, 0, 0, 1, 0]));
  assertEquals(pair.server.lines.at(-1), "f\0");
  pair.server.sendLine("g");
  pair.server.sendLine(bytes("h"));
  pair.pump.flush();
  assertEquals(pair.client.text, "g\0\x01h\0\x01");
  pair.server.delimiter = "";
  assertThrows(
    () => pair.server.dataReceived(bytes("x")),
    RangeError,
    "Cannot split the received data into lines: the delimiter of Changing is empty",
  );
});

Deno.test("LineReceiver.textReceived() receives decoded text, with U+FFFD for invalid UTF-8", () => {
  class Raw extends LineReceiver {
    readonly lines: number[][] = [];

    override lineReceived(line: Uint8Array): void {
      this.lines.push([...line]);
    }
  }
  const data = new Uint8Array([0xff, 0x0d, 0x41, 0x0d, 0x0a, 0xef, 0xbb, 0xbf, 0x0d, 0x0a]);
  using raw = connectedServerAndClient(new Raw(), TestPeer);
  raw.server.dataReceived(data);
  assertEquals(raw.server.lines, [[0xff, 0x0d, 0x41], [0xef, 0xbb, 0xbf]]);
  using lines = connectedServerAndClient(new Lines(), TestPeer);
  lines.server.delimiter = "\r\n";
  lines.server.dataReceived(data);
  assertEquals(lines.server.lines, ["\ufffd\rA", "\ufeff"]);
});

Deno.test("LineReceiver closes the connection if the method to call is not overridden", () => {
  using errors = new LoggedErrors();
  class Deaf extends LineReceiver {}
  using lines = connectedServerAndClient(new Deaf(), TestPeer);
  lines.client.send("x\r\n");
  lines.pump.flush();
  assertEquals(
    lines.serverReason?.message,
    "Cannot deliver a received line: Deaf overrides neither lineReceived() nor textReceived()",
  );
  using raw = connectedServerAndClient(new Deaf(), TestPeer);
  raw.server.setRawMode();
  raw.client.send("x");
  raw.pump.flush();
  assertEquals(
    raw.serverReason?.message,
    "Cannot deliver raw data: Deaf does not override rawDataReceived()",
  );
  assertEquals(errors.take(), [lines.serverReason, raw.serverReason]);
});

Deno.test("LineReceiver delivers no further line of a chunk after a method that threw", () => {
  using errors = new LoggedErrors();
  class Failing extends Lines {
    override textReceived(line: string): void {
      super.textReceived(line);
      throw new RangeError(line);
    }
  }
  using pair = connectedServerAndClient(new Failing(), TestPeer);
  pair.client.send("one\ntwo\n");
  pair.pump.flush();
  assertEquals(pair.server.lines, ["one"]);
  assertEquals(errors.take(), [pair.serverReason]);
  assertEquals(String(pair.serverReason), "RangeError: one");
});

Deno.test("LineReceiver logs each rejection of async methods, and closes at the first one", async () => {
  using errors = new LoggedErrors();
  class Failing extends LineReceiver {
    override async textReceived(line: string): Promise<void> {
      await null;
      if (line !== "fine") throw new RangeError(line);
    }
  }
  using pair = connectedServerAndClient(new Failing(), TestPeer);
  pair.client.send("fine\r\none\r\ntwo\r\n");
  await pair.pump.pumpUntilIdle();
  assertEquals(String(pair.serverReason), "RangeError: one");
  assertEquals(errors.take().map((error) => error.message).toSorted(), ["one", "two"]);
});

Deno.test("LineReceiver.resumeProducing() logs an error of a held line, and aborts", () => {
  using errors = new LoggedErrors();
  class Failing extends Lines {
    override textReceived(line: string): void {
      super.textReceived(line);
      this.pauseProducing();
      if (line === "two") throw new RangeError(line);
    }
  }
  using pair = connectedServerAndClient(new Failing(), TestPeer);
  pair.client.send("one\ntwo\nthree\n");
  pair.pump.flush();
  pair.server.resumeProducing();
  assertEquals(errors.take().map(String), ["RangeError: two"]);
  pair.pump.flush();
  assertEquals(pair.server.lines, ["one", "two"]);
  assertEquals(String(pair.serverReason?.cause), "RangeError: two");
});

Deno.test("LineReceiver.resumeProducing() handles the rejection of an async method", async () => {
  using errors = new LoggedErrors();
  class Failing extends Lines {
    override textReceived(line: string): void | Promise<void> {
      super.textReceived(line);
      this.pauseProducing();
      if (line === "two") return Promise.reject(new RangeError(line));
    }
  }
  using pair = connectedServerAndClient(new Failing(), TestPeer);
  pair.client.send("one\ntwo\nthree\n");
  pair.pump.flush();
  pair.server.resumeProducing();
  await pair.pump.pumpUntilIdle();
  assertEquals(errors.take().map(String), ["RangeError: two"]);
  assertEquals(String(pair.serverReason?.cause), "RangeError: two");
});

// A simple model of the receiver: it keeps all the text that ever arrived, and a position in it.

/** The commands that the lines give to the model and to the receiver. */
interface Receiver {
  receive(chunk: string): void;
  resume(): void;
  readonly events: string[];
}

const MAX_LENGTH = 8;

/** The real receiver, which obeys its lines. */
class Acting extends LineReceiver implements Receiver {
  override MAX_LENGTH = MAX_LENGTH;
  readonly events: string[] = [];

  constructor(delimiter: string) {
    super();
    this.delimiter = delimiter;
  }

  override textReceived(line: string): void {
    this.events.push(`line ${line}`);
    if (line.startsWith("p")) this.pauseProducing();
    if (line.startsWith("r")) this.setRawMode();
    if (line.startsWith("c")) this.clearLineBuffer();
    if (line.startsWith("l")) this.transport.loseConnection();
  }

  override rawDataReceived(data: Uint8Array): void {
    this.events.push(`raw ${text(data.subarray(0, 1))}`);
    if (data[0] === 0x70) this.pauseProducing();
    this.setLineMode(data.subarray(1));
  }

  override lineLengthExceeded(line: Uint8Array): void {
    this.events.push(`too long ${text(line)}`);
    this.setLineMode(line.subarray(MAX_LENGTH));
  }

  receive(chunk: string): void {
    this.dataReceived(bytes(chunk));
  }

  resume(): void {
    this.resumeProducing();
  }
}

class Model implements Receiver {
  readonly events: string[] = [];
  readonly #delimiter: string;
  #rest = "";
  #isRaw = false;
  #isPaused = false;
  #isLost = false;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  receive(chunk: string): void {
    this.#rest += chunk;
    while (this.#rest !== "" && !this.#isPaused && !this.#isLost && this.#step());
  }

  resume(): void {
    this.#isPaused = false;
    this.receive("");
  }

  #step(): boolean {
    if (this.#isRaw) {
      this.events.push(`raw ${this.#rest[0]}`);
      this.#isPaused = this.#rest.startsWith("p");
      this.#isRaw = false;
      this.#rest = this.#rest.slice(1);
      return true;
    }
    const end = this.#rest.indexOf(this.#delimiter);
    const isTooLong = end > MAX_LENGTH ||
      (end < 0 && this.#rest.length >= MAX_LENGTH + this.#delimiter.length);
    if (isTooLong) {
      this.events.push(`too long ${this.#rest}`);
      this.#rest = this.#rest.slice(MAX_LENGTH);
      return true;
    }
    if (end < 0) return false;
    const line = this.#rest.slice(0, end);
    this.events.push(`line ${line}`);
    this.#rest = line.startsWith("c") ? "" : this.#rest.slice(end + this.#delimiter.length);
    this.#isPaused = line.startsWith("p");
    this.#isRaw = line.startsWith("r");
    this.#isLost = line.startsWith("l");
    return true;
  }
}

Deno.test("LineReceiver behaves as a simple model for any input in any chunks", () => {
  const input = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom("a", "\r", "\n", "\r\n", "\r\n") },
      { weight: 1, arbitrary: fc.constantFrom("p", "r", "c", "aaaaaaaa", "l") },
    ),
    { maxLength: 60 },
  ).map((pieces) => pieces.join(""));
  const cuts = fc.oneof(
    fc.constant([1]),
    fc.constant([Infinity]),
    fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
  );
  fc.assert(
    fc.property(input, cuts, fc.constantFrom("\r\n", "\n", "\r\r\n"), (all, sizes, delimiter) => {
      using pair = connectedServerAndClient(new Acting(delimiter), TestPeer);
      const model = new Model(delimiter);
      for (let start = 0, i = 0; start < all.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        for (const receiver of [pair.server, model]) {
          receiver.receive(all.slice(start, start + size));
          if (i % 3 === 2) receiver.resume();
        }
        assertEquals(pair.server.events, model.events);
        start += size;
      }
      for (let i = 0; i < all.length; i++) {
        for (const receiver of [pair.server, model]) receiver.resume();
      }
      assertEquals(pair.server.events, model.events);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("LineReceiver does not copy a line that arrived in one chunk", () => {
  class Views extends LineReceiver {
    line: Uint8Array = new Uint8Array(0);

    override lineReceived(line: Uint8Array): void {
      this.line = line;
    }
  }
  using pair = connectedServerAndClient(new Views(), TestPeer);
  const chunk = bytes("one\r\ntwo\r\n");
  pair.server.dataReceived(chunk);
  assertStrictEquals(pair.server.line.buffer, chunk.buffer);
});
