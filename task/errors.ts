/**
 * The errors of cooperative tasks, and `SystemExit`. The names are those of Twisted's
 * `twisted.internet.task`.
 *
 * @module
 */

import { checkInteger } from "../internal/validation.ts";

/**
 * The base class of the errors of a `Cooperator` and its tasks: an operation is not possible in the
 * present state.
 */
export class SchedulerError extends Error {
  static {
    this.prototype.name = "SchedulerError";
  }
}

/** The operation is not possible, or the task failed, because the `Cooperator` has been stopped. */
export class SchedulerStopped extends SchedulerError {
  static {
    this.prototype.name = "SchedulerStopped";
  }
}

/** The base class of the errors that say that a task has ended. */
export class TaskFinished extends SchedulerError {
  static {
    this.prototype.name = "TaskFinished";
  }
}

/** The operation is not possible, because the task has completed. */
export class TaskDone extends TaskFinished {
  static {
    this.prototype.name = "TaskDone";
  }
}

/** The operation is not possible, or the task failed, because the task has been stopped. */
export class TaskStopped extends TaskFinished {
  static {
    this.prototype.name = "TaskStopped";
  }
}

/** The operation is not possible, because the task has failed. The `cause` is its error. */
export class TaskFailed extends TaskFinished {
  static {
    this.prototype.name = "TaskFailed";
  }
}

/** Thrown by `resume()` if the task is not paused. */
export class NotPaused extends SchedulerError {
  static {
    this.prototype.name = "NotPaused";
  }
}

/**
 * Thrown by the main function of `react()` to end the program with an exit status. Python's
 * exception of that name.
 *
 * @example
 * ```ts
 * import { SystemExit } from "@torsion/reactor/task";
 *
 * async function main(): Promise<void> {
 *   const settings = await Deno.readTextFile("settings.json");
 *   if (settings === "") throw new SystemExit(2);
 * }
 * ```
 */
export class SystemExit extends Error {
  static {
    this.prototype.name = "SystemExit";
  }

  /** The exit status of the process. */
  readonly code: number;

  /**
   * Makes the error.
   *
   * @param code The exit status, from 0 to 255. 0 means success.
   * @throws {RangeError} If the code is not an integer from 0 to 255.
   */
  constructor(code: number = 0) {
    checkInteger("SystemExit() code", code, 0, 255);
    super(`The program ends with status ${code}`);
    this.code = code;
  }
}
