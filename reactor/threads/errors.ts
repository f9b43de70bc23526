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

/**
 * The thread ended before its task was done, without an error that would say why: the task called `Deno.exit()`, `process.exit()` or
 * `close()`.
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
