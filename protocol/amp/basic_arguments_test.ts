/**
 * `ParsingTests.test_booleanValues`, `DecimalTests`, `FloatTests`, and the vectors of the
 * `ListOf…Tests` of Twisted's `test_amp.py`, item by item; see `amp_test.ts`.
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as amp from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** The text of a value on the wire. */
function encoded<I>(type: amp.Argument<unknown, I>, value: I): string {
  return text(type.encode(value, null));
}

/** The value that a text on the wire stands for. */
function decoded<T>(type: amp.Argument<T, never>, wire: string): T {
  return type.decode(bytes(wire), null);
}

/** Encodes a value of any type. */
function encodeAny(type: amp.Argument<unknown, never>, value: unknown): Uint8Array {
  // Callers of other languages may pass any value.
  return type.encode(value as never, null);
}

Deno.test("Integer encodes an integer as digits", () => {
  for (const value of [0, 10, 500, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    assertEquals(encoded(amp.Integer, value), `${value}`);
    assertEquals(decoded(amp.Integer, `${value}`), value);
  }
});

Deno.test("Integer decodes signs and leading zeros, as Python does", () => {
  assertEquals(["+5", "007", "-0"].map((wire) => decoded(amp.Integer, wire)), [5, 7, 0]);
});

Deno.test("Integer refuses what is not a safe integer, on both sides", () => {
  for (const value of [1.5, NaN, 2 ** 53, "1", 1n, null]) {
    assertThrows(() => encodeAny(amp.Integer, value), TypeError, "expected a safe integer, got");
  }
  for (const wire of ["", "1.5", "1_000", " 1", "0x10", "1e3", "é"]) {
    assertThrows(() => decoded(amp.Integer, wire), TypeError, "expected an integer, got");
  }
  for (const wire of ["9007199254740992", "-9007199254740992"]) {
    assertThrows(() => decoded(amp.Integer, wire), RangeError, "BigInteger has no limit");
  }
});

Deno.test("BigInteger has no limit", () => {
  const huge = (10n ** 58n - 1n) ** 2n;
  assertEquals(encoded(amp.BigInteger, huge), `${huge}`);
  for (const value of [huge, -huge, 0n]) assertEquals(decoded(amp.BigInteger, `${value}`), value);
  assertEquals(decoded(amp.BigInteger, "+12"), 12n);
  assertThrows(() => encodeAny(amp.BigInteger, 1), TypeError, "expected a bigint, got 1");
  assertThrows(() => decoded(amp.BigInteger, "0b1"), TypeError, "expected an integer");
});

Deno.test("Float encodes a number with all its digits", () => {
  assertEquals(encoded(amp.Float, 1.234), "1.234");
  fc.assert(fc.property(fc.double(), (value) => {
    assertEquals(decoded(amp.Float, encoded(amp.Float, value)), value);
  }));
});

Deno.test("Float decodes what Python writes", () => {
  const wires = ["1.0", "1e+16", "1e-05", "-0.0", "inf", "-inf", "nan", "Infinity", ".5", "5."];
  assertEquals(
    wires.map((wire) => decoded(amp.Float, wire)),
    [1, 1e16, 1e-5, -0, Infinity, -Infinity, NaN, Infinity, 0.5, 5],
  );
  for (const wire of ["", "0x10", "one", "1,5", "1e", "."]) {
    assertThrows(() => decoded(amp.Float, wire), TypeError, "expected a number");
  }
  for (const value of ["1.234", 1n]) {
    assertThrows(() => encodeAny(amp.Float, value), TypeError, "expected a number");
  }
});

Deno.test("Boolean is True or False, and nothing else", () => {
  assertEquals([encoded(amp.Boolean, true), encoded(amp.Boolean, false)], ["True", "False"]);
  assertEquals([decoded(amp.Boolean, "True"), decoded(amp.Boolean, "False")], [true, false]);
  for (const wire of ["ninja", "true", "TRUE", ""]) {
    assertThrows(() => decoded(amp.Boolean, wire), TypeError, 'expected "True" or "False"');
  }
  assertThrows(() => encodeAny(amp.Boolean, 1), TypeError, "expected a boolean");
});

Deno.test("String passes bytes on unchanged", () => {
  const data = new Uint8Array([0, 255, 13, 10]);
  assertEquals(amp.String.decode(amp.String.encode(data, null), null), data);
  assertThrows(() => encodeAny(amp.String, "text"), TypeError, "expected a Uint8Array");
});

Deno.test("Unicode is UTF-8", () => {
  assertEquals([...amp.Unicode.encode("☃", null)], [0xe2, 0x98, 0x83]);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (value) => {
    assertEquals(decoded(amp.Unicode, value), value);
    assertEquals(encoded(amp.Unicode, value), value);
  }));
  assertEquals(amp.Unicode.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), null), "\ufeffa");
});

Deno.test("Unicode refuses lone surrogates, and bytes that are not UTF-8", () => {
  assertThrows(() => amp.Unicode.encode("a\ud800", null), TypeError, "lone surrogates");
  assertThrows(() => encodeAny(amp.Unicode, 5), TypeError, "expected a string");
  assertThrows(() => amp.Unicode.decode(new Uint8Array([0xff]), null), TypeError, "UTF-8");
});

Deno.test("Decimal keeps the notation of a number", () => {
  const values = [
    ...["1.1", "Infinity", "-Infinity", "3.141E+5", "0.00003141", "3.141E-7", "-3.141E+5"],
    ...["-0.00003141", "-3.141E-7", "0E+6", "1.5E-9", "NaN", "-NaN", "sNaN", "-sNaN", "10", "1E+2"],
  ];
  for (const value of values) {
    assertEquals([encoded(amp.Decimal, value), decoded(amp.Decimal, value)], [value, value]);
  }
});

Deno.test("Decimal refuses what is not a decimal number", () => {
  for (const value of [1.234, 1234, 1n]) {
    assertThrows(() => encodeAny(amp.Decimal, value), TypeError, "as a string");
  }
  for (const value of ["", "one", "1,5", "1e", "0x1", "١", "1 "]) {
    assertThrows(() => encoded(amp.Decimal, value), TypeError, "expected a decimal number");
    assertThrows(() => decoded(amp.Decimal, value), TypeError, "expected a decimal number");
  }
});
