/**
 * The loop of a simulation: one event after the other, and the promises of each before the next.
 *
 * @module
 */

import type { Schedule } from "./schedule.ts";

/** Why a loop has ended. */
export type End = "done" | "idle" | "limit";

// The genuine functions of the host, which a simulation or a fake of the time must not replace.
const { setImmediate, process } = globalThis;

/** Returns a promise that resolves when the host's own events have had their turn. */
export function hostTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}

/** The part of the simulation that the loop uses. */
export interface RunOptions {
  /** The virtual time in microseconds at which to end. */
  readonly limit: number;
  /** Returns whether to end. */
  isDone(): boolean;
  /** Returns whether a program was called since the last check. */
  hasEntered(): boolean;
  /**
   * Checks the properties of the simulation. Called when a program was called and all promises have
   * settled.
   *
   * @returns Whether the scenario was called. Its promises must settle before the next event.
   */
  check(): boolean;
}

/** The number of events after which the host's own event loop has its turn. */
const BREATH = 2000;

/**
 * Makes events until the simulation is done, no event is left, or the time limit is reached.
 *
 * Promises must settle before the next event, or the order would depend on the number of steps that
 * each promise takes. A `process.nextTick` that a microtask schedules runs when no microtask is
 * left, and costs a tenth of a macrotask.
 *
 * @param schedule The pending events.
 * @param options The simulation.
 * @returns A promise for the reason of the end. It rejects if an event or a check throws.
 */
export function runSchedule(schedule: Schedule, options: RunOptions): Promise<End> {
  const { promise, resolve, reject } = Promise.withResolvers<End>();
  let events = 0;
  const proceed = () => process.nextTick(step);
  const step = () => {
    try {
      if (options.hasEntered() && options.check()) return queueMicrotask(proceed);
      const end = stepsUntilEntered();
      if (end !== null) return resolve(end);
    } catch (error) {
      return reject(error);
    }
    if (events < BREATH) return queueMicrotask(proceed);
    events = 0;
    setImmediate(step);
  };
  /** Makes events until one has called a program. Returns the reason of the end, or `null`. */
  const stepsUntilEntered = (): End | null => {
    do {
      if (options.isDone()) return "done";
      if (schedule.size === 0) return "idle";
      if (schedule.next > options.limit) return "limit";
      schedule.step();
    } while (++events < BREATH && !options.hasEntered());
    return null;
  };
  queueMicrotask(proceed);
  return promise;
}
