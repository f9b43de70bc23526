/**
 * Errors of threads and thread pools.
 *
 * @module
 */

/** Thrown when a task is refused or dropped because its pool was stopped. */
export class ThreadPoolStopped extends Error {
  /** The error's name. */
  override readonly name = "ThreadPoolStopped";
}

/** Thrown when a task is refused because the pool's queue already holds `maxBacklog` tasks. */
export class ThreadPoolFull extends Error {
  /** The error's name. */
  override readonly name = "ThreadPoolFull";
}

/**
 * Thrown when a task is refused because every thread of the pool is stuck: each still computes for
 * a cancelled task that does not watch for its cancellation. The pool accepts tasks again when one
 * of these threads has stopped.
 */
export class ThreadPoolStuck extends Error {
  /** The error's name. */
  override readonly name = "ThreadPoolStuck";
}

/**
 * Thrown when the thread could not import the module of a task. The `cause` is the error of the
 * import.
 */
export class TaskUnloadable extends Error {
  /** The error's name. */
  override readonly name = "TaskUnloadable";
}

/** Thrown when the JavaScript heap of a thread reached the pool's `maxHeapSize` during a task. */
export class ThreadOutOfMemory extends Error {
  /** The error's name. */
  override readonly name = "ThreadOutOfMemory";
}

/**
 * Thrown when a thread exited during a task without an uncaught error: the task called
 * `Deno.exit()`, `process.exit()` or `close()`.
 */
export class ThreadExited extends Error {
  /** The error's name. */
  override readonly name = "ThreadExited";
  /** The exit code of the thread. */
  readonly exitCode: number;

  /**
   * Creates the error.
   *
   * @param exitCode The exit code of the thread.
   */
  constructor(exitCode: number) {
    super(`The thread exited during its task with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}
