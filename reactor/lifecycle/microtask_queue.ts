/**
 * Tasks that run as soon as the running code has returned.
 *
 * A protocol may write many times in one method, and may lose its connection inside `dataReceived`.
 * As microtasks, the writes are sent together, and `connectionLost` is never called from within a
 * call of the protocol.
 *
 * @module
 */

import { classNameOf, logUserError } from "../../defer/guarded_call.ts";

/** A task that runs when the running code has returned. */
export interface MicrotaskTask {
  /** Runs the task. It must not throw. */
  runMicrotask(): void;
}

/** The tasks of one reactor, which run in order in one microtask. */
export class MicrotaskQueue {
  readonly #soon: (run: () => void) => void;
  #tasks: MicrotaskTask[] = [];
  readonly #run = (): void => {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) {
      try {
        task.runMicrotask();
      } catch (error) {
        // The error is logged and not thrown, so that it neither prevents the other tasks nor ends
        // the process.
        logUserError(error, `Error while running a microtask of ${classNameOf(task)}`);
      }
    }
  };

  /**
   * Creates an empty queue.
   *
   * @param soon Calls a function when the running code has returned.
   */
  constructor(soon: (run: () => void) => void = queueMicrotask) {
    this.#soon = soon;
  }

  /** Adds a task, which runs when the running code has returned. */
  add(task: MicrotaskTask): void {
    if (this.#tasks.push(task) === 1) this.#soon(this.#run);
  }
}
