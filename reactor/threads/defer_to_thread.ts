/**
 * Running a task in a thread as a Deferred.
 *
 * @module
 */

import { Deferred } from "../../defer/deferred.ts";
import { maybeDeferred } from "../../defer/execute.ts";
import type { IReactorThreads, IThreadPool, WorkerTask } from "../interfaces/mod.ts";

/**
 * Runs a task in a thread of the reactor's pool. Twisted's
 * `twisted.internet.threads.deferToThread`, which uses the global reactor.
 *
 * Deno cannot interrupt a task while it computes. A long-running task should call
 * `currentTask().throwIfCancelled()` in its loops, or await with `currentTask().signal`. Otherwise
 * a cancelled task keeps its thread until it returns.
 *
 * @typeParam A Parameter types of the task.
 * @typeParam R Result type of the task.
 * @param reactor The reactor whose pool runs the task, once the reactor is running.
 * @param task The exported function to call; see `workerModule`.
 * @param args Arguments of the task, copied now by structured clone. A function among them runs in
 *   the reactor's thread whenever the task calls it.
 * @returns A Deferred of a copy of the task's result. It fails with the task's error, with
 *   `ThreadPoolStopped` if the reactor stops first, with `ThreadPoolFull` or `ThreadPoolStuck` if
 *   the pool refuses the task, and with `TaskUnloadable` or `Deno.errors.NotCapable` if the module
 *   cannot be imported. Cancelling it fails it at once and cancels the task, which stops when it
 *   can: see `currentTask`.
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
 * Runs a task in a thread of the given pool.
 *
 * Twisted's `twisted.internet.threads.deferToThreadPool` also takes a reactor, to bring the result
 * back to its thread. Here the result arrives in the calling thread without one.
 *
 * @typeParam A Parameter types of the task.
 * @typeParam R Result type of the task.
 * @param pool The pool that runs the task.
 * @param task The exported function to call; see `workerModule`.
 * @param args Arguments of the task; see {@linkcode deferToThread}.
 * @returns A Deferred that fires and fails as with {@linkcode deferToThread}. Cancelling it fails
 *   it at once and cancels the task, which stops when it can: see `currentTask`.
 *
 * @example
 * ```ts no-eval
 * import { deferToThreadPool, startDenoThread, ThreadPool } from "@torsion/reactor/reactor";
 *
 * using pool = new ThreadPool({ max: 1, startThread: startDenoThread });
 * pool.start();
 * const task = { module: "node:path", export: "basename" }; // any arguments, unknown result
 * console.log(await deferToThreadPool(pool, task, "/tmp/report.txt")); // report.txt
 * ```
 */
export function deferToThreadPool<A extends unknown[], R>(
  pool: IThreadPool,
  task: WorkerTask<A, R>,
  ...args: NoInfer<A>
): Deferred<R> {
  // If an argument cannot be cloned, the Deferred fails with that error, as it does when the task
  // fails.
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
