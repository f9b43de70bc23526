import { Deferred } from "./deferred.ts";
import { isInstance, textOf } from "../internal/foreign_value.ts";
import { isThenable } from "../internal/foreign_value.ts";

/**
 * Returns a Deferred of a promise, such as an async function returns. A Deferred is returned as it
 * is.
 *
 * Twisted's `twisted.internet.defer.ensureDeferred`, with promises in place of coroutines.
 *
 * @param promise A Deferred or promise.
 * @returns `promise` itself if it is a Deferred; otherwise a Deferred that fires when the promise
 * settles.
 * @throws {TypeError} If the argument is neither a Deferred nor a promise.
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
  // The cast is safe: a PromiseLike<T> that is a Deferred is a Deferred<T>, and the result of a
  // Deferred is never a promise.
  if (isInstance(promise, Deferred)) return promise as Deferred<Awaited<T>>;
  if (!isThenable(promise)) {
    throw new TypeError(
      `ensureDeferred() argument must be a Deferred or promise, got ${textOf(promise)}`,
    );
  }
  return Deferred.fromPromise(promise);
}
