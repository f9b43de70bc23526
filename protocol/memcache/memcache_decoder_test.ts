/**
 * The answers of memcached, decoded. The vectors follow the answers that memcached's
 * `doc/protocol.txt` (of version 1.6.18) defines, section by section, and the examples of its wiki
 * page "MetaCommands".
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { byteCost } from "../../testing/fixtures/byte_cost.ts";
import { chunksAt, chunksOfSize, decodeChunks } from "../../testing/fixtures/split_input.ts";
import { FrameTooLongError, FramingError, IncompleteFrameError } from "../mod.ts";
import {
  InvalidMemCacheAnswer,
  type MemCacheAnswer,
  MemCacheDecoder,
  type MemCacheDecoderOptions,
} from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The outcome of a whole input. */
const decode = (chunks: Iterable<Uint8Array>, options?: MemCacheDecoderOptions): unknown[] =>
  decodeChunks(new MemCacheDecoder(options), chunks);

const status = (status: string): unknown => ({ type: "status", status });
const failure = (kind: string, reason: string): unknown => ({ type: "failure", kind, reason });
const value = (key: string, flags: number, cas: bigint | null, value: string): unknown => ({
  type: "value",
  key,
  flags,
  cas,
  value: bytes(value),
});
const meta = (code: string, flags: string[], value: string | null = null): unknown => ({
  type: "meta",
  code,
  flags,
  value: value === null ? null : bytes(value),
});

const VECTORS: readonly [section: string, input: string, answers: unknown[]][] = [
  ["Error strings: ERROR", "ERROR\r\n", [failure("ERROR", "")]],
  ["Error strings: CLIENT_ERROR", "CLIENT_ERROR bad data chunk\r\n", [
    failure("CLIENT_ERROR", "bad data chunk"),
  ]],
  ["Error strings: SERVER_ERROR", "SERVER_ERROR object too large for cache\r\n", [
    failure("SERVER_ERROR", "object too large for cache"),
  ]],
  ["Storage commands", "STORED\r\nNOT_STORED\r\nEXISTS\r\nNOT_FOUND\r\n", [
    status("STORED"),
    status("NOT_STORED"),
    status("EXISTS"),
    status("NOT_FOUND"),
  ]],
  ["Retrieval command: get", "VALUE key 32 5\r\nhello\r\nEND\r\n", [
    value("key", 32, null, "hello"),
    status("END"),
  ]],
  ["Retrieval command: gets", "VALUE key 4294967295 0 18446744073709551615\r\n\r\nEND\r\n", [
    value("key", 4294967295, 18446744073709551615n, ""),
    status("END"),
  ]],
  ["Text lines: a data block may contain line ends", "VALUE k 0 7\r\n\r\nEND\r\n\r\nEND\r\n", [
    value("k", 0, null, "\r\nEND\r\n"),
    status("END"),
  ]],
  ["Retrieval command: nothing found", "END\r\n", [status("END")]],
  ["Deletion", "DELETED\r\nNOT_FOUND\r\n", [status("DELETED"), status("NOT_FOUND")]],
  ["Increment/Decrement", "0\r\n18446744073709551615\r\n", [
    { type: "number", number: 0n },
    { type: "number", number: 18446744073709551615n },
  ]],
  ["Touch", "TOUCHED\r\n", [status("TOUCHED")]],
  ["Meta Get", "VA 2 s2 t78 f1\r\nhi\r\nHD s2 t-1\r\nHD\r\nEN\r\n", [
    meta("VA", ["s2", "t78", "f1"], "hi"),
    meta("HD", ["s2", "t-1"]),
    meta("HD", []),
    meta("EN", []),
  ]],
  ["Meta Set", "HD \r\nNS \r\nEX O32\r\nNF kfoo\r\n", [
    meta("HD", []),
    meta("NS", []),
    meta("EX", ["O32"]),
    meta("NF", ["kfoo"]),
  ]],
  ["Meta Arithmetic", "VA 2 t0\r\n42\r\n", [meta("VA", ["t0"], "42")]],
  ["General-purpose statistics", "STAT pid 32\r\nSTAT rusage_user 0.1 s\r\nSTAT x\r\nEND\r\n", [
    { type: "statistic", name: "pid", value: "32" },
    { type: "statistic", name: "rusage_user", value: "0.1 s" },
    { type: "statistic", name: "x", value: "" },
    status("END"),
  ]],
  ["Other commands", "OK\r\nRESET\r\nVERSION 1.6.18\r\n", [
    status("OK"),
    status("RESET"),
    { type: "version", version: "1.6.18" },
  ]],
  ["The server has no more connections", "ERROR Too many open connections\r\n", [
    failure("ERROR", "Too many open connections"),
  ]],
];

