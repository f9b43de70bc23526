/**
 * The parts of a reactor that a port needs, for a port that neither waits nor uses the network.
 *
 * @module
 */

import { MicrotaskQueue, type MicrotaskTask } from "../reactor/lifecycle/microtask_queue.ts";
import { ReactorResources } from "../reactor/lifecycle/open_resources.ts";
import type { ConnectionContext } from "../reactor/stream/connection_context.ts";
import { Clock } from "../task/mod.ts";

/** Keeps the tasks of a port until {@linkcode run}, so that no test has to wait for them. */
export class ManualTaskQueue extends MicrotaskQueue {
  readonly #tasks: MicrotaskTask[] = [];

  override add(task: MicrotaskTask): void {
    this.#tasks.push(task);
  }

  /** Runs the tasks. */
  run(): void {
    for (const task of this.#tasks.splice(0)) task.runMicrotask();
  }
}

/** Returns the parts of a reactor that runs and whose time stands still. */
export function stillContext(microtasks: MicrotaskQueue): ConnectionContext {
  const clock = new Clock();
  return {
    reactor: {
      seconds: () => clock.seconds(),
      callLater: (delay, f, ...args) => clock.callLater(delay, f, ...args),
      getDelayedCalls: () => clock.getDelayedCalls(),
      callWhenRunning: (f, ...args) => {
        f(...args);
        return null;
      },
    },
    resources: new ReactorResources(),
    microtasks,
    timeout: (delay, f) => {
      const call = clock.callLater(delay, f);
      return () => {
        if (call.active()) call.cancel();
      };
    },
  };
}
