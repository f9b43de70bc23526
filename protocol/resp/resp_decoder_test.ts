/**
 * The decoder of replies. The vectors whose test says "of the specification" are from
 * https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md, with the CR LF that
 * two of its examples leave out.
 */

import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { byteCost } from "../../testing/fixtures/byte_cost.ts";
import {
  chunksAt,
  chunksOfSize,
  decodeChunks,
  decodeEverySplit,
  latin1Bytes,
} from "../../testing/fixtures/split_input.ts";
import { FrameTooLongError } from "../framing/framing_error.ts";
import {
  AttributedValue,
  encodeReply,
  NULL_ARRAY,
  RESPDecoder,
  type RESPDecoderOptions,
  RESPDouble,
  RESPError,
  type RESPMessage,
  type RESPOutput,
  type RESPValue,
  SimpleString,
  VerbatimString,
} from "./mod.ts";

/** An error without its stack. */
interface ErrorView {
  readonly code: string;
  readonly message: string;
}

function errorView(code: string, message: string): ErrorView {
  return { code, message };
}

/** Returns a value whose errors have no stack. */
function valueView(value: RESPValue): unknown {
  if (value instanceof RESPError) return errorView(value.code, value.message);
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [valueView(key), valueView(item)]));
  }
  if (value instanceof Set) return new Set([...value].map(valueView));
  return Array.isArray(value) ? value.map(valueView) : value;
}

function messageView(message: RESPMessage): unknown {
  return { ...message, value: valueView(message.value) };
}

/** Decodes a text in every split. Returns the values of the messages, and the error. */
function decode(text: string, options: RESPDecoderOptions = { text: true }): unknown[] {
  return decodeEverySplit(
    () => new RESPDecoder(options),
    latin1Bytes(text),
    (message) => valueView(message.value),
  );
}

const VECTORS: readonly (readonly [string, RESPValue | ErrorView])[] = [
  ["$11\r\nhello world\r\n", "hello world"],
  ["$0\r\n\r\n", ""],
  ["+hello world\r\n", "hello world"],
  ["-ERR this is the error description\r\n", errorView("ERR", "ERR this is the error description")],
  [":1234\r\n", 1234],
  ["_\r\n", null],
  [",1.23\r\n", 1.23],
  [":10\r\n", 10],
  [",10\r\n", 10],
  [",inf\r\n", Infinity],
  [",-inf\r\n", -Infinity],
  [",nan\r\n", NaN],
  ["#t\r\n", true],
  ["#f\r\n", false],
  ["!21\r\nSYNTAX invalid syntax\r\n", errorView("SYNTAX", "SYNTAX invalid syntax")],
  ["=15\r\ntxt:Some string\r\n", new VerbatimString("txt", latin1Bytes("Some string"))],
  [
    "(3492890328409238509324850943850943825024385\r\n",
    3492890328409238509324850943850943825024385n,
  ],
  ["*3\r\n:1\r\n:2\r\n:3\r\n", [1, 2, 3]],
  ["*2\r\n*3\r\n:1\r\n$5\r\nhello\r\n:2\r\n#f\r\n", [[1, "hello", 2], false]],
  ["%2\r\n+first\r\n:1\r\n+second\r\n:2\r\n", new Map([["first", 1], ["second", 2]])],
  [
    "~5\r\n+orange\r\n+apple\r\n#t\r\n:100\r\n:999\r\n",
    new Set<RESPValue>(["orange", "apple", true, 100, 999]),
  ],
  ["$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;1\r\nd\r\n;0\r\n", "Hello word"],
  ["$?\r\n;0\r\n", ""],
  ["*?\r\n:1\r\n:2\r\n:3\r\n.\r\n", [1, 2, 3]],
  ["%?\r\n+a\r\n:1\r\n+b\r\n:2\r\n.\r\n", new Map([["a", 1], ["b", 2]])],
];

for (const [text, value] of VECTORS) {
  Deno.test(`RESPDecoder.next() decodes ${JSON.stringify(text)} of the specification`, () => {
    assertEquals(decode(text), [value]);
  });
}

Deno.test("RESPDecoder.next() returns attributes beside the reply, as in the specification", () => {
  const text = "|1\r\n+key-popularity\r\n%2\r\n$1\r\na\r\n,0.1923\r\n$1\r\nb\r\n,0.0012\r\n" +
    "*2\r\n:2039123\r\n:9543892\r\n";
  assertEquals(decodeEverySplit(() => new RESPDecoder(), latin1Bytes(text)), [{
    kind: "reply",
    value: [2039123, 9543892],
    attributes: new Map([["key-popularity", new Map([["a", 0.1923], ["b", 0.0012]])]]),
  }]);
});

