import type { Deferred } from "./deferred.ts";
import { DeferredList } from "./deferred_list.ts";

/** The results of `T`, in its order. */
export type GatheredResults<T extends Iterable<unknown>> = T extends readonly unknown[]
  ? { -readonly [K in keyof T]: Awaited<T[K]> }
  : T extends Iterable<infer V> ? Awaited<V>[]
  : never;

/**
 * Waits for several Deferreds, and fires with the list of their results once all are there.
 *
 * As soon as one fails, so does this, with a `FirstError` that says which. Cancelling it cancels
 * all of them. Twisted: `twisted.internet.defer.gatherResults`.
 *
 * @param deferreds What to wait for: Deferreds or promises.
 * @param options With `consumeErrors`, failures are taken away from the Deferreds, whose result is
 * `undefined` from then on. Otherwise they pass, and are logged unless each Deferred has an errback
 * of its own.
 * @returns The results, with their types, in the order of the Deferreds.
 *
 * @example
 * ```ts
 * import { gatherResults, succeed } from "@torsion/reactor/defer";
 *
 * gatherResults([succeed("localhost"), succeed(2000)])
 *   .addCallback(([host, port]) => console.log(`${host.trim()}:${port.toFixed()}`));
 * ```
 */
export function gatherResults<const T extends Iterable<PromiseLike<unknown>>>(
  deferreds: T,
  options: { consumeErrors?: boolean } = {},
): Deferred<GatheredResults<T>> {
  const { consumeErrors = false } = options;
  // A list that fires on one errback has only successes when it fires with its entries.
  return new DeferredList<Iterable<PromiseLike<unknown>>>(deferreds, {
    fireOnOneErrback: true,
    consumeErrors,
  }).addCallback((entries) => entries.map(([, result]) => result) as GatheredResults<T>);
}
