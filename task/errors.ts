/**
 * The errors of this folder. Names are those of Twisted's `twisted.internet.task`.
 *
 * @module
 */

import { checkInteger } from "../internal/validation.ts";

/** A `Cooperator` or one of its tasks is not in the state that was asked for. */
export class SchedulerError extends Error {
  static {
    this.prototype.name = "SchedulerError";
  }
}

/** The `Cooperator` has been stopped, and its tasks with it. */
export class SchedulerStopped extends SchedulerError {
  static {
    this.prototype.name = "SchedulerStopped";
  }
}

/** The task has ended, one way or the other. */
export class TaskFinished extends SchedulerError {
  static {
    this.prototype.name = "TaskFinished";
  }
}

/** The task has come to its end. */
export class TaskDone extends TaskFinished {
  static {
    this.prototype.name = "TaskDone";
  }
}

/** The task has been stopped. */
export class TaskStopped extends TaskFinished {
  static {
    this.prototype.name = "TaskStopped";
  }
}

/** The task has failed; the `cause` is the error. */
export class TaskFailed extends TaskFinished {
  static {
    this.prototype.name = "TaskFailed";
  }
}

/** `resume()` on a task that is not paused. */
export class NotPaused extends SchedulerError {
  static {
    this.prototype.name = "NotPaused";
  }
}

/**
 * Ends a program that `react()` runs, with a status of its own. Python's exception of that name.
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

  /** The process's exit status. */
  readonly code: number;

  /**
   * Makes the error.
   *
   * @param code The exit status: 0 for success, up to 255.
   * @throws {RangeError} When it is not an integer from 0 to 255.
   */
  constructor(code: number = 0) {
    checkInteger("SystemExit() code", code, 0, 255);
    super(`The program ends with status ${code}`);
    this.code = code;
  }
}
