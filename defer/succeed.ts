import { Deferred } from "./deferred.ts";

/**
 * Makes a Deferred that already has its result. Twisted: `twisted.internet.defer.succeed`.
 *
 * @returns The Deferred; callbacks added to it run at once, with `undefined`.
 */
export function succeed(): Deferred<void>;
/**
 * Makes a Deferred that already has its result: for a function that has to return one, and
 * for once need not wait. Twisted: `twisted.internet.defer.succeed`.
 *
 * @param result The result: anything but a Deferred or promise.
 * @returns The Deferred; callbacks added to it run at once.
 * @throws {TypeError} If the result is a Deferred or promise.
 *
 * @example
 * ```ts
 * import { type Deferred, succeed } from "@torsion/reactor/defer";
 *
 * const cache = new Map<string, string>();
 *
 * function look(name: string, ask: (name: string) => Deferred<string>): Deferred<string> {
 *   const known = cache.get(name);
 *   return known === undefined ? ask(name) : succeed(known);
 * }
 * ```
 */
export function succeed<T>(result: T): Deferred<T>;
export function succeed(result?: unknown): Deferred<unknown> {
  const deferred = new Deferred<unknown>();
  deferred.callback(result);
  return deferred;
}