Deno.test("RESPDecoder.next() keeps attributes inside of an array, as in the specification", () => {
  const ttl = new AttributedValue(3, new Map([["ttl", 3600]]));
  assertEquals(decode("*3\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:3600\r\n:3\r\n"), [[1, 2, ttl]]);
});

Deno.test("RESPDecoder.next() joins attributes that follow each other", () => {
  const text = "|1\r\n+a\r\n:1\r\n|0\r\n|1\r\n+b\r\n*1\r\n|1\r\n+c\r\n#t\r\n:2\r\n+OK\r\n";
  const inner = new AttributedValue(2, new Map([["c", true]]));
  assertEquals(decodeEverySplit(() => new RESPDecoder(), latin1Bytes(text)), [
    {
      kind: "reply",
      value: "OK",
      attributes: new Map<RESPValue, RESPValue>([["a", 1], ["b", [inner]]]),
    },
  ]);
});

Deno.test("RESPDecoder.next() tells pushes and replies apart, as in the specification", () => {
  const push = ">3\r\n+message\r\n+somechannel\r\n+this is the message\r\n";
  const reply = "$9\r\nGet-Reply\r\n";
  const decoded = decodeEverySplit(
    () => new RESPDecoder({ text: true }),
    latin1Bytes(push + reply + push),
  );
  const message = ["message", "somechannel", "this is the message"];
  assertEquals(decoded, [
    { kind: "push", value: message, attributes: null },
    { kind: "reply", value: "Get-Reply", attributes: null },
    { kind: "push", value: message, attributes: null },
  ]);
});

Deno.test("RESPDecoder.next() returns null for both null forms of RESP2", () => {
  assertEquals(decode("$-1\r\n*-1\r\n*2\r\n$-1\r\n*-1\r\n"), [null, null, [null, null]]);
});

Deno.test("RESPDecoder.next() decodes empty aggregates", () => {
  assertEquals(decode("*0\r\n%0\r\n~0\r\n>0\r\n*?\r\n.\r\n*2\r\n*0\r\n%0\r\n"), [
    [],
    new Map(),
    new Set(),
    [],
    [],
    [[], new Map()],
  ]);
});

Deno.test("RESPDecoder.next() returns integers outside of the safe ones as bigint", () => {
  const text = ":9007199254740991\r\n:9007199254740992\r\n:-9223372036854775808\r\n:+7\r\n:-0\r\n";
  assertEquals(decode(text), [9007199254740991, 9007199254740992n, -(2n ** 63n), 7, 0]);
});

Deno.test("RESPDecoder.next() decodes the doubles of the revised specification", () => {
  assertEquals(decode(",-1.5e-7\r\n,+2E3\r\n,1.\r\n,-nan\r\n,-0\r\n"), [
    -1.5e-7,
    2000,
    1,
    NaN,
    -0,
  ]);
});

Deno.test("RESPDecoder.next() returns bulk strings as bytes by default", () => {
  assertEquals(decode("$3\r\na\xffb\r\n$?\r\n;1\r\n\xfe\r\n;0\r\n", {}), [
    new Uint8Array([0x61, 0xff, 0x62]),
    new Uint8Array([0xfe]),
  ]);
});

Deno.test("RESPDecoder.next() searches a line from its start after a short reply in two parts", () => {
  const values = ["0123456789", errorView("E", "E"), 1];
  assertEquals(decode("+0123456789\r\n-E\r\n:1\r\n"), values);
});

for (
  const [text, value, exact] of [
    ["+abc\r\n", "abc", { maxLineLength: 4 }],
    [":-12\r\n", -12, { maxLineLength: 4 }],
    ["$12\r\nhello, world\r\n", "hello, world", { maxLineLength: 3 }],
    ["$-1\r\n", null, { maxLineLength: 3 }],
    ["$12\r\nhello, world\r\n", "hello, world", { maxBulkLength: 12 }],
    ["$12\r\nhello, world\r\n", "hello, world", { maxLength: 19 }],
    ["*2\r\n:1\r\n$1\r\na\r\n", [1, "a"], { maxLength: 15 }],
    ["*2\r\n:1\r\n$1\r\na\r\n", [1, "a"], { maxElements: 2 }],
    ["*1\r\n+OK\r\n", ["OK"], { maxDepth: 1 }],
  ] as const
) {
  const [name, limit] = Object.entries(exact)[0] ?? [];
  Deno.test(`RESPDecoder.next() applies ${name} to ${JSON.stringify(text)}, in one part or many`, () => {
    assertEquals(decode(text, { text: true, ...exact }), [value]);
    const [error, ...more] = decode(text, { text: true, [`${name}`]: Number(limit) - 1 });
    assertStringIncludes(`${error}`, "the limit ");
    assertEquals(more, []);
  });
}

