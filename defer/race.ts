import { cancelAll } from "./cancel_all.ts";
import { Deferred } from "./deferred.ts";
import { ensureDeferred } from "./ensure_deferred.ts";
import { FailureGroup } from "./errors.ts";

/**
 * Fires with the first success among several Deferreds, and cancels the remaining ones.
 *
 * A failure is ignored, unless all of the Deferreds fail: then the race fails with a
 * `FailureGroup`. Cancelling the race cancels all of them. The race handles their failures, and
 * each Deferred's result is `undefined` from then on. A race of no Deferreds never fires. Twisted's
 * `twisted.internet.defer.race`.
 *
 * @param deferreds The Deferreds or promises to wait for.
 * @returns A Deferred of the index of the first success and its result.
 *
 * @example
 * ```ts
 * import { Deferred, race } from "@torsion/reactor/defer";
 *
 * const near = new Deferred<string>();
 * const far = new Deferred<string>();
 * race([near, far]).addCallback(([index, text]) => console.log(index, text)); // 1 hello
 * far.callback("hello"); // cancels near
 * ```
 */
export function race<const T extends Iterable<PromiseLike<unknown>>>(
  deferreds: T,
): Deferred<T extends Iterable<infer V> ? [index: number, result: Awaited<V>] : never> {
  const runners = Array.from(deferreds, (promise) => ensureDeferred(promise));
  const failures: Error[] = [];
  let failed = 0;
  let won = false;
  const outcome = new Deferred<[number, unknown]>(() => cancelAll(runners));
  runners.forEach((runner, index) => {
    runner.addCallbacks(
      (result) => {
        // The race has a winner already or was cancelled. The canceller of a losing Deferred may
        // still fire that Deferred with a result, which is ignored.
        if (won || outcome.called) return;
        won = true;
        cancelAll(runners.filter((other) => other !== runner));
        outcome.callback([index, result]);
      },
      (error) => {
        failures[index] = error;
        failed++;
        if (failed === runners.length && !outcome.called) {
          outcome.errback(new FailureGroup(failures));
        }
      },
    );
  });
  // The cast is safe: each result comes from one of the Deferreds, so its type is that of their
  // results.
  return outcome as Deferred<
    T extends Iterable<infer V> ? [index: number, result: Awaited<V>] : never
  >;
}
