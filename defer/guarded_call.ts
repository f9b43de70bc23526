/**
 * Calls into code that the reactor does not trust to be right: an error there is reported with the name of what was called, and ends
 * nothing else.
 *
 * Every call into user code goes through this module, or through `factory_calls.ts`, which builds on it. User code may throw any value,
 * and it may return a promise or any other thenable that fails later; both are the same error.
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
} from "../internal/foreign_value.ts";
import { nameByDefault } from "./unhandled.ts";
import { err } from "../log/mod.ts";

export { isThenable };

/** Receives an error of user code, which may be any value. */
export type UserCodeFailed = (error: unknown) => void;

/** What an object with an optional `logPrefix` is called in the log. */
export interface Named {
  /** The name; without it, the class's. */
  logPrefix?(): string;
}

/** Returns whether `value` is a promise to watch. A Deferred is not: it reports an unhandled failure itself. */
export function isWatched(value: unknown): value is PromiseLike<unknown> {
  return isThenable(value) && !isInstance(value, Deferred);
}

/**
 * Calls one of the two when `result` is there. A Deferred that has fired is there at once, and keeps its result; what fails is handled.
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
    // The log itself has failed, perhaps because of the error.
    sayUnlogged(why);
  }
}

function sayUnlogged(why: string): void {
  try {
    console.error(`Cannot log an error: ${why}`);
  } catch {
    // No other output is left.
  }
}

/**
 * Calls `failed` if `result` is a promise and is rejected. A Deferred is left alone; see {@linkcode isWatched}.
 *
 * @param doing What was being done, for the report of a Deferred's unhandled failure: `calling dataReceived`.
 */
export function onRejection(result: unknown, failed: UserCodeFailed, doing?: string): void {
  if (isWatched(result)) follow(result, undefined, failed);
  else if (doing !== undefined && isInstance(result, Deferred)) {
    nameByDefault(result, `while ${doing}`);
  }
}

/** Logs the rejection of what user code returned. */
export function logRejection(result: unknown, why: string): void {
  // Asked first, so that the calls that return nothing, which are most, cost no closure.
  if (result === undefined) return;
  const doing = why.replace(/^While /, "");
  onRejection(result, (error) => logUserError(error, why), doing);
}

/** Returns `error` itself, or an Error around a thrown value that is not one. */
export function asError(error: unknown): Error {
  if (isError(error)) return error;
  return new Error(`Not an Error was thrown: ${quote(error)}`, { cause: error });
}

/**
 * Calls `f()`, and `failed` with the value that it throws, or that the promise it returns is rejected with.
 *
 * @param hook The hook's name, for the report of a Deferred's unhandled failure.
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
 * Calls `f(...args)`, and logs the value that it throws, or that the promise it returns is rejected with.
 *
 * @param why What was being done, with the hook's name, for the log.
 */
export function callLogged(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  why: string,
): void {
  try {
    // Whoever stored the function stored these arguments with it, under a type that matches them.
    logRejection(f(...args as never[]), why);
  } catch (error) {
    logUserError(error, why);
  }
}

/**
 * Returns the answer of a hook that has to give it at once.
 *
 * @param hook The hook's name, such as `buildProtocol()`.
 * @param answer What the hook returned.
 * @param why What was being done, for the log: the rejection of a promise is logged.
 * @throws {TypeError} when the answer is a promise.
 */
export function atOnce<T>(hook: string, answer: T, why: string): T {
  return isThenable(answer)
    ? refuseLate(hook, answer, (error) => logUserError(error, why))
    : answer;
}

/**
 * Returns the name of a protocol or factory: that of its `logPrefix()`, or else its class's.
 *
 * @throws {TypeError} when `logPrefix()` does not return a string, and what it throws.
 */
export function logPrefixOf(owner: Named): string {
  const prefix: unknown = atOnce("logPrefix()", owner.logPrefix?.(), "While calling logPrefix");
  if (typeof prefix === "string") return prefix;
  if (prefix === undefined) return classNameOf(owner);
  throw new TypeError(`logPrefix() must return a string, got ${quote(prefix)}`);
}

/** Returns the same name, for a line that must be logged. An error of `logPrefix()` is logged, and the class's name stands in. */
export function nameInLog(owner: Named): string {
  try {
    return logPrefixOf(owner);
  } catch (error) {
    const name = classNameOf(owner);
    logUserError(error, `While calling logPrefix of ${name}`);
    return name;
  }
}

/** Returns the name of an object's class. */
export function classNameOf(value: object): string {
  try {
    const name: unknown = value.constructor.name;
    if (typeof name === "string") return name;
  } catch {
    // It has no constructor, or one that cannot be looked at.
  }
  return "(no class)";
}
