/**
 * The loop of a simulation: one event after the other, and the promises of each before the next.
 *
 * @module
 */

import type { Schedule } from "./schedule.ts";

/** Why a loop has ended. */
export type End = "done" | "idle" | "limit";

/** The functions of the host that let promises settle. */
export interface HostLoop {
  /** Calls a function when no microtask is left. */
  readonly nextTick: (f: () => void) => void;
  /** Calls a function when the host's own events have had their turn. */
  readonly setImmediate: (f: () => void) => void;
}

/** Returns the functions of the host. A simulation replaces them later. */
export function hostLoop(): HostLoop {
  const { nextTick } = globalThis.process;
  const { setImmediate } = globalThis;
  return { nextTick, setImmediate };
}

/** What the loop needs to know of the simulation. */
export interface RunOptions {
  /** The functions of the host. */
  readonly host: HostLoop;
  /** The virtual time in microseconds at which to end. */
  readonly limit: number;
  /** Returns whether to end. */
  isDone(): boolean;
  /** Returns whether the last event has called a program. */
  takeEntered(): boolean;
  /** Checks the properties of the simulation. */
  check(): void;
}

/** The number of events after which the host's own event loop has its turn. */
const BREATH = 2000;

/**
 * Makes events until the simulation is done, no event is left, or the time limit is reached.
 *
 * Promises must settle before the next event, or the order would depend on the number of steps that
 * each promise takes. A `process.nextTick` that a microtask schedules runs when no microtask is
 * left, and costs a tenth of a macrotask.
 */
export function runSchedule(schedule: Schedule, options: RunOptions): Promise<End> {
  const { promise, resolve, reject } = Promise.withResolvers<End>();
  const { nextTick, setImmediate } = options.host;
  let events = 0;
  const proceed = () => void nextTick(step);
  const step = () => {
    try {
      for (;;) {
        if (options.isDone()) return resolve("done");
        if (schedule.size === 0) return resolve("idle");
        if (schedule.next > options.limit) return resolve("limit");
        schedule.step();
        events++;
        if (!options.takeEntered()) continue;
        options.check();
        break;
      }
    } catch (error) {
      return reject(error);
    }
    if (events < BREATH) return queueMicrotask(proceed);
    events = 0;
    setImmediate(step);
  };
  queueMicrotask(proceed);
  return promise;
}