for (const [section, input, answers] of VECTORS) {
  Deno.test(`MemCacheDecoder decodes the answers of protocol.txt: ${section}`, () => {
    assertEquals(decode([bytes(input)]), answers);
    assertEquals(decode(Array.from(bytes(input), (byte) => Uint8Array.of(byte))), answers);
  });
}

Deno.test("MemCacheDecoder decodes keys as UTF-8, and counts values in bytes", () => {
  assertEquals(decode([bytes("VALUE schlüssel\u3000\ufffd 0 3\r\n€\r\nEND\r\n")]), [
    value("schlüssel\u3000\ufffd", 0, null, "€"),
    status("END"),
  ]);
});

Deno.test("MemCacheDecoder keeps invalid bytes of other lines as U+FFFD", () => {
  const line = Uint8Array.from("SERVER_ERROR caf\xe9\r\n", (char) => char.charCodeAt(0));
  assertEquals(decode([line]), [failure("SERVER_ERROR", "caf\ufffd")]);
});

const MALFORMED: readonly [input: string, message: string][] = [
  ["\r\n", 'it must begin with a known word, got the line ""'],
  ["stored\r\n", 'it must begin with a known word, got the line "stored"'],
  ["STORED now\r\n", 'nothing may follow STORED, got the line "STORED now"'],
  ["END\n\r\n", 'it must begin with a known word, got the line "END\\n"'],
  ["-1\r\n", 'it must begin with a known word, got the line "-1"'],
  ["18446744073709551616\r\n", 'it must begin with a known word, got the line "184467440737'],
  ["VALUE\r\n", "VALUE must be followed by a key"],
  ["VALUE k 0\r\n", "VALUE must be followed by a key"],
  ["VALUE  0 1\r\n", "VALUE must be followed by a key"],
  ["VALUE k -1 1\r\n", "VALUE must be followed by a key"],
  ["VALUE k 4294967296 1\r\n", "VALUE must be followed by a key"],
  ["VALUE k 0 -1\r\n", "VALUE must be followed by a key"],
  ["VALUE k 0 1e3\r\n", "VALUE must be followed by a key"],
  ["VALUE k 0 1 x\r\n", "VALUE must be followed by a key"],
  ["VALUE k 0 1 18446744073709551616\r\n", "VALUE must be followed by a key"],
  ["VALUE k 0 1 2 3\r\n", "VALUE must be followed by at most four fields"],
  ["VALUE k\xff 0 1\r\n", "its key must be UTF-8"],
  ["VALUE k 0 1\r\nabc\r\n", "a value of 1 bytes must end with a line end"],
  ["VALUE k 0 1\r\na\rb", "a value of 1 bytes must end with a line end"],
  ["VALUE k 0 1\r\na\n\n", "a value of 1 bytes must end with a line end"],
  ["STAT\r\n", "STAT must be followed by a name"],
  ["STAT  1\r\n", "STAT must be followed by a name"],
  ["VA\r\n", "VA must be followed by a length"],
  ["VA x\r\n", "VA must be followed by a length"],
  ["VA 1\r\nabc\r\n", "a value of 1 bytes must end with a line end"],
];

for (const [input, message] of MALFORMED) {
  Deno.test(`MemCacheDecoder refuses ${JSON.stringify(input)}`, () => {
    const data = Uint8Array.from(`OK\r\n${input}`, (char) => char.charCodeAt(0));
    const decoder = new MemCacheDecoder();
    decoder.push(data);
    assertEquals(decoder.next(), status("OK"));
    const error = assertThrows(() => decoder.next(), InvalidMemCacheAnswer, message);
    assertEquals(error.offset, 4);
    assert(error.message.startsWith("Cannot decode a memcached answer: "), error.message);
    assertStrictEquals(assertThrows(() => decoder.next()), error);
  });
}

