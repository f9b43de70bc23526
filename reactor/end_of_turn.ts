/**
 * What waits for the running code to return.
 *
 * A protocol may write a hundred times in one go, and may lose a connection in the middle of its own `dataReceived`. Both wait
 * here: the writes leave together, and `connectionLost` never comes inside a call that the protocol made.
 *
 * @module
 */

import { classNameOf, logUserError } from "./user_code.ts";

/** Something to be done when the running code has returned. */
export interface EndOfTurnTask {
  /** Does it. Must not throw. */
  endOfTurn(): void;
}

/** The tasks of one reactor, done in order in one microtask. */
export class EndOfTurn {
  #tasks: EndOfTurnTask[] = [];
  readonly #run = (): void => {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) {
      try {
        task.endOfTurn();
      } catch (error) {
        // The other tasks are not affected, and the process continues.
        logUserError(error, `While ending a turn of ${classNameOf(task)}`);
      }
    }
  };

  /** Has `task` done once the running code has returned. */
  add(task: EndOfTurnTask): void {
    if (this.#tasks.push(task) === 1) queueMicrotask(this.#run);
  }
}
