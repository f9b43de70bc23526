/**
 * The assertions of the conformance suites. They have the signatures of `@std/assert` and are built on
 * `node:assert`: the published suites then need no other package.
 *
 * @module
 */

import nodeAssert from "node:assert/strict";

/** A class of errors. */
// Any constructor will do: its parameters do not matter here.
type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** Throws unless a condition holds. */
export function assert(condition: unknown, message?: string): asserts condition {
  nodeAssert.ok(condition, message ?? "Expected a value that is true");
}

/** Throws unless two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, message);
}

/** Throws unless two values are the same. */
export function assertStrictEquals<T>(actual: unknown, expected: T): asserts actual is T {
  nodeAssert.strictEqual(actual, expected);
}

/** Throws unless a value is an instance of a class. */
export function assertInstanceOf<T>(
  actual: unknown,
  expected: abstract new (...args: never[]) => T,
): asserts actual is T {
  if (actual instanceof expected) return;
  throw new nodeAssert.AssertionError({
    message: `Expected an instance of ${expected.name}, got ${String(actual)}`,
    actual,
    expected,
  });
}

/** Throws unless a text matches a pattern. */
export function assertMatch(actual: string, expected: RegExp): void {
  nodeAssert.match(actual, expected);
}

/** Throws unless a text contains another. */
export function assertStringIncludes(actual: string, expected: string): void {
  if (actual.includes(expected)) return;
  const message = `Expected ${JSON.stringify(actual)} to contain ${JSON.stringify(expected)}`;
  throw new nodeAssert.AssertionError({ message, actual, expected });
}

/** Throws unless a function throws an error of a class, with a message that contains a text. */
export function assertThrows<E extends Error = Error>(
  f: () => unknown,
  expected?: ErrorClass<E>,
  text: string = "",
): E {
  try {
    f();
  } catch (error) {
    return checkedError(error, expected, text);
  }
  throw new nodeAssert.AssertionError({ message: "Expected the function to throw" });
}

/** As {@linkcode assertThrows}, for a function that returns a promise or the like. */
export async function assertRejects<E extends Error = Error>(
  f: () => PromiseLike<unknown>,
  expected?: ErrorClass<E>,
  text: string = "",
): Promise<E> {
  try {
    await f();
  } catch (error) {
    return checkedError(error, expected, text);
  }
  throw new nodeAssert.AssertionError({ message: "Expected the promise to be rejected" });
}

function checkedError<E extends Error>(
  error: unknown,
  expected: ErrorClass<E> | undefined,
  text: string,
): E {
  if (expected === undefined) assertInstanceOf(error, Error);
  else assertInstanceOf(error, expected);
  assertStringIncludes(error.message, text);
  // Checked above; without a class, E is Error.
  return error as E;
}
