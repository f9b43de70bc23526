/**
 * Work in other threads: `reactor.callInThread`, `deferToThread` and the pool beneath them.
 * Twisted: `twisted.internet.threads` and `twisted.python.threadpool`.
 *
 * **What is different in JavaScript.** Threads share no objects and no functions. So
 *
 * - work is *named*, by the URL of a module and the name of an export (`workerModule`), where
 *   Twisted takes a callable;
 * - arguments, results and errors are copied, by structured clone. The arguments are copied when
 *   the call is made. A `SharedArrayBuffer` is shared;
 * - a thread has module state of its own, and keeps it from one task to the next. The task's module
 *   is imported by each thread once;
 * - a function among the arguments stays here. The task gets one in its place that may be called as
 *   often as it likes: each call, in order and before the task's result, calls the function in the
 *   reactor's thread, with copies of what it was given. That is what `reactor.callFromThread(f,
 *   ...)` is to a Python thread. It gives the task nothing back, but makes it wait while 64 calls
 *   are on their way;
 * - `blockingCallFromThread` has no counterpart: what a task needs to know it is given, or it ends
 *   with a question and is followed by another task. A task may be `async` and wait for whatever it
 *   likes, but never for the reactor;
 * - `callMultipleInThread` has none either: an exported function calls as many others as it likes;
 * - no code runs beside the code that has the reactor, so `isInIOThread` would always be true
 *   there, and `callFromThread` is for order only.
 *
 * **Cancelling** the Deferred fails it at once. What becomes of the task depends on the task. Deno
 * 2.9 does not interrupt JavaScript that is running, neither in a Web Worker nor in a
 * `node:worker_threads` one (denoland/deno#35657 is about it):
 *
 * - a task that watches for its cancellation, by `currentTask().throwIfCancelled()` where it
 *   computes or `currentTask().signal` where it awaits, is left to return for `endTimeout` seconds
 *   (5), and its thread goes on to the next task;
 * - of any other task the thread is ended, and replaced when there is work for another. What is
 *   awaited ends at once, without its `finally` blocks; what computes ends when it next calls one
 *   of its functions or awaits;
 * - a task that computes and does none of this runs on. Its thread counts against the pool's `max`
 *   until it has ended, so that cancelled tasks never take more cores than the pool may; new tasks
 *   wait, at most `maxBacklog` of them (10,000). After `endTimeout` seconds the thread is *stuck*,
 *   which is logged. While all threads are stuck, tasks are refused with `ThreadPoolStuck`.
 *   `replaceStuck: true` starts other threads in their place. A stuck thread never holds the
 *   process.
 *
 * A server whose clients can have work cancelled gives out tasks that watch for it:
 *
 * ```ts
 * import { currentTask } from "@torsion/reactor/reactor";
 *
 * export function sum(numbers: Float64Array): number {
 *   const task = currentTask();
 *   return numbers.reduce((total, n) => {
 *     task.throwIfCancelled();
 *     return total + n;
 *   }, 0);
 * }
 * ```
 *
 * **A thread that fails**, by an error that nothing caught or by `Deno.exit()`, fails the Deferred
 * of its task. So does a thread whose JavaScript heap is full: it holds at most `maxHeapSize` bytes
 * (512 MiB), after which the task fails with `ThreadOutOfMemory`. The limit does not cover the
 * memory of `ArrayBuffer`s and of WebAssembly: what runs out of that takes the process with it.
 *
 * **The limits** are options of a `ThreadPool`, and of the reactor's pool by
 * `reactor.getThreadPool().adjustPoolsize({ max: 4, maxHeapSize: 2 ** 30 })`.
 *
 * **Permissions** are those of the program. Deno asks for `--allow-read` to import a file by a URL
 * that is known at run time only, and for `--allow-import` when the URL is of a host that is not
 * allowed by default. So a program needs `--allow-read` for the modules of its tasks, for all that
 * these import, and for the library's folders `reactor`, `defer`, `internal` and `log`, unless the library comes from
 * JSR. Without the last, `deferToThread` fails with `Deno.errors.NotCapable`; without the others,
 * with `TaskUnloadable`. Both say what is missing.
 *
 * **Why no library does this.** Four were tried under Deno 2.9.6 with a task that fails, one that
 * never ends and is cancelled, one that exits, one that throws from a timer, and a pool that is
 * left to itself. `piscina` 5.3.2 did all of it, on `node:worker_threads` as this does, but a task
 * has one argument and cannot call back, its module has to be a file, so that a program run from an
 * `https:` URL has none, and it needs `--allow-env` besides. `tinypool` 2.2.0 never settled a task
 * whose thread exits. `poolifier` 5.3.2 did not end a task that runs (it asks it to), never settled
 * one whose thread exits, and held the process until it was destroyed. `workerpool` 10.0.3 needs a
 * worker script in which the tasks are registered, lost the class of errors, and held the process
 * until it was terminated. Of the others, `threads` 1.7.0 left the task that never ends in its
 * thread when that was cancelled, and `comlink` is no pool. Each would have been the only
 * dependency.
 *
 * @module
 */

export { currentTask, type ThreadTask } from "./current_task.ts";
export { deferToThread, deferToThreadPool } from "./defer_to_thread.ts";
export {
  TaskUnloadable,
  ThreadExited,
  ThreadOutOfMemory,
  ThreadPoolFull,
  ThreadPoolStopped,
  ThreadPoolStuck,
} from "./errors.ts";
export type { TaskMessage, ThreadMessage } from "./messages.ts";
export type { PackedError, SerializedError, SerializedProperty } from "./serialized_error.ts";
export { ThreadPool, type ThreadPoolOptions, type ThreadPoolStatistics } from "./thread_pool.ts";
export {
  type TaskName,
  type ThreadArgument,
  type ThreadArguments,
  type ThreadOutcome,
  type WorkerModule,
  workerModule,
} from "./worker_task.ts";
export type { StartThread, ThreadEvents, ThreadOptions, WorkerThread } from "./worker_thread.ts";
