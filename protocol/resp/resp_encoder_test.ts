/**
 * The encoder. The forms of RESP2 are those that `src/networking.c` of Redis 7 sends for the same
 * value (`addReplyDouble`, `addReplyBool`, `addReplyMapLen`, `addReplyNull` and their like).
 */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  AttributedValue,
  encodeCommand,
  encodeReply,
  NULL_ARRAY,
  OK,
  RESPDouble,
  RESPEncoder,
  RESPError,
  type RESPOutput,
  SimpleString,
  VerbatimString,
} from "./mod.ts";

const text = (bytes: Uint8Array): string => new TextDecoder("utf-8").decode(bytes);

const ROWS: readonly (readonly [value: RESPOutput, resp3: string, resp2: string])[] = [
  ["héllo", "$6\r\nhéllo\r\n", "$6\r\nhéllo\r\n"],
  ["é".repeat(100), `$200\r\n${"é".repeat(100)}\r\n`, `$200\r\n${"é".repeat(100)}\r\n`],
  ["", "$0\r\n\r\n", "$0\r\n\r\n"],
  [new Uint8Array([65, 66]), "$2\r\nAB\r\n", "$2\r\nAB\r\n"],
  [OK, "+OK\r\n", "+OK\r\n"],
  [new SimpleString("grüße"), "+grüße\r\n", "+grüße\r\n"],
  [42, ":42\r\n", ":42\r\n"],
  [-7, ":-7\r\n", ":-7\r\n"],
  [2n ** 63n - 1n, ":9223372036854775807\r\n", ":9223372036854775807\r\n"],
  [2n ** 63n, "(9223372036854775808\r\n", "$19\r\n9223372036854775808\r\n"],
  [1.5, ",1.5\r\n", "$3\r\n1.5\r\n"],
  [-0, ",-0\r\n", "$2\r\n-0\r\n"],
  [1e300, ",1e+300\r\n", "$6\r\n1e+300\r\n"],
  [Infinity, ",inf\r\n", "$3\r\ninf\r\n"],
  [-Infinity, ",-inf\r\n", "$4\r\n-inf\r\n"],
  [NaN, ",nan\r\n", "$3\r\nnan\r\n"],
  [new RESPDouble(10), ",10\r\n", "$2\r\n10\r\n"],
  [true, "#t\r\n", ":1\r\n"],
  [false, "#f\r\n", ":0\r\n"],
  [null, "_\r\n", "$-1\r\n"],
  [NULL_ARRAY, "_\r\n", "*-1\r\n"],
  [new RESPError("ERR", "one\r\ntwo"), "-ERR one  two\r\n", "-ERR one  two\r\n"],
  [new VerbatimString("txt", new Uint8Array([65])), "=5\r\ntxt:A\r\n", "$1\r\nA\r\n"],
  [[1, ["a"]], "*2\r\n:1\r\n*1\r\n$1\r\na\r\n", "*2\r\n:1\r\n*1\r\n$1\r\na\r\n"],
  [new Map([["k", true]]), "%1\r\n$1\r\nk\r\n#t\r\n", "*2\r\n$1\r\nk\r\n:1\r\n"],
  [new Set([1, 2]), "~2\r\n:1\r\n:2\r\n", "*2\r\n:1\r\n:2\r\n"],
  [new AttributedValue(1, new Map([["ttl", 9]])), "|1\r\n$3\r\nttl\r\n:9\r\n:1\r\n", ":1\r\n"],
];

for (const [value, resp3, resp2] of ROWS) {
  Deno.test(`encodeReply() encodes ${Deno.inspect(value).slice(0, 50)} as RESP3 and RESP2`, () => {
    assertEquals(text(encodeReply(value, 3)), resp3);
    assertEquals(text(encodeReply(value)), resp2);
  });
}

Deno.test("encodeCommand() encodes text, bytes and numbers", () => {
  assertEquals(
    text(encodeCommand(["SET", new Uint8Array([107]), 1.5, 10n])),
    "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n1.5\r\n$2\r\n10\r\n",
  );
});

Deno.test("encodeCommand() throws for a command without words, and for other types", () => {
  assertThrows(() => encodeCommand([]), RangeError, "Cannot encode a command: it has no name");
  // A caller without types may pass anything.
  const words: string[] = JSON.parse('["GET", null]');
  assertThrows(() => encodeCommand(words), TypeError, "Cannot encode null in a command");
});

Deno.test("RESPEncoder encodes nothing of a value that it cannot encode", () => {
  const encoder = new RESPEncoder(3);
  encoder.reply("a");
  const values: string[] = JSON.parse('["b", {"c": 1}]');
  assertThrows(() => encoder.reply(values), TypeError, "Cannot encode");
  assertThrows(() => encoder.push(values), TypeError, "Cannot encode");
  assertThrows(() => encoder.command(JSON.parse('["b", []]')), TypeError, "Cannot encode");
  encoder.push(["message", "c"]);
  encoder.version = 2;
  encoder.push(["message", "c"]);
  const expected =
    "$1\r\na\r\n>2\r\n$7\r\nmessage\r\n$1\r\nc\r\n*2\r\n$7\r\nmessage\r\n$1\r\nc\r\n";
  assertEquals(encoder.size, expected.length);
  assertEquals(text(encoder.take()), expected);
  assertStrictEquals(encoder.size, 0);
});

Deno.test("RESPEncoder.reply() throws for arrays that contain themselves", () => {
  const array: RESPOutput[] = [];
  array.push(array);
  const encoder = new RESPEncoder();
  assertThrows(() => encoder.reply(array), RangeError, "more than 1000 aggregates");
  assertStrictEquals(encoder.size, 0);
});

Deno.test("RESPEncoder.take() returns memory that is never written again", () => {
  const encoder = new RESPEncoder();
  const taken: Uint8Array[] = [];
  const copies: Uint8Array[] = [];
  for (let i = 0; i < 2000; i++) {
    encoder.reply("x".repeat(i % 100) + i);
    encoder.command(["GET", i]);
    taken.push(encoder.take());
    copies.push(taken[i]?.slice() ?? new Uint8Array(0));
  }
  assertEquals(taken, copies);
});

Deno.test("SimpleString() and VerbatimString() refuse what they cannot be", () => {
  assertThrows(() => new SimpleString("a\nb"), RangeError, "it contains a line end");
  assertThrows(() => new VerbatimString("text", new Uint8Array(0)), RangeError, '"text"');
  assertEquals(`${OK} ${new VerbatimString("mkd", new Uint8Array([42]))}`, "OK *");
});
