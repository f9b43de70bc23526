import { Deferred } from "./deferred.ts";
import { isInstance, textOf } from "../internal/foreign_value.ts";
import { isThenable } from "../internal/foreign_value.ts";

/**
 * Makes a Deferred of a promise, such as an async function returns. A Deferred is returned as it
 * is.
 *
 * Twisted: `twisted.internet.defer.ensureDeferred`, where coroutines take the place of promises.
 *
 * @param promise A Deferred or promise.
 * @returns The Deferred itself, or one that fires when the promise settles.
 * @throws {TypeError} If it is neither a Deferred nor a promise.
 *
 * @example
 * ```ts
 * import { type Deferred, ensureDeferred } from "@torsion/reactor/defer";
 *
 * async function read(): Promise<number> {
 *   return (await Deno.readTextFile("deno.json")).length;
 * }
 *
 * const length: Deferred<number> = ensureDeferred(read());
 * ```
 */
export function ensureDeferred<T>(promise: PromiseLike<T>): Deferred<Awaited<T>> {
  // A PromiseLike<T> that is a Deferred is a Deferred<T>, and a Deferred's result is never a
  // promise.
  if (isInstance(promise, Deferred)) return promise as Deferred<Awaited<T>>;
  if (!isThenable(promise)) {
    throw new TypeError(`ensureDeferred() takes a Deferred or promise, not ${textOf(promise)}`);
  }
  return Deferred.fromPromise(promise);
}
