/**
 * Deferreds of what threads do.
 *
 * @module
 */

import { Deferred } from "../../defer/deferred.ts";
import { maybeDeferred } from "../../defer/execute.ts";
import type { IReactorThreads, IThreadPool, WorkerTask } from "../interfaces/mod.ts";

/**
 * Has a task done by a thread of the reactor's pool. Twisted's
 * `twisted.internet.threads.deferToThread`, which knows its reactor itself.
 *
 * @typeParam A What the task takes.
 * @typeParam R What it gives.
 * @param reactor The reactor whose pool it is. The task begins when it runs.
 * @param task The exported function that is to be called; see `workerModule`.
 * @param args Its arguments: copied by structured clone, now. A function among them is called in
 *   the reactor's thread when the task calls it.
 * @returns Fires with a copy of the task's result, or fails with its error, or with
 *   `ThreadPoolStopped` when the reactor stops first, with `ThreadPoolFull` or `ThreadPoolStuck`
 *   when the pool refuses the task, and with `TaskUnloadable` or `Deno.errors.NotCapable` when its
 *   module cannot be imported. Cancelling it fails it at once and cancels the task, which ends when
 *   it can: see `currentTask`.
 *
 * The task cannot be interrupted while it computes. One that may take long calls
 * `currentTask().throwIfCancelled()` in its loops, or awaits with `currentTask().signal`: otherwise
 * a cancelled task keeps its thread until it returns.
 *
 * @example
 * ```ts
 * import { deferToThread, reactor, workerModule } from "@torsion/reactor";
 *
 * const zlib = workerModule<typeof import("node:zlib")>("node:zlib");
 *
 * function pack(page: string, signal: AbortSignal) {
 *   return deferToThread(reactor, zlib.task("brotliCompressSync"), page).addSignal(signal);
 * }
 * ```
 */
export function deferToThread<A extends unknown[], R>(
  reactor: Pick<IReactorThreads, "getThreadPool">,
  task: WorkerTask<A, R>,
  ...args: NoInfer<A>
): Deferred<R> {
  return deferToThreadPool(reactor.getThreadPool(), task, ...args);
}

/**
 * Has a task done by a thread of a pool of one's own. Twisted's
 * `twisted.internet.threads.deferToThreadPool`, which takes a reactor first: there the result is
 * known in another thread, and the reactor brings it here. A message from a thread comes here by
 * itself.
 *
 * @typeParam A What the task takes.
 * @typeParam R What it gives.
 * @param pool The pool.
 * @param task The exported function that is to be called; see `workerModule`.
 * @param args Its arguments; see {@linkcode deferToThread}.
 * @returns Fires and fails as with {@linkcode deferToThread}. Cancelling it fails it at once and
 *   cancels the task, which ends when it can: see `currentTask`.
 *
 * @example
 * ```ts no-eval
 * import { deferToThreadPool, startDenoThread, ThreadPool } from "@torsion/reactor/reactor";
 *
 * using pool = new ThreadPool({ max: 1, startThread: startDenoThread });
 * pool.start();
 * const task = { module: "node:path", export: "basename" }; // takes anything, gives unknown
 * console.log(await deferToThreadPool(pool, task, "/tmp/report.txt")); // report.txt
 * ```
 */
export function deferToThreadPool<A extends unknown[], R>(
  pool: IThreadPool,
  task: WorkerTask<A, R>,
  ...args: NoInfer<A>
): Deferred<R> {
  // What cannot be sent fails the Deferred as the task itself might.
  return maybeDeferred(() => {
    const deferred = new Deferred<R>(() => call.cancel());
    const call = pool.callInThreadWithCallback<A, R>(
      (...[success, outcome]) => success ? deferred.callback(outcome) : deferred.errback(outcome),
      task,
      ...args,
    );
    return deferred;
  });
}
