/**
 * Counters of the turns of one reactor's loop.
 *
 * @module
 */

/** Counts turns and timed calls, and measures how late the turns are. */
export class LoopMeter {
  /** Timed calls that have been made. */
  callsMade = 0;
  /** Turns in which timed calls were due. */
  turns = 0;
  /** The greatest lateness of a turn, in seconds. */
  maxLateness = 0;
  #lateness = 0;
  /** The time at which the loop has started to run, in seconds. */
  #started = 0;

  /** The mean lateness of all turns, in seconds. */
  get meanLateness(): number {
    return this.turns === 0 ? 0 : this.#lateness / this.turns;
  }

  /** Notes the time at which the loop starts to run, in seconds: it is not late before. */
  start(now: number): void {
    this.#started = now;
  }

  /**
   * Counts a turn in which a call is due.
   *
   * @param due The time of the earliest call, in seconds.
   * @param now The current time, in seconds. It may be less than `due` by a rounding error.
   */
  turn(due: number, now: number): void {
    const lateness = Math.max(0, now - Math.max(due, this.#started));
    this.turns++;
    this.#lateness += lateness;
    if (lateness > this.maxLateness) this.maxLateness = lateness;
  }
}
