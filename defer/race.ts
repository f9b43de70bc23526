import { cancelAll } from "./cancel_all.ts";
import { Deferred } from "./deferred.ts";
import { ensureDeferred } from "./ensure_deferred.ts";
import { FailureGroup } from "./errors.ts";

/**
 * Fires with the first result that there is, and cancels the rest.
 *
 * Failures do not count, unless all fail: then this fails with a `FailureGroup`. Cancelling it
 * cancels all of them. It takes results and failures away from the Deferreds. With none to wait
 * for, it never fires. Twisted: `twisted.internet.defer.race`.
 *
 * @param deferreds What to wait for: Deferreds or promises.
 * @returns The place of the winner among them, and its result.
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
        // A canceller may make a second winner out of a loser.
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
  // The result is that of one of T.
  return outcome as Deferred<
    T extends Iterable<infer V> ? [index: number, result: Awaited<V>] : never
  >;
}