for (const text of ["$2\r\nab\r\n", "$-1\r\n", "*1\r\n:1\r\n", "+OK\r\n", ":1\r\n"]) {
  Deno.test(`RESPDecoder.next() rejects ${JSON.stringify(text)} with a wrong line end`, () => {
    for (const [index, byte] of [...text].entries()) {
      if (byte !== "\r" && byte !== "\n") continue;
      const wrong = `${text.slice(0, index)}x${text.slice(index + 1)}\r\n`;
      // An x in place of a carriage return is a part of the line, which ends in a line feed alone.
      assertStringIncludes(`${decode(wrong).at(-1)}`, "FramingError", JSON.stringify(wrong));
    }
  });
}

Deno.test("RESPDecoder.text takes effect with the next value", () => {
  const decoder = new RESPDecoder();
  decoder.push(latin1Bytes("$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"));
  const values: unknown[] = [decoder.next()?.value];
  decoder.text = true;
  values.push(decoder.next()?.value);
  decoder.text = false;
  values.push(decoder.next()?.value);
  assertEquals(values, [latin1Bytes("a"), "b", latin1Bytes("c")]);
});

Deno.test("RESPDecoder.next() makes keys of maps and members of sets comparable", () => {
  const decoded = decode("%2\r\n$1\r\na\r\n$1\r\nx\r\n$1\r\n\xff\r\n:2\r\n~1\r\n$1\r\nb\r\n", {});
  assertEquals(decoded, [
    new Map<RESPValue, RESPValue>([["a", latin1Bytes("x")], [new Uint8Array([0xff]), 2]]),
    new Set(["b"]),
  ]);
  assert(decoded[0] instanceof Map);
  assertEquals(decoded[0].get("a"), latin1Bytes("x"));
});

Deno.test("RESPDecoder.next() returns errors as values, also inside of arrays", () => {
  const decoder = new RESPDecoder();
  decoder.push(latin1Bytes("*2\r\n-WRONGTYPE no\r\n-ALONE\r\n"));
  const array = decoder.next()?.value;
  assert(Array.isArray(array) && array[0] instanceof RESPError && array[1] instanceof RESPError);
  assertEquals([array[0].code, array[0].message], ["WRONGTYPE", "WRONGTYPE no"]);
  assertEquals([array[1].code, array[1].message], ["ALONE", "ALONE"]);
});

const MALFORMED: readonly (readonly [string, string, number])[] = [
  ["HTTP/1.1 400 Bad Request\r\n", 'it begins with "H", which is not a type', 0],
  ["\r\n", "it begins with the byte 0x0d, which is not a type", 0],
  ["+a\nb\r\n", "a line feed does not follow a carriage return", 2],
  ["+a\rb\r\n", "a carriage return is not followed by a line feed", 2],
  [":\r\n", 'the line ":" is not valid', 0],
  [":1x\r\n", 'the line ":1x" is not valid', 0],
  [":1 \r\n", 'the line ":1 " is not valid', 0],
  [":9223372036854775808\r\n", 'the line ":9223372036854775808" is not valid', 0],
  [",.5\r\n", 'the line ",.5" is not valid', 0],
  [",1,5\r\n", 'the line ",1,5" is not valid', 0],
  ["(1.5\r\n", 'the line "(1.5" is not valid', 0],
  ["#true\r\n", 'the line "#true" is not valid', 0],
  ["#x\r\n", 'the line "#x" is not valid', 0],
  ["_x\r\n", 'the line "_x" is not valid', 0],
  ["$-2\r\n", 'the line "$-2" is not valid', 0],
  ["$+1\r\n", 'the line "$+1" is not valid', 0],
  ["!-1\r\n", 'the line "!-1" is not valid', 0],
  ["*-2\r\n", 'the line "*-2" is not valid', 0],
  ["%-1\r\n", 'the line "%-1" is not valid', 0],
  [">?\r\n", 'the line ">?" is not valid', 0],
  ["|?\r\n", 'the line "|?" is not valid', 0],
  ["*1.5\r\n", 'the line "*1.5" is not valid', 0],
  ["$3\r\nabcd\r\n", "a bulk string is not followed by a line end", 7],
  ["=3\r\ntxt\r\n", "a verbatim string does not begin with its format", 4],
  ["=4\r\ntxt-\r\n", "a verbatim string does not begin with its format", 4],
  ["=4\r\nt\x01t:\r\n", "a verbatim string does not begin with its format", 4],
  [";1\r\na\r\n", "a part of a streamed string is outside of one", 0],
  ["$?\r\n+a\r\n", "a part of a streamed string must follow", 4],
  [".\r\n", "no streamed aggregate can end here", 0],
  ["*1\r\n.\r\n", "no streamed aggregate can end here", 4],
  ["%?\r\n+a\r\n.\r\n", "no streamed aggregate can end here", 8],
  ["*?\r\n|0\r\n.\r\n", "no streamed aggregate can end here", 8],
  ["*?\r\n.x\r\n", "no streamed aggregate can end here", 4],
  ["*1\r\n>0\r\n", "a push is inside of another value", 4],
];

