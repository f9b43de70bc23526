/**
 * Calls into code that the reactor does not trust to be right: what goes wrong there is logged and ends nothing else.
 *
 * @module
 */

import { Deferred } from "../defer/deferred.ts";
import { follow, isError, isInstance, isThenable, quote } from "../log/foreign.ts";
import { err } from "../log/mod.ts";

export { isThenable };

/**
 * Calls one of the two when `result` is there. A Deferred that has fired is there at once, and keeps its result; what fails is handled.
 */
export function whenSettled(
  result: PromiseLike<unknown>,
  succeeded: () => void,
  failed: (error: unknown) => void,
): void {
  if (!isInstance(result, Deferred)) {
    // By way of a real promise: any other object's own then() may throw, or call back twice.
    follow(result, succeeded, failed);
    return;
  }
  result.addCallbacks((value: unknown) => {
    succeeded();
    return value;
  }, failed);
}

/** Logs an error that came out of user code. */
export function logUserError(error: unknown, why: string): void {
  err(error, why);
}

/** Calls `failed` if `result` is a promise and is rejected. A Deferred is left alone: it logs an unhandled failure itself. */
export function onRejection(result: unknown, failed: (error: unknown) => void): void {
  if (!isThenable(result) || isInstance(result, Deferred)) return;
  follow(result, undefined, failed);
}

/** `error` itself, or an Error around what was thrown instead of one. */
export function asError(error: unknown): Error {
  return isError(error)
    ? error
    : new Error(`Not an Error was thrown: ${quote(error)}`, { cause: error });
}

/**
 * Calls `f(...args)` and logs what it throws, or what the promise it returns is rejected with.
 *
 * @param why What was being done, for the log.
 */
export function callLogged(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  why: string,
): void {
  try {
    // Whoever stored the function stored these arguments with it, under a type that matches them.
    const result = f(...args as never[]);
    // Asked here, so that the calls that return nothing, which are most, cost no closure.
    if (isThenable(result)) onRejection(result, (error) => logUserError(error, why));
  } catch (error) {
    logUserError(error, why);
  }
}
