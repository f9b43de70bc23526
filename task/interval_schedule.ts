/**
 * When a looping call is to be made, and how often it should have been by now.
 *
 * All moments are `start + n * interval`, computed afresh each time, so that no error adds up. A
 * clock may wake a little early, by what binary fractions leave over (a reactor does, to spare
 * itself a wake-up that comes to nothing): a call that is made for a moment counts as made then.
 */
export class IntervalSchedule {
  /** Seconds between two moments; 0 is as often as may be. */
  interval: number;
  #start: number;
  /** The moment for which the latest call was asked for. */
  #target: number;
  /** When it was last counted; null before the first time. */
  #countedAt: number | null = null;
  /** What was not counted before the latest restart. */
  #missed = 0;
  readonly #firstAtStart: boolean;

  /**
   * @param interval Seconds between two moments.
   * @param now The first moment.
   * @param firstAtStart Whether the first call is made then, and not one interval later.
   */
  constructor(interval: number, now: number, firstAtStart: boolean) {
    this.interval = interval;
    this.#start = this.#target = now;
    this.#firstAtStart = firstAtStart;
  }

  /** The seconds from now to the first moment that is in the future, and is not the latest one. */
  next(now: number): number {
    if (this.interval === 0) {
      this.#target = now;
      return 0;
    }
    const latest = Math.max(now, this.#target);
    this.#target = this.#start + (this.#over(latest) + 1) * this.interval;
    // An interval can be too small to make a difference to the time.
    return this.#target > latest ? this.#target - now : this.interval;
  }

  /** How many calls should have been made since this was last asked, by this one's moment. */
  count(now: number): number {
    const moment = Math.max(now, this.#target);
    const count = this.interval === 0 ? 1 : this.#missed + this.#sinceCounted(moment);
    if (count > 0) {
      this.#countedAt = moment;
      this.#missed = 0;
    }
    return count;
  }

  /** Begins anew. What should have been made before still counts. */
  restart(now: number): void {
    if (this.interval > 0) this.#missed += Math.max(this.#sinceCounted(now), 0);
    this.#start = this.#target = this.#countedAt = now;
  }

  #sinceCounted(moment: number): number {
    const before = this.#firstAtStart ? -1 : 0;
    return this.#over(moment) -
      (this.#countedAt === null ? before : this.#over(this.#countedAt));
  }

  /** The greatest n whose moment has come. Division alone would be off by one at times. */
  #over(moment: number): number {
    const n = Math.floor((moment - this.#start) / this.interval);
    if (this.#start + (n + 1) * this.interval <= moment) return n + 1;
    return this.#start + n * this.interval > moment ? n - 1 : n;
  }
}
