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

  /** The mean lateness of all turns, in seconds. */
  get meanLateness(): number {
    return this.turns === 0 ? 0 : this.#lateness / this.turns;
  }

  /**
   * Counts a turn.
   *
   * @param due The time of the earliest call, in seconds; `undefined` if no call is pending.
   * @param now The current time, in seconds. Before `due`, the turn is not counted.
   */
  turn(due: number | undefined, now: number): void {
    if (due === undefined || due > now) return;
    const lateness = now - due;
    this.turns++;
    this.#lateness += lateness;
    if (lateness > this.maxLateness) this.maxLateness = lateness;
  }
}
