/**
 * The loop of a simulation: one event after the other, and the promises of each before the next.
 *
 * @module
 */

import type { Schedule } from "./schedule.ts";

/** Why a loop has ended: `"endless"` if the events of one moment cause more and more of them. */
export type End = "done" | "idle" | "limit" | "endless";

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
  /**
   * Called when code has continued while no event happened: it waits for a promise of the host,
   * which settles in host time.
   */
  continuedOutside(): void;
}

/** The number of events after which the host's own event loop has its turn. */
const BREATH = 2000;

/**
 * The number of events at one moment after which the time counts as standing still. A simulation of
 * a thousand hosts that all act at the same time stays below it.
 */
export const MOMENT_LIMIT = 100_000;

/**
 * Makes events until the simulation is done, no event is left, the time limit is reached, or the
 * time stands still.
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
  let moment = schedule.now;
  let eventsAtMoment = 0;
  let isIdle = false;
  const proceed = () => process.nextTick(step);
  const step = () => {
    try {
      if (options.hasEntered() && options.check()) return queueMicrotask(proceed);
      // All promises have settled here, so that only those of the host continue in its turn.
      if (events >= BREATH) return breathe();
      const end = stepsUntilEntered();
      // A promise of the host may be about to continue the program.
      if (end === "idle" && !isIdle) {
        isIdle = true;
        return breathe();
      }
      if (end !== null) return resolve(end);
    } catch (error) {
      return reject(error);
    }
    queueMicrotask(proceed);
  };
  const breathe = () => {
    const { scheduled } = schedule;
    const wasDone = options.isDone();
    events = 0;
    setImmediate(() => {
      const continued = schedule.scheduled > scheduled || options.isDone() !== wasDone;
      if (continued) options.continuedOutside();
      step();
    });
  };
  /** Makes events until one has called a program. Returns the reason of the end, or `null`. */
  const stepsUntilEntered = (): End | null => {
    do {
      if (options.isDone()) return "done";
      if (schedule.size === 0) return "idle";
      if (schedule.next > options.limit) return "limit";
      schedule.step();
      isIdle = false;
      if (schedule.now !== moment) {
        moment = schedule.now;
        eventsAtMoment = 0;
      } else if (++eventsAtMoment > MOMENT_LIMIT) return "endless";
    } while (++events < BREATH && !options.hasEntered());
    return null;
  };
  queueMicrotask(proceed);
  return promise;
}