Deno.test("MemCacheDecoder refuses a value longer than maxValueLength before it arrives", () => {
  const options = { maxValueLength: 5 };
  assertEquals(decode([bytes("VALUE k 0 5\r\nhello\r\nEND\r\n")], options).length, 2);
  for (const line of ["VALUE k 0 6\r\n", "VA 6\r\n"]) {
    const decoder = new MemCacheDecoder(options);
    decoder.push(bytes(line));
    const error = assertThrows(() => decoder.next(), FrameTooLongError, "memcached value");
    assertEquals([error.length, error.maxLength], [6, 5]);
  }
});

Deno.test("MemCacheDecoder has a limit of 1 MiB for a value", () => {
  const decoder = new MemCacheDecoder();
  decoder.push(bytes("VALUE k 0 1048577\r\n"));
  assertThrows(() => decoder.next(), FrameTooLongError, "the limit is 1048576");
});

Deno.test("MemCacheDecoder refuses a line longer than maxLineLength before it ends", () => {
  assertEquals(decode([bytes("STAT a b\r\nEND\r\n")], { maxLineLength: 8 }).length, 2);
  const tooLong = "FrameTooLongError: Cannot receive a line of a memcached answer of 9 bytes or " +
    "more: the limit is 8 (at byte 0 of the input)";
  for (const input of ["STAT a bc\r\n", "STAT a bcd", "STAT a bc\rx"]) {
    assertEquals(decode([bytes(input)], { maxLineLength: 8 }), [tooLong]);
  }
  const decoder = new MemCacheDecoder();
  decoder.push(bytes("x".repeat(2049)));
  assertStrictEquals(decoder.next(), null);
  decoder.push(bytes("x"));
  assertThrows(() => decoder.next(), FrameTooLongError, "the limit is 2048");
});

Deno.test("MemCacheDecoder refuses more than maxItems values or statistics in one answer", () => {
  const error = "InvalidMemCacheAnswer: Cannot decode a memcached answer: the limit of 2 items " +
    "(maxItems) is exceeded";
  for (const item of ["VALUE k 0 1\r\nv\r\n", "STAT a b\r\n"]) {
    const two = item.repeat(2);
    assertEquals(decode([bytes(`${two}END\r\n${two}END\r\n`)], { maxItems: 2 }).length, 6);
    const outcome = decode([bytes(item.repeat(3))], { maxItems: 2 });
    assertEquals(outcome.length, 3);
    assertEquals(outcome[2], `${error} (at byte ${two.length} of the input)`);
  }
});

Deno.test("MemCacheDecoder.finish() throws when the input ends within an answer", () => {
  const cases = ["STOR", "STORED\r", "VALUE k 0 5\r\n", "VALUE k 0 5\r\nhello\r", "VA 1\r\n"];
  for (const input of cases) {
    const decoder = new MemCacheDecoder();
    decoder.push(bytes(input));
    assertStrictEquals(decoder.next(), null);
    assertThrows(() => decoder.finish(), IncompleteFrameError, "memcached answer");
  }
  assertEquals(
    decode([bytes("VALUE k 0 1\r\nv\r\n")])[1],
    "InvalidMemCacheAnswer: Cannot decode a memcached answer: it must end with END, and the input " +
      "ends after 1 items (at byte 16 of the input)",
  );
});

Deno.test("MemCacheDecoder.takeRest() returns an incomplete answer, and the next is whole", () => {
  const decoder = new MemCacheDecoder();
  decoder.push(bytes("VALUE k 0 5\r\nhel"));
  assertStrictEquals(decoder.next(), null);
  assertEquals(decoder.takeRest(), bytes("VALUE k 0 5\r\nhel"));
  decoder.push(bytes("OK\r\n"));
  assertEquals(decoder.next(), status("OK"));
  decoder.finish();
});

Deno.test("MemCacheDecoder.takeRest() forgets the items of an incomplete answer", () => {
  const decoder = new MemCacheDecoder({ maxItems: 1 });
  for (let i = 0; i < 2; i++) {
    decoder.push(bytes("VALUE k 0 1\r\nv\r\nEN"));
    assertEquals([decoder.next(), decoder.next()], [value("k", 0, null, "v"), null]);
    assertEquals(decoder.takeRest(), bytes("EN"));
  }
  decoder.finish();
});

Deno.test("MemCacheDecoder.next() continues after takeRest() has removed malformed input", () => {
  const decoder = new MemCacheDecoder();
  decoder.push(bytes("nonsense\r\n"));
  assertThrows(() => decoder.next());
  decoder.takeRest();
  decoder.push(bytes("OK\r\n"));
  assertEquals(decoder.next(), status("OK"));
});

