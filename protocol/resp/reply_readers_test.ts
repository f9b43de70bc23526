/** The functions that give a reply its type. */

import { assertEquals, assertThrows } from "@std/assert";
import { FramingError } from "../mod.ts";
import {
  asBoolean,
  asBytes,
  asBytesOrNull,
  asInteger,
  asNumber,
  asRaw,
  asText,
  asTextMap,
  asTextOrNull,
  asTexts,
  asTextValue,
  AttributedValue,
  RESPDecoder,
  RESPError,
  type RESPValue,
  UnexpectedReply,
  VerbatimString,
} from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const A = bytes("a");
const B = bytes("b");
const verbatim = new VerbatimString("txt", A);

/** Each reader, with replies that it accepts and their results, and replies that it rejects. */
const cases: [
  read: (value: RESPValue) => unknown,
  accepted: [RESPValue, unknown][],
  rejected: RESPValue[],
][] = [
  [asText, [[A, "a"], ["a", "a"], [verbatim, "a"]], [null, 1, [A]]],
  [asTextOrNull, [[A, "a"], [null, null]], [1, true]],
  [asBytes, [[A, A]], ["OK", null, 1]],
  [asBytesOrNull, [[A, A], [null, null]], ["OK", 1]],
  [asInteger, [[7, 7], [-1, -1]], [1.5, 9007199254740993n, bytes("7"), true, null]],
  [
    asNumber,
    [[1.5, 1.5], [bytes("1.5"), 1.5], [bytes("-inf"), -Infinity], [bytes("nan"), NaN]],
    [bytes("x"), bytes(""), null, 1n],
  ],
  [asBoolean, [[true, true], [1, true], [0, false]], [2, null, bytes("1")]],
  [asTexts, [[[A, B], ["a", "b"]], [new Set([A]), ["a"]]], [[A, 1], [null], new Map(), A]],
  [
    asTextMap,
    [
      [new Map<RESPValue, RESPValue>([["k", A]]), new Map([["k", "a"]])],
      [[A, B], new Map([["a", "b"]])],
    ],
    [[A], [A, 1], new Map<RESPValue, RESPValue>([["k", 1]]), null],
  ],
  [asRaw, [[A, A], [verbatim, verbatim]], []],
];

for (const [read, accepted, rejected] of cases) {
  Deno.test(`${read.name}() checks the type of a reply`, () => {
    for (const [value, result] of accepted) assertEquals(read(value), result);
    for (const value of rejected) {
      assertThrows(() => read(value), UnexpectedReply, "Cannot read the reply as");
    }
  });
}

Deno.test("asNumber() reads a text as RESPDecoder reads a double", () => {
  const texts = ["1", "+1.5", "1.", "-1e3", "1E-2", "inf", "+inf", "-inf", "nan", "-nan"];
  const invalid = ["INF", "NaN", "Infinity", ".5", "0x10", " 1", "1 ", "1e", "1_0", "--1", "é"];
  const outcome = (read: () => RESPValue | undefined): RESPValue | undefined => {
    try {
      return read();
    } catch (error) {
      if (error instanceof UnexpectedReply || error instanceof FramingError) return "invalid";
      throw error;
    }
  };
  for (const text of [...texts, ...invalid]) {
    const decoder = new RESPDecoder();
    decoder.push(bytes(`,${text}\r\n`));
    const decoded = outcome(() => decoder.next()?.value);
    assertEquals(outcome(() => asNumber(bytes(text))), decoded, text);
    assertEquals(decoded === "invalid", invalid.includes(text), text);
  }
});

Deno.test("asTextValue() returns the strings of any reply as text", () => {
  const error = new RESPError("ERR", "no");
  const value: RESPValue = [
    A,
    "simple",
    verbatim,
    new AttributedValue(B, new Map()),
    new Map<RESPValue, RESPValue>([["k", [A]]]),
    new Set<RESPValue>([A]),
    error,
    1,
    1n,
    null,
    true,
  ];
  assertEquals(asTextValue(value), [
    "a",
    "simple",
    "a",
    "b",
    new Map([["k", ["a"]]]),
    new Set(["a"]),
    error,
    1,
    1n,
    null,
    true,
  ]);
});

Deno.test("UnexpectedReply has the reply, and shows it in no text", () => {
  const error = assertThrows(() => asInteger(bytes("secret")), UnexpectedReply);
  assertEquals(error.value, bytes("secret"));
  assertEquals(error.message, "Cannot read the reply as an integer: it is a Uint8Array");
  assertEquals(Deno.inspect(error).includes("115"), false);
});
