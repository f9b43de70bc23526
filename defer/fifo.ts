/** A list from which the first is taken, however long it is, at the same small cost. */
export class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  /** How many are in it. */
  get length(): number {
    return this.#items.length - this.#first;
  }

  /** All of them, in order. */
  list(): T[] {
    return this.#items.slice(this.#first);
  }

  /** Adds one at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes one out, wherever it is, if it is there. It is looked for from the end. */
  remove(item: T): void {
    const at = this.#items.lastIndexOf(item);
    if (at >= this.#first) this.#items.splice(at, 1);
  }

  /** Takes the first one. There has to be one. */
  shift(): T {
    // Of type T, as long as #first < length, which the caller has seen to.
    const item = this.#items[this.#first] as T;
    this.#first++;
    if (this.#first * 2 >= this.#items.length) {
      // At most as many are moved as have been taken since the last time.
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