Deno.test("MemCacheDecoder() checks its limits", () => {
  for (const name of ["maxValueLength", "maxLineLength", "maxItems"]) {
    assertThrows(() => new MemCacheDecoder({ [name]: -1 }), RangeError, name);
    assertThrows(() => new MemCacheDecoder({ [name]: 1.5 }), RangeError, name);
  }
});

Deno.test("MemCacheDecoder copies no value that arrives in one chunk", () => {
  const chunk = bytes("VALUE k 0 5\r\nhello\r\nEND\r\n");
  const decoder = new MemCacheDecoder();
  decoder.push(chunk);
  const { copied } = byteCost(() => {
    const answer = decoder.next();
    assert(answer?.type === "value");
    assertStrictEquals(answer.value.buffer, chunk.buffer);
  });
  assertEquals(copied, 0);
});

Deno.test("MemCacheDecoder decodes 64 KiB in linear time, byte by byte", () => {
  const answer = bytes(`VALUE ${"k".repeat(100)} 0 100 7\r\n${"x".repeat(100)}\r\nSTAT a b\r\n`);
  const count = Math.ceil(65536 / answer.length);
  const decoder = new MemCacheDecoder();
  let decoded = 0;
  const { copied, searched } = byteCost(() => {
    for (let i = 0; i < count; i++) {
      for (const byte of answer) {
        decoder.push(Uint8Array.of(byte));
        while (decoder.next() !== null) decoded++;
      }
    }
  });
  assertEquals(decoded, 2 * count);
  const size = count * answer.length;
  assert(copied < 5 * size, `${copied} bytes were copied`);
  assert(searched < 5 * size, `${searched} bytes were searched`);
});

Deno.test("MemCacheDecoder copies a value that arrives in many chunks at most 2.5 times", () => {
  const size = 1_000_000;
  const answer = bytes(`VALUE k 0 ${size}\r\n${"x".repeat(size)}\r\n`);
  const decoder = new MemCacheDecoder();
  let decoded: MemCacheAnswer | null = null;
  const { copied } = byteCost(() => {
    for (let at = 0; at < answer.length; at += 1448) {
      decoder.push(answer.slice(at, at + 1448));
      decoded = decoder.next();
    }
  });
  // The closure above assigns it, which TypeScript does not see.
  const complete = decoded as MemCacheAnswer | null;
  assert(complete?.type === "value");
  assert(complete.value.buffer.byteLength <= answer.length);
  assert(copied < 2.5 * size, `${copied} bytes were copied`);
});

const pieces = fc.oneof(
  fc.constantFrom(...VECTORS.map(([, input]) => input)),
  fc.constantFrom("VALUE key 1 3\r\nabc\r\n", "STAT a b\r\n", "VA 4 t1\r\nabcd\r\n", "12\r\n"),
  fc.string({ maxLength: 12 }).map((text) => `${text}\r\n`),
);

/** Bytes of answers, with damage in places. */
const inputs = fc.tuple(
  fc.array(pieces, { maxLength: 8 }),
  fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }),
).map(([parts, damage]) => {
  const data = bytes(parts.join(""));
  for (const [at, byte] of damage) if (data.length > 0) data[at % data.length] = byte;
  return data;
});
const LIMITS = { maxValueLength: 12, maxLineLength: 60, maxItems: 5 };

Deno.test("MemCacheDecoder has the same answers and errors for any split of the bytes", () => {
  fc.assert(fc.property(inputs, fc.array(fc.nat(), { maxLength: 8 }), (data, positions) => {
    const whole = decode([data], LIMITS);
    assertEquals(decode(chunksAt(data, positions), LIMITS), whole);
    assertEquals(decode(chunksOfSize(data, 1), LIMITS), whole);
  }));
});

Deno.test("MemCacheDecoder buffers at most the limits of a line and a value, and a chunk", () => {
  const { maxLineLength, maxValueLength } = LIMITS;
  fc.assert(fc.property(inputs, fc.array(fc.nat(), { maxLength: 8 }), (data, positions) => {
    const decoder = new MemCacheDecoder(LIMITS);
    for (const chunk of chunksAt(data, positions)) {
      decoder.push(chunk);
      try {
        while (decoder.next() !== null);
      } catch (error) {
        assert(error instanceof FramingError);
        return;
      }
      assert(decoder.buffered <= maxLineLength + maxValueLength + 4 + chunk.length);
    }
  }));
});
