/** A queue. Removing its first item costs the same at any length. */
export class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  /** The number of items. */
  get length(): number {
    return this.#items.length - this.#first;
  }

  /** The first item; `undefined` if the queue is empty. */
  get first(): T | undefined {
    return this.#items[this.#first];
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
    // The cast is safe: callers check that the queue is not empty, so the array has an item here.
    const item = this.#items[this.#first] as T;
    this.#first++;
    if (this.#first * 2 >= this.#items.length) {
      // The array is copied only when at least half of its items have been removed, so the cost per
      // removed item is constant on average.
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
