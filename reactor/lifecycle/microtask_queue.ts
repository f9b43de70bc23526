/**
 * What waits for the running code to return.
 *
 * A protocol may write a hundred times in one go, and may lose a connection in the middle of its own `dataReceived`. Both wait
 * here: the writes leave together, and `connectionLost` never comes inside a call that the protocol made.
 *
 * @module
 */

import { classNameOf, logUserError } from "../../defer/guarded_call.ts";

/** Something to be done when the running code has returned. */
export interface MicrotaskTask {
  /** Does it. Must not throw. */
  microtasks(): void;
}

/** The tasks of one reactor, done in order in one microtask. */
export class MicrotaskQueue {
  #tasks: MicrotaskTask[] = [];
  readonly #run = (): void => {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) {
      try {
        task.microtasks();
      } catch (error) {
        // The other tasks are not affected, and the process continues.
        logUserError(error, `While ending a turn of ${classNameOf(task)}`);
      }
    }
  };

  /** Has `task` done once the running code has returned. */
  add(task: MicrotaskTask): void {
    if (this.#tasks.push(task) === 1) queueMicrotask(this.#run);
  }
}
