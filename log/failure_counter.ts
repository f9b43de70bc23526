/** Limits the log lines about a failure that repeats. */

/** Counts failures, and selects those to log: the first, the 10th, the 100th and so on. */
export class FailureCounter {
  #count = 0;
  #next = 1;

  /** The number of failures so far. */
  get count(): number {
    return this.#count;
  }

  /** Counts a failure. @returns Whether to log it. */
  add(): boolean {
    if (++this.#count < this.#next) return false;
    this.#next *= 10;
    return true;
  }

  /** Returns the end of the log line: `""`, or ` (10 times so far)`. */
  toString(): string {
    return this.#count === 1 ? "" : ` (${this.#count} times so far)`;
  }
}
