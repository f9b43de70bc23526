/**
 * The numbers of RESP, as text and as bytes.
 *
 * @module
 */

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
/** The greatest number of digits that are always a safe integer. */
const SAFE_DIGITS = 15;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const INTEGER = /^[+-]?[0-9]+$/;
const DOUBLE = /^[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?$/;
const SPECIAL_DOUBLES: ReadonlyMap<string, number> = new Map([
  ["inf", Infinity],
  ["+inf", Infinity],
  ["-inf", -Infinity],
  ["nan", NaN],
  // Redis before version 7.2 sends what the C library prints.
  ["-nan", NaN],
]);

/**
 * Returns the integer that a part of `bytes` is the text of: digits, with a minus sign in front if
 * it is negative.
 *
 * @returns The integer; `NaN` if the text is not an integer, or has more than 15 digits.
 */
export function integerIn(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (first >= end || end - first > SAFE_DIGITS) return NaN;
  let value = 0;
  for (let i = first; i < end; i++) {
    const digit = (bytes[i] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return isNegative && value > 0 ? -value : value;
}

/**
 * Returns the integer of 64 bits that a part of `bytes` is the text of.
 *
 * @returns The integer, as a `bigint` outside of the safe integers; `null` if the text is not one.
 */
export function int64In(bytes: Uint8Array, start: number, end: number): number | bigint | null {
  const value = integerIn(bytes, bytes[start] === PLUS ? start + 1 : start, end);
  if (!Number.isNaN(value)) return value;
  const big = bigIntIn(bytes, start, end);
  if (big === null || !isInt64(big)) return null;
  const number = Number(big);
  return Number.isSafeInteger(number) ? number : big;
}

/** Returns the integer that a part of `bytes` is the text of; `null` if it is not an integer. */
export function bigIntIn(bytes: Uint8Array, start: number, end: number): bigint | null {
  const text = asciiText(bytes, start, end);
  if (!INTEGER.test(text)) return null;
  // BigInt() does not accept a plus sign.
  return BigInt(text.startsWith("+") ? text.slice(1) : text);
}

/**
 * Returns the double that a part of `bytes` is the text of, by the rule of the specification:
 * digits, optionally with a fraction and an exponent, or `inf`, `-inf` or `nan`, in lower case.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/#doubles
 *
 * @returns The number; `null` if the text is not one.
 */
export function doubleIn(bytes: Uint8Array, start: number, end: number): number | null {
  const text = asciiText(bytes, start, end);
  return DOUBLE.test(text) ? Number(text) : SPECIAL_DOUBLES.get(text) ?? null;
}

/** Returns whether an integer has at most 64 bits. */
export function isInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64;
}

/** Returns the text of a double. */
export function textOfDouble(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}
