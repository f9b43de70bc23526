/**
 * Work in other threads: `reactor.callInThread`, `deferToThread` and the thread pool that both use.
 * Twisted: `twisted.internet.threads` and `twisted.python.threadpool`.
 *
 * **Differences from Twisted.** JavaScript threads share neither objects nor functions. Therefore:
 *
 * - A task is *named*, by the URL of a module and the name of an export (`workerModule`). Twisted
 *   takes a callable.
 * - Arguments, results and errors are copied by structured clone. Arguments are copied when the
 *   call is made. A `SharedArrayBuffer` is shared.
 * - Each thread has its own module state and keeps it from one task to the next. A thread imports
 *   the module of a task once.
 * - A function among the arguments stays in the reactor's thread. The task receives a stand-in that
 *   it may call any number of times. Each call runs the original function in the reactor's thread
 *   with copies of the arguments, in order and before the task's result arrives. This corresponds
 *   to `reactor.callFromThread(f, ...)` in a Python thread. The stand-in returns nothing, and
 *   blocks the task while 64 of its calls are in flight.
 * - `blockingCallFromThread` has no counterpart. Pass the needed data as an argument, or let the
 *   task return a question and start a second task with the answer. A task may be `async` and await
 *   anything except the reactor.
 * - `callMultipleInThread` has no counterpart: an exported function can call several others.
 * - Code that holds a reactor always runs in the reactor's thread. `isInIOThread` would always be
 *   true, and `callFromThread` only affects the order of calls.
 *
 * **Cancelling** the Deferred fails it at once. The fate of the task depends on the task, because
 * Deno 2.9 does not interrupt running JavaScript, neither in a Web Worker nor in a
 * `node:worker_threads` thread (denoland/deno#35657):
 *
 * - A task that watches for its cancellation may return by itself within `endTimeout` seconds (5),
 *   and its thread takes the next task. A task watches by calling
 *   `currentTask().throwIfCancelled()` in its loops or by awaiting with `currentTask().signal`.
 * - The thread of any other task is terminated, and replaced when a queued task needs it. A pending
 *   await stops at once, without running `finally` blocks. A running computation stops when it next
 *   awaits or calls a function of the reactor's thread.
 * - A task that computes without doing either keeps running. Its thread counts against the pool's
 *   `max` until it has stopped, so cancelled tasks never use more cores than the pool may. New
 *   tasks wait, at most `maxBacklog` of them (10,000). After `endTimeout` seconds the thread is
 *   *stuck*, which is logged. While all threads are stuck, tasks are refused with
 *   `ThreadPoolStuck`. With `replaceStuck: true`, new threads replace stuck ones. A stuck thread
 *   never keeps the process alive.
 *
 * A server whose clients can cancel work should use tasks that watch for their cancellation:
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
 * **A thread that fails**, by an uncaught error or by `Deno.exit()`, fails the Deferred of its
 * task. A thread whose JavaScript heap exceeds `maxHeapSize` bytes (512 MiB) fails its task with
 * `ThreadOutOfMemory`. The limit does not cover the memory of `ArrayBuffer`s and of WebAssembly:
 * when that memory runs out, the whole process crashes.
 *
 * **The limits** are options of a `ThreadPool`. Those of the reactor's pool are set by
 * `reactor.getThreadPool().adjustPoolsize({ max: 4, maxHeapSize: 2 ** 30 })`.
 *
 * **Permissions** are those of the program. Deno requires `--allow-read` to import a file by a URL
 * that is known only at run time, and `--allow-import` for a URL whose host is not allowed by
 * default. A program therefore needs `--allow-read` for the modules of its tasks, for all their
 * imports, and for the library's folders `reactor`, `defer`, `internal` and `log`, unless the
 * library comes from JSR. Without read access to the library, `deferToThread` fails with
 * `Deno.errors.NotCapable`; without the others, with `TaskUnloadable`. Both messages name the
 * missing permission.
 *
 * **Why no npm library is used.** Four were tried under Deno 2.9.6 with a failing task, a cancelled
 * endless task, a task that exits, a task that throws from a timer, and an idle pool:
 *
 * - `piscina` 5.3.2 passed, on `node:worker_threads` as this pool does. But its tasks have one
 *   argument and cannot call back, their modules must be files, which excludes programs run from an
 *   `https:` URL, and it needs `--allow-env`.
 * - `tinypool` 2.2.0 never settled a task whose thread exits.
 * - `poolifier` 5.3.2 did not stop a running task, never settled a task whose thread exits, and
 *   kept the process alive until it was destroyed.
 * - `workerpool` 10.0.3 needs a worker script that registers the tasks, lost the class of errors,
 *   and kept the process alive until it was terminated.
 *
 * Of the others, `threads` 1.7.0 left a cancelled endless task running, and `comlink` is not a
 * pool. Each of them would have been the only dependency of the library.
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
