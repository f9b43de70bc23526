/**
 * The assertions of the conformance suites. They have the signatures of `@std/assert` and use
 * `node:assert`, so that the published suites need no other package.
 *
 * @module
 */

import nodeAssert from "node:assert/strict";

/** A class of errors. */
// The parameters of the constructor do not matter here.
type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** Throws unless a value is truthy. */
export function assert(condition: unknown, message?: string): asserts condition {
  nodeAssert.ok(condition, message ?? "Expected a truthy value");
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

/** Throws unless a text contains another text. */
export function assertStringIncludes(actual: string, expected: string): void {
  if (actual.includes(expected)) return;
  const message = `Expected ${JSON.stringify(actual)} to contain ${JSON.stringify(expected)}`;
  throw new nodeAssert.AssertionError({ message, actual, expected });
}

/**
 * Throws unless a function throws an error of the given class, with a message that contains the
 * given text.
 */
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

/**
 * Throws unless the promise or thenable of a function rejects as {@linkcode assertThrows} requires.
 */
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
  throw new nodeAssert.AssertionError({ message: "Expected the promise to reject" });
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
