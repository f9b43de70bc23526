/**
 * Results of Deferreds, for tests that need no event loop. Twisted's trial has these methods on its
 * `SynchronousTestCase`.
 *
 * @module
 */

import type { Deferred } from "../defer/mod.ts";

/** Thrown by the result helpers when a Deferred is not in the state that the test expects. */
export class UnexpectedResult extends Error {
  /** The error's name. */
  override readonly name = "UnexpectedResult";
}

/** A constructor of errors: what {@linkcode failureResultOf} compares with `instanceof`. */
export type ErrorType<E extends Error = Error> = abstract new (...args: never[]) => E;

type Outcome<T> = { value: T } | { error: Error };

/** Takes the outcome of a Deferred: what it fails with counts as handled. */
function outcomeOf<T>(deferred: Deferred<T>): Outcome<T> | null {
  let outcome: Outcome<T> | null = null;
  // Read through a function: the compiler does not see that the callbacks may have run already.
  const read = (): Outcome<T> | null => outcome;
  deferred.addCallbacks(
    (value) => {
      outcome = { value };
      return value;
    },
    (error) => {
      outcome = { error };
    },
  );
  return read();
}

/**
 * Returns the result of a Deferred that has fired.
 *
 * @param deferred The Deferred. It keeps its result.
 * @returns The result.
 * @throws {UnexpectedResult} if the Deferred has no result yet, or has failed; the failure is the
 *   `cause`.
 *
 * @example
 * ```ts
 * import { succeed } from "@torsion/reactor/defer";
 * import { successResultOf } from "@torsion/reactor/testing";
 *
 * console.log(successResultOf(succeed(42))); // 42
 * ```
 */
export function successResultOf<T>(deferred: Deferred<T>): T {
  const outcome = outcomeOf(deferred);
  if (outcome === null) throw noResult("a result");
  if ("value" in outcome) return outcome.value;
  throw new UnexpectedResult(`Expected a result, but the Deferred failed with ${outcome.error}`, {
    cause: outcome.error,
  });
}

/**
 * Returns the failure of a Deferred that has failed. The failure then counts as handled.
 *
 * @param deferred The Deferred. Afterwards its result is `undefined`.
 * @param types The classes of which the error must be one; with none, any error will do.
 * @returns The error.
 * @throws {UnexpectedResult} if the Deferred has no result yet, has succeeded, or has failed with an
 *   error of another class, which is the `cause`.
 *
 * @example
 * ```ts
 * import { fail } from "@torsion/reactor/defer";
 * import { failureResultOf } from "@torsion/reactor/testing";
 *
 * const error = failureResultOf(fail(new RangeError("too far")), RangeError);
 * console.log(error.message); // too far
 * ```
 */
export function failureResultOf<E extends Error = Error>(
  deferred: Deferred<unknown>,
  ...types: ErrorType<E>[]
): E {
  const outcome = outcomeOf(deferred);
  const expected = types.length === 0
    ? "a failure"
    : `a failure of class ${types.map(({ name }) => name).join(" or ")}`;
  if (outcome === null) throw noResult(expected);
  if ("value" in outcome) {
    throw new UnexpectedResult(
      `Expected ${expected}, but the Deferred succeeded with ${String(outcome.value)}`,
    );
  }
  const { error } = outcome;
  // With no class given, E is Error.
  if (types.length === 0 || types.some((type) => error instanceof type)) return error as E;
  throw new UnexpectedResult(`Expected ${expected}, but the Deferred failed with ${error}`, {
    cause: error,
  });
}

/**
 * Checks that a Deferred has not fired.
 *
 * @param deferred The Deferred. It can still be fired; a failure that comes later is its owner's to
 *   handle.
 * @throws {UnexpectedResult} if the Deferred has a result, or has failed; the failure is the `cause`.
 *
 * @example
 * ```ts
 * import { Deferred } from "@torsion/reactor/defer";
 * import { assertNoResult } from "@torsion/reactor/testing";
 *
 * assertNoResult(new Deferred<string>());
 * ```
 */
export function assertNoResult(deferred: Deferred<unknown>): void {
  let isChecking = true;
  let found: UnexpectedResult | null = null;
  const read = (): UnexpectedResult | null => found;
  deferred.addCallbacks(
    (value) => {
      if (isChecking) {
        found = new UnexpectedResult(
          `Expected no result, but the Deferred succeeded with ${String(value)}`,
        );
      }
      return value;
    },
    (error) => {
      if (!isChecking) throw error;
      found = new UnexpectedResult(`Expected no result, but the Deferred failed with ${error}`, {
        cause: error,
      });
    },
  );
  isChecking = false;
  const unexpected = read();
  if (unexpected !== null) throw unexpected;
}

function noResult(expected: string): UnexpectedResult {
  return new UnexpectedResult(`Expected ${expected}, but the Deferred has not fired`);
}
