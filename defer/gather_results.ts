import { Deferred } from "./deferred.ts";
import { FirstError } from "./errors.ts";

/** Waits for all; fails with the first failure. */
export function gatherResults<T extends readonly Deferred<unknown>[] | []>(
  deferreds: T,
  options: { consumeErrors?: boolean } = {},
): Deferred<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results: unknown[] = new Array(deferreds.length);
  let missing = deferreds.length;
  const all = new Deferred<unknown>(() => {
    for (const deferred of deferreds) deferred.cancel();
  });
  deferreds.forEach((deferred, index) => {
    deferred.addCallbacks(
      (result) => {
        results[index] = result;
        if (--missing === 0 && !all.called) all.callback(results);
        return result;
      },
      (error) => {
        if (!all.called) all.errback(new FirstError(error, index));
        if (!options.consumeErrors) throw error;
      },
    );
  });
  if (missing === 0 && !all.called) all.callback(results);
  return all as Deferred<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
}
