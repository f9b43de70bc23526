/**
 * The event loop of connections in memory, run by hand.
 *
 * @module
 */

import { MicrotaskQueue, type MicrotaskTask } from "../reactor/lifecycle/microtask_queue.ts";
import { ReactorResources } from "../reactor/lifecycle/open_resources.ts";
import { nodeTLS } from "../reactor/drivers/node/tls_contexts.ts";
import type { IReactorCore, IReactorTime } from "../reactor/interfaces/mod.ts";
import type { ConnectionContext } from "../reactor/stream/connection_context.ts";

/** The part of a reactor that connections use, always running and with the time of a clock. */
export function runningClock(
  clock: IReactorTime,
): IReactorTime & Pick<IReactorCore, "callWhenRunning"> {
  return {
    seconds: () => clock.seconds(),
    callLater: (delay, f, ...args) => clock.callLater(delay, f, ...args),
    getDelayedCalls: () => clock.getDelayedCalls(),
    callWhenRunning: (f, ...args) => {
      f(...args);
      return null;
    },
  };
}

/** Tasks that run when the owner of the queue ends a turn. */
class ManualTasks extends MicrotaskQueue {
  #added: MicrotaskTask[] = [];

  override add(task: MicrotaskTask): void {
    this.#added.push(task);
  }

  /** Runs the tasks that have been added. Returns whether there were any. */
  runAdded(): boolean {
    const tasks = this.#added;
    this.#added = [];
    for (const task of tasks) task.runMicrotask();
    return tasks.length > 0;
  }
}

/** An event loop whose turns the owner runs. */
export class MemoryLoop implements ConnectionContext {
  readonly reactor: ConnectionContext["reactor"];
  readonly resources: ReactorResources = new ReactorResources();
  readonly microtasks = new ManualTasks();
  readonly tls = nodeTLS;
  #steps: (() => void)[] = [];
  #isRunning = false;

  /** @param clock The time of the connections. */
  constructor(clock: IReactorTime) {
    this.reactor = runningClock(clock);
  }

  /** Schedules one step of a read, a write or an accept. */
  readonly schedule = (step: () => void): void => {
    this.#steps.push(step);
  };

  /** Whether a round is running. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Runs rounds until nothing is pending. Does nothing if it is called within a round. */
  settle(): void {
    while (!this.#isRunning && this.runRound());
  }

  /**
   * Ends the turn, and runs each step that is pending now, in a turn of its own.
   *
   * @returns Whether anything was pending.
   */
  runRound(): boolean {
    this.#isRunning = true;
    try {
      const hadTasks = this.#endTurn();
      const steps = this.#steps;
      this.#steps = [];
      for (const step of steps) {
        step();
        this.#endTurn();
      }
      return hadTasks || steps.length > 0;
    } finally {
      this.#isRunning = false;
    }
  }

  #endTurn(): boolean {
    let any = false;
    while (this.microtasks.runAdded()) any = true;
    return any;
  }
}
