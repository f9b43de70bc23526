/**
 * `ListOfStringsTests`, `ListOfIntegersTests`, `ListOfUnicodeTests`, `ListOfDecimalTests`,
 * `ListOfDecimalNanTests` and `ListOfOptionalTests` of Twisted's `test_amp.py`; see `amp_test.ts`.
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as amp from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Checks both directions of a list. */
function checkList<T>(type: amp.Argument<T, T>, values: T[], wire: string): void {
  const list = amp.ListOf(type);
  assertEquals(list.encode(values, null), bytes(wire));
  assertEquals(list.decode(bytes(wire), null), values);
}

Deno.test("ListOf agrees with Twisted's vectors of String", () => {
  checkList(amp.String, [], "");
  checkList(amp.String, [bytes("foo")], "\0\x03foo");
  checkList(amp.String, ["bar", "baz", "quux"].map(bytes), "\0\x03bar\0\x03baz\0\x04quux");
});

Deno.test("ListOf agrees with Twisted's vectors of Integer", () => {
  checkList(amp.Integer, [10], "\0\x0210");
  checkList(amp.Integer, [1, 20, 500], "\0\x011\0\x0220\0\x03500");
  checkList(amp.Integer, [-1], "\0\x02-1");
  const huge = (10n ** 58n - 1n) ** 2n;
  checkList(amp.BigInteger, [huge], `\0\x74${huge}`);
});

Deno.test("ListOf agrees with Twisted's vectors of Unicode", () => {
  checkList(amp.Unicode, ["☃", "Hello", "world"], "\0\x03☃\0\x05Hello\0\x05world");
});

Deno.test("ListOf agrees with Twisted's vectors of Decimal", () => {
  checkList(amp.Decimal, ["1.1"], "\0\x031.1");
  checkList(amp.Decimal, ["Infinity", "-Infinity"], "\0\x08Infinity\0\x09-Infinity");
  checkList(
    amp.Decimal,
    ["3.141E+5", "0.00003141", "3.141E-7", "-3.141E+5", "-0.00003141", "-3.141E-7"],
    "\0\x083.141E+5\0\x0a0.00003141\0\x083.141E-7\0\x09-3.141E+5\0\x0b-0.00003141\0\x09-3.141E-7",
  );
  checkList(amp.Decimal, ["0E+6", "1.5E-9"], "\0\x040E+6\0\x061.5E-9");
  checkList(
    amp.Decimal,
    ["NaN", "-NaN", "sNaN", "-sNaN"],
    "\0\x03NaN\0\x04-NaN\0\x04sNaN\0\x05-sNaN",
  );
});

Deno.test("ListOf decodes the list that it has encoded", () => {
  const list = amp.ListOf(amp.ListOf(amp.Unicode));
  fc.assert(fc.property(fc.array(fc.array(fc.string({ unit: "binary" }))), (values) => {
    assertEquals(list.decode(list.encode(values, null), null), values);
  }));
});

Deno.test("ListOf throws for a list that ends within an item", () => {
  for (const wire of ["\0", "\0\x02", "\0\x02a", "\0\x01a\0\x05b"]) {
    assertThrows(() => amp.ListOf(amp.String).decode(bytes(wire), null), Error, "ends after");
  }
});

Deno.test("ListOf names the item that it cannot encode or decode", () => {
  const list = amp.ListOf(amp.Integer);
  assertThrows(() => list.encode([1, 2.5], null), TypeError, "item 1: expected a safe integer");
  assertThrows(() => list.decode(bytes("\0\x01x"), null), TypeError, "item 0: expected an integer");
  const long = amp.ListOf(amp.Unicode);
  assertThrows(() => long.encode(["x".repeat(65536)], null), TypeError, "item 0: Cannot encode");
});

Deno.test("ListOf refuses a value that is not an array, and a type that is not an Argument", () => {
  // Callers without types may pass any value.
  const list = amp.ListOf(amp.Integer) as amp.Argument<unknown, unknown>;
  assertThrows(() => list.encode(null, null), TypeError, "expected an array, got null");
  const notAType = 5 as unknown as amp.Argument<number>;
  assertThrows(() => amp.ListOf(notAType), TypeError, "an Argument, got 5");
});

Deno.test("AmpList is a sequence of boxes", () => {
  const list = amp.AmpList({ a: amp.Integer, b: amp.Unicode });
  const values = [{ a: 7, b: "hello" }, { a: 9, b: "goodbye" }];
  const wire = bytes("\0\x01a\0\x017\0\x01b\0\x05hello\0\0\0\x01a\0\x019\0\x01b\0\x07goodbye\0\0");
  assertEquals(list.encode(values, null), wire);
  assertEquals(list.decode(wire, null), values);
  assertEquals([list.encode([], null), list.decode(new Uint8Array(0), null)], [
    new Uint8Array(0),
    [],
  ]);
});

Deno.test("AmpList may have optional arguments, and may be nested", () => {
  const list = amp.AmpList({ points: amp.AmpList({ x: amp.Integer, y: amp.optional(amp.Float) }) });
  const values = [{ points: [{ x: 1 }, { x: 2, y: 0.5 }] }, { points: [] }];
  assertEquals(list.decode(list.encode(values, null), null), values);
});

Deno.test("AmpList names the item and the value that it cannot encode or decode", () => {
  const list = amp.AmpList({ x: amp.Integer });
  assertThrows(
    () => list.encode([{ x: 1 }, { x: 2.5 }], null),
    TypeError,
    'item 1: the value of "x" is invalid: expected a safe integer, got 2.5',
  );
  assertThrows(
    () => list.decode(bytes("\0\0"), null),
    TypeError,
    'item 0: the value of "x" is missing',
  );
  assertThrows(() => list.decode(bytes("\0\x01x"), null), amp.MalformedAmpBox);
  // Callers without types may pass any value.
  const untyped = list as amp.Argument<unknown, unknown>;
  assertThrows(() => untyped.encode([null], null), TypeError, "item 0: expected an object");
});

Deno.test("ListOf that is required throws for a value that is missing", () => {
  const list = amp.ListOf(amp.Integer);
  for (const objects of [{ omitted: undefined }, { other: 0 }]) {
    assertThrows(
      () => list.toBox("omitted", new amp.AmpBox(), objects, null),
      amp.InvalidSignature,
      'the value of "omitted" is missing',
    );
  }
});

Deno.test("optional(ListOf) leaves a value that is missing out of the box", () => {
  const list = amp.optional(amp.ListOf(amp.Integer));
  for (const objects of [{ omitted: undefined }, { other: 0 }]) {
    const box = new amp.AmpBox();
    list.toBox("omitted", box, objects, null);
    assertEquals(box.size, 0);
  }
});

Deno.test("optional(ListOf) sets no value if the box has none", () => {
  const objects: amp.ArgumentValues = {};
  amp.optional(amp.ListOf(amp.Integer)).fromBox("omitted", new amp.AmpBox(), objects, null);
  assertEquals(objects, {});
});
