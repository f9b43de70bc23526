/**
 * Computes the times of a looping call, and the number of calls that are due.
 *
 * Each time is computed afresh as `start + n * interval`, so that rounding errors do not add up. A
 * clock may wake a little early because of a rounding error, as a reactor does to save a wake-up: a
 * call that was scheduled for a time counts as made at that time.
 */
export class IntervalSchedule {
  /** Seconds between two calls. 0 means as often as possible. */
  interval: number;
  #start: number;
  /** The time for which the latest call was scheduled. */
  #target: number;
  /** The time of the latest count; null before the first count. */
  #countedAt: number | null = null;
  /** The number of calls before the latest restart that were not counted. */
  #missed = 0;
  readonly #firstAtStart: boolean;

  /**
   * @param interval Seconds between two calls.
   * @param now The time of the start, in seconds.
   * @param firstAtStart Whether the first call is made at the start. With `false`, it is made one
   * interval later.
   */
  constructor(interval: number, now: number, firstAtStart: boolean) {
    this.interval = interval;
    this.#start = this.#target = now;
    this.#firstAtStart = firstAtStart;
  }

  /**
   * Returns the seconds from `now` to the next call's time, which is in the future and after the
   * latest call's.
   */
  next(now: number): number {
    if (this.interval === 0) {
      this.#target = now;
      return 0;
    }
    const latest = Math.max(now, this.#target);
    this.#target = this.#start + (this.#over(latest) + 1) * this.interval;
    // A very small interval may not change the time when it is added to it, because of
    // floating-point rounding. The interval itself is returned then.
    return this.#target > latest ? this.#target - now : this.interval;
  }

  /**
   * Returns the number of calls that should have been made since the latest count, including the
   * present one.
   */
  count(now: number): number {
    const moment = Math.max(now, this.#target);
    const count = this.interval === 0 ? 1 : this.#missed + this.#sinceCounted(moment);
    if (count > 0) {
      this.#countedAt = moment;
      this.#missed = 0;
    }
    return count;
  }

  /** Starts again at `now`. Missed calls from before still count. */
  restart(now: number): void {
    if (this.interval > 0) this.#missed += Math.max(this.#sinceCounted(now), 0);
    this.#start = this.#target = this.#countedAt = now;
  }

  #sinceCounted(moment: number): number {
    const before = this.#firstAtStart ? -1 : 0;
    return this.#over(moment) -
      (this.#countedAt === null ? before : this.#over(this.#countedAt));
  }

  /** Returns the greatest n whose time has come. A division alone would sometimes be off by one. */
  #over(moment: number): number {
    const n = Math.floor((moment - this.#start) / this.interval);
    if (this.#start + (n + 1) * this.interval <= moment) return n + 1;
    return this.#start + n * this.interval > moment ? n - 1 : n;
  }
}