for (const [text, reason, at] of MALFORMED) {
  Deno.test(`RESPDecoder.next() throws for ${JSON.stringify(text)}`, () => {
    assertEquals(decode(`+OK\r\n${text}`), [
      "OK",
      `FramingError: Cannot receive a RESP message: ${reason} (at byte ${at + 5} of the input)`,
    ]);
  });
}

Deno.test("RESPDecoder.finish() throws within a message, and not between messages", () => {
  assertEquals(decode("+OK\r\n*2\r\n:1\r\n"), [
    "OK",
    "IncompleteFrameError: Cannot complete a RESP message: the input ends after 8 of its bytes " +
    "(at byte 5 of the input)",
  ]);
  assertEquals(decode(""), []);
});

Deno.test("RESPDecoder.next() throws for a bulk string that exceeds maxBulkLength", () => {
  const options = { text: true, maxBulkLength: 5 };
  assertEquals(decode("$5\r\nhello\r\n", options), ["hello"]);
  const error =
    "FrameTooLongError: Cannot receive a bulk string of 6 bytes or more: the limit is 5";
  // The announced length is enough: its bytes are not waited for.
  assertEquals(decode("$6\r\n", options), [`${error} (at byte 0 of the input)`]);
  assertEquals(decode("!6\r\n", options), [`${error} (at byte 0 of the input)`]);
  assertEquals(decode("$?\r\n;3\r\nabc\r\n;2\r\nde\r\n;0\r\n", options), ["abcde"]);
  assertEquals(decode("$?\r\n;3\r\nabc\r\n;3\r\n", options), [
    `${error} (at byte 13 of the input)`,
  ]);
});

Deno.test("RESPDecoder.next() throws for a line that exceeds maxLineLength", () => {
  const options = { maxLineLength: 6 };
  assertEquals(decode("+hello\r\n:12345\r\n", options), ["hello", 12345]);
  const error = "FrameTooLongError: Cannot receive a RESP line of 7 bytes or more: the limit is 6";
  assertEquals(decode("+hello!!", options), [`${error} (at byte 0 of the input)`]);
  assertEquals(decode("*1\r\n:123456\r\n", options), [`${error} (at byte 4 of the input)`]);
});

Deno.test("RESPDecoder.next() throws for a message that exceeds maxLength", () => {
  const options = { text: true, maxLength: 20 };
  assertEquals(decode("*2\r\n+abcde\r\n$2\r\nxy\r\n", options), [["abcde", "xy"]]);
  const error = (length: number): string =>
    `FrameTooLongError: Cannot receive a RESP message of ${length} bytes or more: the limit is 20 ` +
    "(at byte 0 of the input)";
  assertEquals(decode("*2\r\n+abcde\r\n$3\r\nxyz\r\n", options), [error(21)]);
  assertEquals(decode("*2\r\n+abcdefghijklmnopq\r\n", options), [error(21)]);
  assertEquals(decode("*2\r\n+abcdefghijklmnopq\n", options), [error(21)]);
  // A message that is incomplete at the limit is too long, even if no further byte arrives.
  assertEquals(decode("*2\r\n+abcdefghijklm\r\n", options), [error(21)]);
  assertEquals(decode("*2\r\n+abcdefghijkl\r\n|", options), [error(21)]);
});

