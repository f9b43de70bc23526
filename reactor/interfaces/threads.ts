/**
 * Threads on a reactor.
 *
 * @module
 */

/**
 * Work for another thread: a function that a module exports.
 *
 * Threads share no functions in JavaScript, so a task is named where Twisted takes a callable. `workerModule` makes tasks that know
 * their types; a plain `{ module, export }` takes any arguments and gives `unknown`.
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
   * Ends the task: it does not begin, or its thread is ended with it. Its outcome is not heard of. Once there is one, this does nothing.
   */
  cancel(): void;
}

/** Threads that wait for work. What Twisted's reactor asks of `twisted.python.threadpool.ThreadPool`. */
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
   */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void;
  /**
   * Has a task done, and hears of its outcome.
   *
   * @param onResult Called with the outcome, once. `null` logs an error, as {@linkcode callInThread} does.
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent to a thread.
   * @throws {TypeError} when the task names no module or no export.
   */
  callInThreadWithCallback<A extends unknown[], R>(
    onResult: ThreadResult<R> | null,
    task: WorkerTask<A, R>,
    ...args: NoInfer<A>
  ): IThreadCall;
}

/** Threads on a reactor. Twisted's `IReactorThreads`. */
export interface IReactorThreads {
  /**
   * Calls `f(...args)` in the reactor's next turn, ahead of the timed calls that are due then, in the order in which it was asked for.
   * What `f` throws is logged.
   *
   * All code that can reach a reactor runs in its thread already, so that this is for order, not for safety. A task calls back into the
   * reactor's thread by a function that is among its arguments.
   *
   * @throws {TypeError} when `f` is not a function.
   */
  callFromThread<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): void;
  /**
   * Has a task done by a thread of the reactor's pool. It begins when the reactor runs. An error out of it is logged.
   *
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent to a thread.
   * @throws {TypeError} when the task names no module or no export.
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
