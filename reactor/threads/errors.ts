/**
 * What can go wrong with threads.
 *
 * @module
 */

/** The pool was stopped before the task was done. */
export class ThreadPoolStopped extends Error {
  /** The error's name. */
  override readonly name = "ThreadPoolStopped";
}

/** A task was refused because `maxBacklog` others already wait for a thread. */
export class ThreadPoolFull extends Error {
  /** The error's name. */
  override readonly name = "ThreadPoolFull";
}

/**
 * A task was refused because every thread of the pool is stuck: its task was cancelled, does not
 * look at that, and computes on. The pool accepts tasks again when one of them has ended.
 */
export class ThreadPoolStuck extends Error {
  /** The error's name. */
  override readonly name = "ThreadPoolStuck";
}

/**
 * The module of a task could not be imported by the thread. The `cause` is the error of the import.
 */
export class TaskUnloadable extends Error {
  /** The error's name. */
  override readonly name = "TaskUnloadable";
}

/** The JavaScript heap of the thread reached the pool's `maxHeapSize` before its task was done. */
export class ThreadOutOfMemory extends Error {
  /** The error's name. */
  override readonly name = "ThreadOutOfMemory";
}

/**
 * The thread ended before its task was done, without an error that would say why: the task called
 * `Deno.exit()`, `process.exit()` or `close()`.
 */
export class ThreadExited extends Error {
  /** The error's name. */
  override readonly name = "ThreadExited";
  /** The exit code that the thread gave. */
  readonly exitCode: number;

  /**
   * Makes the error.
   *
   * @param exitCode The exit code that the thread gave.
   */
  constructor(exitCode: number) {
    super(`The thread ended itself with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}
