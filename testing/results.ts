/**
 * Checks of Deferreds' results, for tests without an event loop. Twisted's trial has these methods
 * on its `SynchronousTestCase`.
 *
 * @module
 */

import type { Deferred } from "../defer/mod.ts";

/**
 * Thrown by `successResultOf()`, `failureResultOf()` and `assertNoResult()` if a Deferred is not in
 * the expected state.
 */
export class UnexpectedResult extends Error {
  /** The error's name. */
  override readonly name = "UnexpectedResult";
}

/** A class of errors, as {@linkcode failureResultOf} accepts it. */
export type ErrorType<E extends Error = Error> = abstract new (...args: never[]) => E;

type Outcome<T> = { value: T } | { error: Error };

/**
 * Returns the outcome of a Deferred, or null if it has not fired. A failure then counts as handled.
 */
function outcomeOf<T>(deferred: Deferred<T>): Outcome<T> | null {
  let outcome: Outcome<T> | null = null;
  // Read through a function, because TypeScript does not know that the callbacks may have run
  // already.
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
 * @throws {UnexpectedResult} If the Deferred has not fired, or has failed. The failure is the
 * `cause`.
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
 * @param deferred The Deferred. Its result is `undefined` afterwards.
 * @param types The accepted classes of the error. Without any, every error is accepted.
 * @returns The error.
 * @throws {UnexpectedResult} If the Deferred has not fired, has succeeded, or has failed with an
 * error of another class, which is the `cause`.
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
 * @param deferred The Deferred. It can still be fired. A later failure stays unhandled.
 * @throws {UnexpectedResult} If the Deferred has a result, or has failed. The failure is the
 * `cause`.
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
