/**
 * A histogram of durations, cheap enough to be always on.
 *
 * @module
 */

import type { DurationStats } from "../interfaces/mod.ts";

/**
 * The upper limits of the buckets, in seconds: from a turn without delay, over one that a user
 * notices, to one after which peers give up.
 */
export const DURATION_LIMITS: readonly number[] = [
  0.0001,
  0.001,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
];

/** Counts durations in buckets. */
export class DurationMeter {
  /** The number of durations. */
  count = 0;
  #total = 0;
  #maximum = 0;
  /** The number of durations in each bucket; those above the last limit have none. */
  readonly #counts: number[] = DURATION_LIMITS.map(() => 0);

  /** Counts a duration, in seconds. */
  add(seconds: number): void {
    this.count++;
    this.#total += seconds;
    if (seconds > this.#maximum) this.#maximum = seconds;
    // Nearly all durations are in the first buckets.
    for (let i = 0; i < DURATION_LIMITS.length; i++) {
      if (seconds > (DURATION_LIMITS[i] ?? 0)) continue;
      this.#counts[i] = (this.#counts[i] ?? 0) + 1;
      return;
    }
  }

  /** Returns the counters. */
  stats(): DurationStats {
    let count = 0;
    return {
      count: this.count,
      total: this.#total,
      maximum: this.#maximum,
      buckets: DURATION_LIMITS.map((limit, i) => ({
        limit,
        count: count += this.#counts[i] ?? 0,
      })),
    };
  }
}
