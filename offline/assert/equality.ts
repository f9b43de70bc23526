import nodeAssert from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";
import { failWith } from "./assertion_error.ts";
import { structureOf } from "./structure.ts";

/** Whether `a` and `b` are equal in depth, the way {@linkcode assertEquals} sees it. */
export function equal(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || isDeepStrictEqual(structureOf(a), structureOf(b));
}

/** `actual` and `expected` are equal in depth. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  failWith(difference(structureOf(actual), structureOf(expected)), msg);
}

/** `actual` and `expected` are not equal in depth. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    failWith(`Expected anything but ${inspect(actual)}`, msg);
  }
}

/** `actual` is the very value `expected` (`Object.is`). */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  failWith(
    `Expected ${inspect(actual)} to be the very same value as ${inspect(expected)}`,
    msg,
  );
}

/** `actual` is not the very value `expected` (`Object.is`). */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (Object.is(actual, expected)) {
    failWith(`Expected another value than ${inspect(actual)}`, msg);
  }
}

/** Two unequal values side by side, as `node:assert` shows them. */
function difference(actual: unknown, expected: unknown): string {
  try {
    nodeAssert.deepStrictEqual(actual, expected);
  } catch (error) {
    if (error instanceof nodeAssert.AssertionError) {
      return error.message.trimEnd();
    }
    throw error;
  }
  return `Values are not equal: ${inspect(actual)} and ${inspect(expected)}`;
}
