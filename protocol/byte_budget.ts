/**
 * A number of bytes with a limit. A single entry may exceed the limit, as long as there is no
 * other: it could never be added otherwise.
 */
export class ByteBudget {
  /** The limit, in bytes. */
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The sum of the sizes of the entries, in bytes. */
  get used(): number {
    return this.#used;
  }

  /** Returns whether an entry of this size may be added. */
  hasRoom(size: number): boolean {
    return this.#used === 0 || this.#used + size <= this.limit;
  }

  /** Adds an entry. */
  add(size: number): void {
    this.#used += size;
  }

  /** Removes an entry that was added. */
  remove(size: number): void {
    this.#used -= size;
  }
}
