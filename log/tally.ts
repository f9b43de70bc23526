/** How often something has gone wrong, for a log that reports it without being filled by it. */

/** A count whose first step is worth a line, and then each one that makes it ten times as high. */
export class Tally {
  #count = 0;
  #next = 1;

  /** How often it has. */
  get count(): number {
    return this.#count;
  }

  /** Counts one more. @returns Whether to log it. */
  add(): boolean {
    if (++this.#count < this.#next) return false;
    this.#next *= 10;
    return true;
  }

  /** What a line adds about the times before: `""`, or ` (10 times so far)`. */
  toString(): string {
    return this.#count === 1 ? "" : ` (${this.#count} times so far)`;
  }
}
