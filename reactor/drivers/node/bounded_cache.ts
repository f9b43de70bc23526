/**
 * A cache of a limited number of values.
 *
 * @module
 */

/** Values by text. The oldest ones are dropped at the limit. */
export class BoundedCache<T> {
  readonly #values = new Map<string, T>();
  readonly #limit: number;

  /** @param limit The number of values that are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Returns the value of a text.
   *
   * @param text The text.
   * @param make Makes the value if it is not known. Nothing is kept if it throws.
   */
  get(text: string, make: () => T): T {
    // The cast is safe: has() has found the text. T may include undefined, so get() alone would not
    // show whether the text is known.
    if (this.#values.has(text)) return this.#values.get(text) as T;
    const value = make();
    for (const oldest of this.#values.keys()) {
      if (this.#values.size < this.#limit) break;
      this.#values.delete(oldest);
    }
    this.#values.set(text, value);
    return value;
  }
}