Deno.test("RESPDecoder.next() throws for more than maxElements in all aggregates together", () => {
  const options = { maxElements: 4 };
  const error =
    "FramingError: Cannot receive a RESP message: it has more elements than the limit " +
    "of 4 (at byte 0 of the input)";
  assertEquals(decode("*2\r\n*2\r\n:1\r\n:2\r\n:3\r\n", options), [[[1, 2], 3]]);
  assertEquals(decode("*5\r\n", options), [error]);
  assertEquals(decode("%3\r\n", options), [error]);
  assertEquals(decode("*2\r\n:1\r\n*3\r\n", options), [error]);
  assertEquals(decode("*?\r\n:1\r\n:2\r\n:3\r\n:4\r\n.\r\n", options), [[1, 2, 3, 4]]);
  assertEquals(decode("*?\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n", options), [error]);
  assertEquals(decode("*?\r\n:1\r\n:2\r\n:3\r\n*1\r\n:4\r\n", options), [error]);
  // Each part of a streamed string takes memory, too.
  assertEquals(decode("*1\r\n$?\r\n;1\r\na\r\n;2\r\nbc\r\n;1\r\nd\r\n;0\r\n", options), [[
    latin1Bytes("abcd"),
  ]]);
  assertEquals(decode("$?\r\n" + ";1\r\na\r\n".repeat(5), options), [error]);
  // Each message counts for itself.
  assertEquals(decode("*3\r\n:1\r\n:2\r\n:3\r\n".repeat(2), options), [[1, 2, 3], [1, 2, 3]]);
});

Deno.test("RESPDecoder.next() throws for more than maxDepth aggregates inside of each other", () => {
  const options = { maxDepth: 3 };
  assertEquals(decode("*1\r\n%1\r\n:1\r\n~1\r\n:1\r\n", options), [[new Map([[1, new Set([1])]])]]);
  assertEquals(decode("*1\r\n*1\r\n|1\r\n+a\r\n*1\r\n", options), [
    "FramingError: Cannot receive a RESP message: the limit is 3 aggregates inside of each other " +
    "(at byte 16 of the input)",
  ]);
});

Deno.test("RESPDecoder.next() needs no stack for nested aggregates", () => {
  const depth = 50_000;
  const decoder = new RESPDecoder({ maxDepth: Infinity });
  decoder.push(latin1Bytes("*1\r\n".repeat(depth) + ":1\r\n"));
  let value: RESPValue | undefined = decoder.next()?.value;
  for (let i = 0; i < depth; i++) value = Array.isArray(value) ? value[0] : undefined;
  assertEquals(value, 1);
});

Deno.test("RESPDecoder.next() joins attributes in a map that it keeps, in linear time", () => {
  const count = 5000;
  let added = 0;
  const { set } = Map.prototype;
  Map.prototype.set = function (key, value): Map<unknown, unknown> {
    added++;
    return set.call(this, key, value);
  };
  try {
    const attributes = Array.from({ length: count }, (_, i) => `|1\r\n:${i}\r\n:1\r\n`).join("");
    const decoder = new RESPDecoder();
    decoder.push(latin1Bytes(`${attributes}+OK\r\n`));
    assertEquals(decoder.next()?.attributes?.size, count);
  } finally {
    Map.prototype.set = set;
  }
  assert(added <= 2 * count, `${added} additions`);
});

Deno.test("RESPDecoder.next() reserves no memory for an announced length", () => {
  const decoder = new RESPDecoder({
    maxElements: Infinity,
    maxBulkLength: Infinity,
    maxLength: Infinity,
  });
  decoder.push(latin1Bytes("*999999999999999\r\n$999999999999999\r\nabc"));
  assertStrictEquals(decoder.next(), null);
  assertEquals(decoder.buffered, 39);
});

Deno.test("RESPDecoder() throws for invalid limits", () => {
  for (const name of ["maxBulkLength", "maxLineLength", "maxLength", "maxElements", "maxDepth"]) {
    assertThrows(() => new RESPDecoder({ [name]: -1 }), RangeError, name);
    assertThrows(() => new RESPDecoder({ [name]: 1.5 }), RangeError, name);
  }
});

