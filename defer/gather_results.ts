import type { Deferred } from "./deferred.ts";
import { DeferredList } from "./deferred_list.ts";

/** The results of the Deferreds of `T`, in the same order. */
export type GatheredResults<T extends Iterable<unknown>> = T extends readonly unknown[]
  ? { -readonly [K in keyof T]: Awaited<T[K]> }
  : T extends Iterable<infer V> ? Awaited<V>[]
  : never;

/**
 * Waits for several Deferreds, and fires with the list of their results when all have succeeded.
 *
 * As soon as one Deferred fails, the returned Deferred fails with a `FirstError`, which has the
 * index and the failure. Cancelling it cancels all of the Deferreds. Twisted's
 * `twisted.internet.defer.gatherResults`.
 *
 * @param deferreds The Deferreds or promises to wait for.
 * @param options `consumeErrors` handles the failures of the Deferreds, whose result is `undefined`
 * from then on. Otherwise each failure stays in its Deferred, and is logged unless that Deferred
 * has an errback of its own.
 * @returns A Deferred of the results, with their types, in the order of `deferreds`.
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
  // The cast is safe: with `fireOnOneErrback`, a DeferredList fires with its list of results only
  // if every Deferred succeeded.
  return new DeferredList<Iterable<PromiseLike<unknown>>>(deferreds, {
    fireOnOneErrback: true,
    consumeErrors,
  }).addCallback((entries) => entries.map(([, result]) => result) as GatheredResults<T>);
}
