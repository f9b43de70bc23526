import { Deferred } from "./deferred.ts";

/**
 * Returns a Deferred that already has the result `undefined`. Twisted's
 * `twisted.internet.defer.succeed`.
 *
 * @returns The Deferred. Callbacks run as soon as they are added.
 */
export function succeed(): Deferred<void>;
/**
 * Returns a Deferred that already has its result, for a function that must return a Deferred but
 * need not wait. Twisted's `twisted.internet.defer.succeed`.
 *
 * @param result The result. It must not be a Deferred or promise.
 * @returns The Deferred. Callbacks run as soon as they are added.
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
