/**
 * The thread pool of a reactor.
 *
 * @module
 */

/**
 * A task for a worker thread: a function that a module exports.
 *
 * JavaScript threads cannot share functions, so a task is identified by module and name; Twisted
 * accepts any callable. `workerModule` creates tasks with precise types. A plain
 * `{ module, export }` accepts any arguments and has a result of type `unknown`.
 *
 * @typeParam A The types of the function's arguments.
 * @typeParam R The type of the function's result; if it returns a promise, the type of its value.
 */
export interface WorkerTask<A extends unknown[] = unknown[], R = unknown> {
  /** The absolute URL of the module. */
  readonly module: string | URL;
  /** The name under which the module exports the function. It may be `"default"`. */
  readonly export: string;
  /** Always absent at run time: this member only carries the types of the function. */
  readonly signature?: (...args: A) => R;
}

/** A callback for the outcome of a task: `true` and the result, or `false` and the error. */
export type ThreadResult<R> = (...outcome: [success: true, result: R] | [false, Error]) => unknown;

/** A task that was passed to a pool. */
export interface IThreadCall {
  /**
   * Cancels the task and discards its outcome. Does nothing if the task has completed.
   *
   * A queued task does not start. A running task that checks for its cancellation (see
   * `currentTask`) can return by itself. The thread of any other running task is terminated as soon
   * as its JavaScript awaits or returns; a task that does neither keeps its thread.
   */
  cancel(): void;
}

/** Limits of a thread pool. Each of them is optional. */
export interface ThreadPoolLimits {
  /**
   * The number of threads that `start()` creates immediately. A thread that has exited is replaced
   * when a task needs it.
   *
   * @default {0}
   */
  min?: number | undefined;
  /**
   * The largest number of threads, including threads that are being terminated. Each thread takes
   * about 14 MiB, and a processor core while it computes. With 0, tasks stay queued.
   *
   * @default {10}
   */
  max?: number | undefined;
  /**
   * The largest number of queued tasks, or Infinity. A further task is rejected with
   * `ThreadPoolFull`.
   *
   * @default {10000}
   */
  maxBacklog?: number | undefined;
  /**
   * Seconds within which a cancelled task must return and a terminated thread must exit, or
   * Infinity. A thread that takes longer is *stuck*: its task computes without checking for its
   * cancellation. A stuck thread is logged. When all `max` threads are stuck, new tasks are
   * rejected with `ThreadPoolStuck`.
   *
   * @default {5}
   */
  endTimeout?: number | undefined;
  /**
   * Whether stuck threads are replaced by new ones. Stuck threads then do not count towards `max`,
   * so cancelled tasks may occupy every processor core.
   *
   * @default {false}
   */
  replaceStuck?: boolean | undefined;
  /**
   * The largest JavaScript heap of each thread in bytes, or Infinity. A task that needs more fails
   * with `ThreadOutOfMemory`, and its thread is replaced. The memory of `ArrayBuffer`s and of
   * WebAssembly is outside of the heap and is not limited. Without a limit, a thread that runs out
   * of memory terminates the whole process. A new limit applies to threads that start afterwards.
   *
   * @default {536870912}
   */
  maxHeapSize?: number | undefined;
}

/**
 * A pool of worker threads. The part of `twisted.python.threadpool.ThreadPool` that Twisted's
 * reactor uses.
 */
export interface IThreadPool {
  /** The number of threads that `start()` creates. */
  readonly min: number;
  /** The largest number of threads. */
  readonly max: number;
  /** Whether the pool runs tasks: `true` from `start()` until `stop()`. */
  readonly started: boolean;
  /**
   * Runs a task in a worker thread. Its result is discarded and its error is logged.
   *
   * @param task The task.
   * @param args The arguments of the task, which are sent by structured clone.
   * @throws {DOMException} `DataCloneError` if an argument cannot be cloned.
   * @throws {TypeError} If the task has no valid module or export.
   * @throws {ThreadPoolFull} If `maxBacklog` tasks are queued.
   * @throws {ThreadPoolStuck} If all threads are stuck.
   */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void;
  /**
   * Runs a task in a worker thread and passes its outcome to a callback.
   *
   * @param onResult A callback that is called once with the outcome. With `null`, the result is
   *   discarded and an error is logged.
   * @param task The task.
   * @param args The arguments of the task, which are sent by structured clone.
   * @returns A handle that can cancel the task.
   * @throws {DOMException} `DataCloneError` if an argument cannot be cloned.
   * @throws {TypeError} If the task has no valid module or export.
   * @throws {ThreadPoolFull} If `maxBacklog` tasks are queued.
   * @throws {ThreadPoolStuck} If all threads are stuck.
   */
  callInThreadWithCallback<A extends unknown[], R>(
    onResult: ThreadResult<R> | null,
    task: WorkerTask<A, R>,
    ...args: NoInfer<A>
  ): IThreadCall;
  /**
   * Changes limits of the pool. Surplus threads are terminated when they are idle.
   *
   * @param limits The limits to change.
   * @throws {TypeError} If a limit has the wrong type.
   * @throws {RangeError} If a limit is out of range, or `min` is greater than `max`.
   */
  adjustPoolsize(limits: ThreadPoolLimits): void;
}

/** A reactor with a thread pool. Twisted's `IReactorThreads`. */
export interface IReactorThreads {
  /**
   * Calls `f(...args)` in the reactor's next turn, before the timed calls that are due then.
   * Several such calls are made in the order of `callFromThread`. An error that `f` throws is
   * logged.
   *
   * All code that has a reference to a reactor already runs in the reactor's thread, so this method
   * serves to order calls, not to make them safe. A task in a worker thread calls back into the
   * reactor's thread through a function among its arguments.
   *
   * @throws {TypeError} If `f` is not a function.
   */
  callFromThread<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): void;
  /**
   * Runs a task in a thread of the reactor's pool, as soon as the reactor runs. The task's result
   * is discarded and its error is logged.
   *
   * @param task The task.
   * @param args The arguments of the task, which are sent by structured clone.
   * @throws {DOMException} `DataCloneError` if an argument cannot be cloned.
   * @throws {TypeError} If the task has no valid module or export.
   * @throws {ThreadPoolFull} If `maxBacklog` tasks are queued.
   * @throws {ThreadPoolStuck} If all threads are stuck.
   */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void;
  /**
   * Sets the largest number of threads of the reactor's pool.
   *
   * @param size The number of threads, at least 0. With 0, tasks stay queued.
   * @throws {RangeError} If the size is not an integer of at least 0.
   */
  suggestThreadPoolSize(size: number): void;
  /** Returns the reactor's thread pool. The pool starts and stops with the reactor. */
  getThreadPool(): IThreadPool;
}
