import { inspect } from "node:util";
import { AssertionError, failWith } from "./assertion_error.ts";

/** `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) failOrder(actual, ">", expected, msg);
}

/** `actual >= expected`. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) failOrder(actual, ">=", expected, msg);
}

/** `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) failOrder(actual, "<", expected, msg);
}

/** `actual <= expected`. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) failOrder(actual, "<=", expected, msg);
}

/** `actual` differs from `expected` by no more than `tolerance`: by default 1e-7 of `expected`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  const limit = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  // Object.is covers the infinities and NaN, whose difference from themselves is NaN.
  if (Object.is(actual, expected) || Math.abs(expected - actual) <= limit) {
    return;
  }
  failWith(`Expected ${actual} to be within ${limit} of ${expected}`, msg);
}

function failOrder(
  actual: unknown,
  operator: string,
  expected: unknown,
  msg?: string,
): never {
  throw new AssertionError(
    msg ?? `Expected ${inspect(actual)} ${operator} ${inspect(expected)}`,
  );
}