Deno.test("RESPDecoder.takeRest() returns the incomplete message and allows a new one", () => {
  const decoder = new RESPDecoder({ text: true });
  const rests: string[] = [];
  for (const rest of ["*2\r\n:1\r\n", "$?\r\n;2\r\nab\r\n;1", "$5\r\nhel", "|1\r\n+a\r\n:1\r\n"]) {
    decoder.push(latin1Bytes(`+OK\r\n${rest}`));
    assertEquals(decoder.next()?.value, "OK");
    assertStrictEquals(decoder.next(), null);
    assertEquals(decoder.buffered, rest.length);
    rests.push(new TextDecoder().decode(decoder.takeRest()));
    assertEquals(rests.at(-1), rest);
  }
  decoder.push(latin1Bytes("*1\r\n>0\r\n"));
  assertThrows(() => decoder.next());
  decoder.takeRest();
  decoder.push(latin1Bytes("$1\r\na\r\n"));
  assertEquals(decoder.next(), { kind: "reply", value: "a", attributes: null });
});

Deno.test("RESPDecoder copies each byte a limited number of times, byte by byte", () => {
  const text = `*3\r\n$20000\r\n${"x".repeat(20000)}\r\n+${"y".repeat(20000)}\r\n*?\r\n` +
    ":1\r\n".repeat(2000) + ".\r\n";
  const decoder = new RESPDecoder();
  const chunks = [...chunksOfSize(latin1Bytes(text), 1)];
  const cost = byteCost(() => assertEquals(decodeChunks(decoder, chunks).length, 1));
  assert(cost.copied < 4 * text.length, `${cost.copied} bytes copied`);
});

Deno.test("RESPDecoder.next() throws FrameTooLongError with the length and the limit", () => {
  const decoder = new RESPDecoder({ maxBulkLength: 10 });
  decoder.push(latin1Bytes("$11\r\n"));
  const error = assertThrows(() => decoder.next(), FrameTooLongError);
  assertEquals([error.length, error.maxLength, error.offset], [11, 10, 0]);
});

/** Any value that encodes to the same value in RESP3, and what is decoded. */
const anyValue: fc.Arbitrary<RESPOutput> = fc.letrec<{ value: RESPOutput }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.string(),
    fc.uint8Array().map((bytes) => Uint8Array.from(bytes)),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.boolean(),
    fc.double(),
    fc.constant(null),
    fc.constant(NULL_ARRAY),
    fc.stringMatching(/^[ -~]*$/).map((text) => new SimpleString(text)),
    fc.double().map((value) => new RESPDouble(value)),
    fc.stringMatching(/^[A-Z]+$/).map((code) => new RESPError(code, "a reason")),
    fc.uint8Array().map((bytes) => new VerbatimString("txt", Uint8Array.from(bytes))),
    fc.array(tie("value")),
    fc.array(tie("value")).map((values) => new Set(values)),
    fc.array(fc.tuple(tie("value"), tie("value"))).map((entries) => new Map(entries)),
  ),
})).value;

Deno.test("RESPDecoder.next() gives the same messages for any values and any split", () => {
  fc.assert(fc.property(
    fc.array(anyValue, { maxLength: 4 }),
    fc.constantFrom<2 | 3>(2, 3),
    fc.array(fc.nat(), { maxLength: 8 }),
    fc.boolean(),
    (values, version, cuts, text) => {
      const parts = values.map((value) => encodeReply(value, version));
      const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
      const make = (): RESPDecoder => new RESPDecoder({ text });
      const whole = decodeChunks(make(), [bytes.slice()], messageView);
      assertEquals(whole.length, values.length);
      assertEquals(decodeChunks(make(), chunksAt(bytes, cuts), messageView), whole);
    },
  ));
});

Deno.test("RESPDecoder.next() gives the same outcome for any split of damaged input", () => {
  const limits = { maxBulkLength: 9, maxLineLength: 9, maxLength: 30, maxElements: 5, maxDepth: 3 };
  const pieces = fc.constantFrom(
    ..."+-:_,#($!=*%~>|;.?\r\n0129".split(""),
    "\r\n",
    "*2\r\n",
    "$3\r\nabc\r\n",
    "$?\r\n",
    ";2\r\nab\r\n",
    ";0\r\n",
    "*?\r\n",
    ".\r\n",
    "|1\r\n",
    ":1\r\n",
  );
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 20 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (parts, cuts) => {
        const bytes = latin1Bytes(parts.join(""));
        const make = (): RESPDecoder => new RESPDecoder(limits);
        const whole = decodeChunks(make(), [bytes.slice()], messageView);
        assertEquals(decodeChunks(make(), chunksAt(bytes, cuts), messageView), whole);
        assertEquals(decodeChunks(make(), chunksOfSize(bytes, 1), messageView), whole);
      },
    ),
    { numRuns: 1000 },
  );
});
