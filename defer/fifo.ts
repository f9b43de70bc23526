/** A queue. Removing its first item costs the same at any length. */
export class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  /** The number of items. */
  get length(): number {
    return this.#items.length - this.#first;
  }

  /** Returns all items, in order. */
  list(): T[] {
    return this.#items.slice(this.#first);
  }

  /** Adds an item at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Removes an item, if it is in the queue. The search begins at the end. */
  remove(item: T): void {
    const at = this.#items.lastIndexOf(item);
    if (at >= this.#first) this.#items.splice(at, 1);
  }

  /** Removes and returns the first item. The queue must not be empty. */
  shift(): T {
    // The caller has checked that #first < length, so the item is of type T.
    const item = this.#items[this.#first] as T;
    this.#first++;
    if (this.#first * 2 >= this.#items.length) {
      // This moves at most as many items as have been removed since the last move.
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
