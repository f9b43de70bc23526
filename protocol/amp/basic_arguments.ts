/**
 * The types of arguments that are one value.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import { Argument } from "./argument.ts";
import { decodeText, encodeText } from "./short_text.ts";
import { notA } from "./errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of a decimal number, as Python's `decimal` reads it. */
const DECIMAL = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|s?nan\d*)$/i;
/** The text of a number in Python's `float`, without its names for values that are not finite. */
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const NOT_FINITE: Readonly<Record<string, number>> = {
  nan: NaN,
  inf: Infinity,
  infinity: Infinity,
};

class IntegerArgument extends Argument<number> {
  override encode(value: number): Uint8Array {
    if (!Number.isSafeInteger(value)) throw notA("a safe integer", value);
    return encodeText(`${value}`);
  }

  override decode(bytes: Uint8Array): number {
    const digits = integerText(bytes);
    const value = Number(digits);
    if (Number.isSafeInteger(value)) return value + 0; // not -0
    throw new RangeError(
      `expected an integer of at most ${Number.MAX_SAFE_INTEGER}, got ${quote(digits)}; ` +
        "BigInteger has no limit",
    );
  }
}

class BigIntegerArgument extends Argument<bigint> {
  override encode(value: bigint): Uint8Array {
    if (typeof value !== "bigint") throw notA("a bigint", value);
    return encodeText(`${value}`);
  }

  override decode(bytes: Uint8Array): bigint {
    const digits = integerText(bytes);
    return digits.startsWith("+") ? BigInt(digits.slice(1)) : BigInt(digits);
  }
}

class FloatArgument extends Argument<number> {
  override encode(value: number): Uint8Array {
    if (typeof value !== "number") throw notA("a number", value);
    if (Object.is(value, -0)) return encodeText("-0.0");
    return encodeText(`${value}`);
  }

  override decode(bytes: Uint8Array): number {
    const number = decodeText(bytes);
    if (FLOAT.test(number)) return Number(number);
    const size = NOT_FINITE[number.replace(/^[+-]/, "").toLowerCase()];
    if (size === undefined) throw notA("a number", number);
    return number.startsWith("-") ? -size : size;
  }
}

class BooleanArgument extends Argument<boolean> {
  override encode(value: boolean): Uint8Array {
    if (typeof value !== "boolean") throw notA("a boolean", value);
    return encodeText(value ? "True" : "False");
  }

  override decode(bytes: Uint8Array): boolean {
    const name = decodeText(bytes);
    if (name === "True") return true;
    if (name === "False") return false;
    throw notA('"True" or "False"', name);
  }
}

class StringArgument extends Argument<Uint8Array> {
  override encode(value: Uint8Array): Uint8Array {
    if (!(value instanceof Uint8Array)) throw notA("a Uint8Array", value);
    return value;
  }

  override decode(bytes: Uint8Array): Uint8Array {
    return bytes;
  }
}

class UnicodeArgument extends Argument<string> {
  override encode(value: string): Uint8Array {
    if (typeof value !== "string") throw notA("a string", value);
    if (!value.isWellFormed()) throw notA("a string without lone surrogates", value);
    return encoder.encode(value);
  }

  override decode(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes);
    } catch (error) {
      throw new TypeError("expected UTF-8", { cause: error });
    }
  }
}

class DecimalArgument extends Argument<string> {
  override encode(value: string): Uint8Array {
    if (typeof value !== "string") throw notA("a decimal number as a string", value);
    return encodeText(decimal(value));
  }

  override decode(bytes: Uint8Array): string {
    return decimal(decodeText(bytes));
  }
}

function decimal(value: string): string {
  if (DECIMAL.test(value)) return value;
  throw notA("a decimal number", value);
}

/** Returns the text of an integer: digits, with or without a sign. */
function integerText(bytes: Uint8Array): string {
  const digits = decodeText(bytes);
  if (!/^[+-]?\d+$/.test(digits)) throw notA("an integer", digits);
  return digits;
}

/**
 * An integer that a JavaScript number represents exactly: at most 2⁵³ − 1 in either direction. A
 * greater one is an error on both sides. Twisted's `Integer`, whose integers have any size; see
 * {@linkcode BigInteger}.
 */
export const Integer: Argument<number> = new IntegerArgument();

/** An integer of any size, as a `bigint`. On the wire it is the same as {@linkcode Integer}. */
export const BigInteger: Argument<bigint> = new BigIntegerArgument();

/** A number, including infinities and NaN. Twisted's `Float`. */
export const Float: Argument<number> = new FloatArgument();

/** A boolean. Twisted's `Boolean`. */
export const Boolean: Argument<boolean> = new BooleanArgument();

/** Bytes. Twisted's `String`. The received bytes are a view of the memory of their box. */
export const String: Argument<Uint8Array> = new StringArgument();

/** Text, as UTF-8. Twisted's `Unicode`. */
export const Unicode: Argument<string> = new UnicodeArgument();

/**
 * A decimal number, as a string in the notation of the General Decimal Arithmetic Specification:
 * `"1.50"`, `"1E+2"`, `"-Infinity"`, `"NaN"`. JavaScript has no such type; libraries for decimal
 * numbers read and write these strings. The digits are kept, so that `"1.50"` arrives as `"1.50"`.
 * Twisted's `Decimal`.
 */
export const Decimal: Argument<string> = new DecimalArgument();
