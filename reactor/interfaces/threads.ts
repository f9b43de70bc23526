/**
 * Threads on a reactor.
 *
 * @module
 */

/**
 * Work for another thread: a function that a module exports.
 *
 * Threads share no functions in JavaScript, so a task is named where Twisted takes a callable.
 * `workerModule` makes tasks that know their types; a plain `{ module, export }` takes any
 * arguments and gives `unknown`.
 *
 * @typeParam A What the function takes.
 * @typeParam R What it gives, once any promise of it is settled.
 */
export interface WorkerTask<A extends unknown[] = unknown[], R = unknown> {
  /** The absolute URL of the module. */
  readonly module: string | URL;
  /** The name under which the module exports the function; `"default"` is one. */
  readonly export: string;
  /** Never there: it only carries the types. */
  readonly signature?: (...args: A) => R;
}

/** What is called with the outcome of a task: `true` and the result, or `false` and the error. */
export type ThreadResult<R> = (...outcome: [success: true, result: R] | [false, Error]) => unknown;

/** A task that was handed to a pool. */
export interface IThreadCall {
  /**
   * Cancels the task, and drops its outcome. A task that waits does not begin. A task that runs and
   * watches for its cancellation (see `currentTask`) is left to return; the thread of any other is
   * ended, which takes until its JavaScript awaits something or returns. A task that computes
   * without end and does not watch keeps its thread. Once there is an outcome, this does nothing.
   */
  cancel(): void;
}

/** The limits of a pool. Each may be left out. */
export interface ThreadPoolLimits {
  /**
   * The threads that `start()` makes at once. A thread that is lost is replaced when there is work
   * for another.
   *
   * @default {0}
   */
  min?: number;
  /**
   * The most threads that there may be, those included that have not ended yet. Each costs some 14
   * MiB and a core for as long as it computes. With 0, tasks wait.
   *
   * @default {10}
   */
  max?: number;
  /**
   * The most tasks that may wait for a thread, or Infinity. One more is refused with
   * `ThreadPoolFull`.
   *
   * @default {10000}
   */
  maxBacklog?: number;
  /**
   * Seconds that a task may take to return once it was cancelled, and that a thread may take to
   * end, or Infinity. A thread that takes longer is *stuck*: its task computes and does not watch
   * for its cancellation. The log says so. When all `max` threads are stuck, tasks are refused with
   * `ThreadPoolStuck`.
   *
   * @default {5}
   */
  endTimeout?: number;
  /**
   * Whether stuck threads are replaced by new ones. They no longer count against `max` then, so
   * that cancelled tasks may take every core.
   *
   * @default {false}
   */
  replaceStuck?: boolean;
  /**
   * Bytes that the JavaScript heap of each thread may hold, or Infinity. A task that needs more
   * fails with `ThreadOutOfMemory`, and its thread is replaced. Memory of `ArrayBuffer`s and of
   * WebAssembly is outside of the heap and not limited by this. Without a limit, a thread that runs
   * out of memory ends the whole process. A change holds for threads that start after it.
   *
   * @default {536870912}
   */
  maxHeapSize?: number;
}

/**
 * Threads that wait for work. What Twisted's reactor asks of
 * `twisted.python.threadpool.ThreadPool`.
 */
export interface IThreadPool {
  /** The fewest threads that are kept. */
  readonly min: number;
  /** The most threads that there may be. */
  readonly max: number;
  /** Whether tasks are begun: true from `start()` until `stop()`. */
  readonly started: boolean;
  /**
   * Has a task done. An error out of it is logged.
   *
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent to a thread.
   * @throws {TypeError} when the task names no module or no export.
   * @throws {ThreadPoolFull} when too many tasks wait.
   * @throws {ThreadPoolStuck} when no thread can be ended.
   */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void;
  /**
   * Has a task done, and hears of its outcome.
   *
   * @param onResult Called with the outcome, once. `null` logs an error, as {@linkcode
   *   callInThread} does.
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent to a thread.
   * @throws {TypeError} when the task names no module or no export.
   * @throws {ThreadPoolFull} when too many tasks wait.
   * @throws {ThreadPoolStuck} when no thread can be ended.
   */
  callInThreadWithCallback<A extends unknown[], R>(
    onResult: ThreadResult<R> | null,
    task: WorkerTask<A, R>,
    ...args: NoInfer<A>
  ): IThreadCall;
  /**
   * Changes the limits of the pool. Threads that are too many end when they are idle.
   *
   * @param limits The limits that change.
   * @throws {TypeError} when one of them has the wrong type.
   * @throws {RangeError} when one of them is out of range, or `min` is more than `max`.
   */
  adjustPoolsize(limits: ThreadPoolLimits): void;
}

/** Threads on a reactor. Twisted's `IReactorThreads`. */
export interface IReactorThreads {
  /**
   * Calls `f(...args)` in the reactor's next turn, ahead of the timed calls that are due then, in
   * the order in which it was asked for. What `f` throws is logged.
   *
   * All code that can reach a reactor runs in its thread already, so that this is for order, not
   * for safety. A task calls back into the reactor's thread by a function that is among its
   * arguments.
   *
   * @throws {TypeError} when `f` is not a function.
   */
  callFromThread<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): void;
  /**
   * Has a task done by a thread of the reactor's pool. It begins when the reactor runs. An error
   * out of it is logged.
   *
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent to a thread.
   * @throws {TypeError} when the task names no module or no export.
   * @throws {ThreadPoolFull} when too many tasks wait.
   * @throws {ThreadPoolStuck} when no thread can be ended.
   */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void;
  /**
   * Sets how many threads the reactor's pool may have.
   *
   * @param size The most threads at a time. With 0, tasks wait.
   * @throws {RangeError} when it is not an integer from 0.
   */
  suggestThreadPoolSize(size: number): void;
  /** The reactor's pool. It starts and stops with the reactor. */
  getThreadPool(): IThreadPool;
}
