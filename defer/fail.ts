import { Deferred } from "./deferred.ts";

/**
 * Makes a Deferred that has already failed. Twisted: `twisted.internet.defer.fail`, which can also
 * take the exception being handled; JavaScript has no such thing to look up.
 *
 * @param error What its errbacks get.
 * @returns The Deferred; errbacks added to it run at once.
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
