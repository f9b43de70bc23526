/**
 * Calls user code so that an error in it is logged, with the name of the function that was called,
 * and stops nothing else.
 *
 * Every call of user code goes through this module, or through `factory_calls.ts`, which builds on
 * it. User code may throw any value, and it may return a promise or another thenable that fails
 * later. Both are treated as the same error.
 *
 * @module
 */

import { Deferred } from "./deferred.ts";
import {
  atOnce as refuseLate,
  follow,
  isError,
  isInstance,
  isThenable,
  quote,
  textAtOnce,
} from "../internal/foreign_value.ts";
import { nameByDefault } from "./unhandled.ts";
import { err } from "../log/mod.ts";

export { isThenable };

/** Receives an error of user code, which may be any value. */
export type UserCodeFailed = (error: unknown) => void;

/** An object whose `logPrefix()`, if it has one, returns its name in the log. */
export interface Named {
  /** Returns the name. Without this method, the name is that of the class. */
  logPrefix?(): string;
}

/**
 * Returns whether `value` is a thenable whose rejection must be logged here. A Deferred is not: it
 * reports an unhandled failure itself.
 */
export function isWatched(value: unknown): value is PromiseLike<unknown> {
  return isThenable(value) && !isInstance(value, Deferred);
}

/**
 * Calls `succeeded` or `failed` when `result` settles.
 *
 * If `result` is a Deferred, it keeps its result, a failure counts as handled, and the call is made
 * at once if it has fired.
 */
export function whenSettled(
  result: PromiseLike<unknown>,
  succeeded: () => void,
  failed: UserCodeFailed,
): void {
  if (!isInstance(result, Deferred)) return follow(result, succeeded, failed);
  result.addCallbacks((value: unknown) => {
    succeeded();
    return value;
  }, failed);
}

/** Logs an error of user code. Never throws, so that the caller can continue. */
export function logUserError(error: unknown, why: string): void {
  try {
    err(error, why);
  } catch {
    // Writing to the log failed, perhaps because of the error itself. A short line on standard
    // error replaces the log entry.
    sayUnlogged(why);
  }
}

function sayUnlogged(why: string): void {
  try {
    console.error(`Cannot log an error, because the log itself failed: ${why}`);
  } catch {
    // Standard error cannot be written either, so no place is left for the report.
  }
}

/**
 * Calls `failed` if `result` is a promise and rejects. A Deferred is left alone; see
 * {@linkcode isWatched}.
 *
 * @param doing The operation that the call was part of, such as `calling dataReceived`, for the
 * report of a Deferred's unhandled failure.
 */
export function onRejection(result: unknown, failed: UserCodeFailed, doing?: string): void {
  if (isWatched(result)) follow(result, undefined, failed);
  else if (doing !== undefined && isInstance(result, Deferred)) {
    nameByDefault(result, `while ${doing}`);
  }
}

/** Logs the rejection of a promise that user code returned. */
export function logRejection(result: unknown, why: string): void {
  // Most calls return nothing and pass here often, so they return before a closure is allocated.
  if (result === undefined) return;
  const doing = why.replace(/^Error while /, "");
  onRejection(result, (error) => logUserError(error, why), doing);
}

/** Returns `error` itself if it is an Error, and otherwise an Error whose `cause` it is. */
export function asError(error: unknown): Error {
  if (isError(error)) return error;
  return new Error(`A value that is not an Error was thrown: ${quote(error)}`, { cause: error });
}

/**
 * Calls `f()`, and calls `failed` with the value that it throws, or with which the returned promise
 * rejects.
 *
 * @param hook The name of the function, for the report of a Deferred's unhandled failure.
 */
export function callGuarded(f: () => unknown, failed: UserCodeFailed, hook?: string): void {
  try {
    const result = f();
    if (result === undefined) return;
    onRejection(result, failed, hook === undefined ? undefined : `calling ${hook}`);
  } catch (error) {
    failed(error);
  }
}

/**
 * Calls `f(...args)`, and logs the value that it throws, or with which the returned promise
 * rejects.
 *
 * @param why The log line's first part: the operation, with the name of the function.
 */
export function callLogged(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  why: string,
): void {
  try {
    // The cast is safe: the arguments were checked against the function's type when both were
    // stored.
    logRejection(f(...args as never[]), why);
  } catch (error) {
    logUserError(error, why);
  }
}

/**
 * Returns the return value of a function that must not be asynchronous.
 *
 * @param hook The name of the function, such as `buildProtocol()`.
 * @param answer The return value.
 * @param why The log line's first part, in case the value is a promise that rejects.
 * @throws {TypeError} If the value is a promise.
 */
export function atOnce<T>(hook: string, answer: T, why: string): T {
  return isThenable(answer)
    ? refuseLate(hook, answer, (error) => logUserError(error, why))
    : answer;
}

/**
 * Returns the name of a protocol or factory: the result of its `logPrefix()`, or else the name of
 * its class.
 *
 * @throws {TypeError} If `logPrefix()` does not return a string.
 * @throws {unknown} The error that `logPrefix()` throws.
 */
export function logPrefixOf(owner: Named): string {
  const prefix = owner.logPrefix?.();
  if (prefix === undefined) return classNameOf(owner);
  return textAtOnce(
    "logPrefix()",
    prefix,
    (error) => logUserError(error, "Error while calling logPrefix"),
  );
}

/**
 * Returns the name as `logPrefixOf()` does, and never throws. If `logPrefix()` fails, the error is
 * logged and the name of the class is returned.
 */
export function nameInLog(owner: Named): string {
  try {
    return logPrefixOf(owner);
  } catch (error) {
    const name = classNameOf(owner);
    logUserError(error, `Error while calling logPrefix of ${name}`);
    return name;
  }
}

/** Returns the name of an object's class. */
export function classNameOf(value: object): string {
  try {
    const name: unknown = value.constructor.name;
    if (typeof name === "string") return name;
  } catch {
    // The object has no constructor, or its getter throws. The text below replaces the class name.
  }
  return "(no class)";
}
