/**
 * The parts of a reactor that a port needs, for a port that neither waits nor uses the network.
 *
 * @module
 */

import { MicrotaskQueue, type MicrotaskTask } from "../reactor/lifecycle/microtask_queue.ts";
import { ReactorResources } from "../reactor/lifecycle/open_resources.ts";
import type { ConnectionContext } from "../reactor/stream/connection_context.ts";
import { Clock } from "../task/mod.ts";
import { runningClock } from "./running_clock.ts";

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
  return { ...runningClock(new Clock()), resources: new ReactorResources(), microtasks };
}
