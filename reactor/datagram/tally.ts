/**
 * How often something has gone wrong, so that a log tells of it without being filled by it.
 *
 * @module
 */

/** Counts. The first time is worth telling, and then each time the number has grown tenfold. */
export class Tally {
  #count = 0;
  #next = 1;

  /** Counts one more. @returns whether to tell of it. */
  add(): boolean {
    if (++this.#count < this.#next) return false;
    this.#next *= 10;
    return true;
  }

  /** What a line says of the times before: `""`, or ` (10 so far)`. */
  toString(): string {
    return this.#count === 1 ? "" : ` (${this.#count} so far)`;
  }
}
