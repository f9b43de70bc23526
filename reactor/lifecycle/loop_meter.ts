/**
 * Counters of the turns of one reactor's loop.
 *
 * @module
 */

import { DurationMeter } from "./duration_meter.ts";

/** Counts turns and timed calls, and measures how long the turns take and how late they are. */
export class LoopMeter {
  /** Timed calls that have been made. */
  callsMade = 0;
  /** The time that the turns have taken. */
  readonly turnTime: DurationMeter = new DurationMeter();
  /** The time between the moment at which a call was due and the turn that made it. */
  readonly lateness: DurationMeter = new DurationMeter();
  /** The time at which the loop has started to run, in seconds. */
  #started = 0;

  /** Notes the time at which the loop starts to run, in seconds: it is not late before. */
  start(now: number): void {
    this.#started = now;
  }

  /**
   * Counts a turn in which a call is due.
   *
   * @param due The time of the earliest call, in seconds.
   * @param now The current time, in seconds. It may be less than `due` by a rounding error.
   * @returns The lateness in seconds.
   */
  callsDue(due: number, now: number): number {
    const lateness = Math.max(0, now - Math.max(due, this.#started));
    this.lateness.add(lateness);
    return lateness;
  }

  /**
   * Counts a turn that has ended.
   *
   * @param started The time at which it began, in seconds.
   * @param now The current time, in seconds. It may be less than `started` if the clock was set
   *   back.
   * @returns The time that it has taken, in seconds.
   */
  turnEnded(started: number, now: number): number {
    const seconds = Math.max(0, now - started);
    this.turnTime.add(seconds);
    return seconds;
  }
}
