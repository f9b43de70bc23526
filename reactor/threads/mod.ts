/**
 * Work in other threads: `reactor.callInThread`, `deferToThread` and the pool beneath them. Twisted: `twisted.internet.threads` and
 * `twisted.python.threadpool`.
 *
 * **What is different in JavaScript.** Threads share no objects and no functions. So
 *
 * - work is *named*, by the URL of a module and the name of an export (`workerModule`), where Twisted takes a callable;
 * - arguments, results and errors are copied, by structured clone. The arguments are copied when the call is made. A `SharedArrayBuffer`
 *   is shared;
 * - a thread has module state of its own, and keeps it from one task to the next. The task's module is imported by each thread once;
 * - a function among the arguments stays here. The task gets one in its place that may be called as often as it likes: each call, in order
 *   and before the task's result, calls the function in the reactor's thread, with copies of what it was given. That is what
 *   `reactor.callFromThread(f, ...)` is to a Python thread. It gives the task nothing back, but makes it wait while 64 calls are on their way;
 * - `blockingCallFromThread` has no counterpart: what a task needs to know it is given, or it ends with a question and is followed by
 *   another task. A task may be `async` and wait for whatever it likes, but never for the reactor;
 * - `callMultipleInThread` has none either: an exported function calls as many others as it likes;
 * - no code runs beside the code that has the reactor, so `isInIOThread` would always be true there, and `callFromThread` is for order only.
 *
 * **Cancelling** the Deferred fails it at once and ends the thread, which is replaced when there is work for another. Deno 2.9 does not
 * interrupt JavaScript that is running, neither in a Web Worker nor in a `node:worker_threads` one (denoland/deno#35657 is about it): what is
 * awaited ends at once, what computes ends when it next calls one of its functions or awaits. A task that does neither runs to its end
 * unheard, beyond the bounds of the pool. It never holds the process.
 *
 * **A thread that fails**, by an error that nothing caught or by `Deno.exit()`, fails the Deferred of its task. A thread out of memory takes
 * the process with it.
 *
 * **Permissions** are those of the program. Deno asks for `--allow-read` to import a module that is named at run time, when it is a file, and
 * for `--allow-import` when it is on a host that is not allowed by default.
 *
 * **Why no library does this.** Four were tried under Deno 2.9.6 with a task that fails, one that never ends and is cancelled, one that exits,
 * one that throws from a timer, and a pool that is left to itself. `piscina` 5.3.2 did all of it, on `node:worker_threads` as this does, but
 * a task has one argument and cannot call back, its module has to be a file, so that a program run from an `https:` URL has none, and it needs
 * `--allow-env` besides. `tinypool` 2.2.0 never settled a task whose thread exits. `poolifier` 5.3.2 did not end a task that runs (it asks
 * it to), never settled one whose thread exits, and held the process until it was destroyed. `workerpool` 10.0.3 needs a worker script in
 * which the tasks are registered, lost the class of errors, and held the process until it was terminated. Of the others, `threads` 1.7.0
 * left the task that never ends in its thread when that was cancelled, and `comlink` is no pool. Each would have been the only dependency.
 *
 * @module
 */

export { deferToThread, deferToThreadPool } from "./defer_to_thread.ts";
export { ThreadExited, ThreadPoolStopped } from "./errors.ts";
export type { TaskMessage, ThreadMessage } from "./messages.ts";
export type { SentError, SentProperty } from "./sent_error.ts";
export { ThreadPool, type ThreadPoolOptions, type ThreadPoolStatistics } from "./thread_pool.ts";
export {
  type TaskName,
  type ThreadArgument,
  type ThreadArguments,
  type ThreadOutcome,
  type WorkerModule,
  workerModule,
} from "./worker_task.ts";
export type { StartThread, ThreadEvents, WorkerThread } from "./worker_thread.ts";
