import { Deferred } from "./deferred.ts";

/**
 * Returns a Deferred that has already failed.
 *
 * Twisted's `twisted.internet.defer.fail`. There, the failure may be left out in an `except` block;
 * here, it is required.
 *
 * @param error The failure.
 * @returns The Deferred. Errbacks run as soon as they are added.
 *
 * @example
 * ```ts
 * import { type Deferred, fail, succeed } from "@torsion/reactor/defer";
 *
 * function parse(text: string): Deferred<number> {
 *   const n = Number(text);
 *   return Number.isNaN(n) ? fail(new SyntaxError(`Not a number: ${text}`)) : succeed(n);
 * }
 * ```
 */
export function fail<T = never>(error: Error): Deferred<T> {
  const deferred = new Deferred<T>();
  deferred.errback(error);
  return deferred;
}
