/**
 * A queue whose items may also leave it from the middle. Adding and removing an item cost the same
 * at any length.
 */
export class RemovableFifo<T extends object> {
  // The items by consecutive numbers. With the numbers, finding the first item needs no search;
  // iterating a Set or Map would pass over its removed entries each time.
  readonly #items = new Map<number, T>();
  /** The number of the next item that is added. */
  #next = 0;
  /** No item with a lower number is in the queue. */
  #first = 0;

  /** The number of items. */
  get length(): number {
    return this.#items.size;
  }

  /** Returns all items, in order. */
  list(): T[] {
    return [...this.#items.values()];
  }

  /**
   * Adds an item at the end.
   *
   * @returns The number with which {@linkcode remove} removes it.
   */
  push(item: T): number {
    this.#items.set(this.#next, item);
    return this.#next++;
  }

  /**
   * Removes an item.
   *
   * @param number The result of `push()`.
   * @returns Whether the item was in the queue.
   */
  remove(number: number): boolean {
    return this.#items.delete(number);
  }

  /** The first item; `undefined` if the queue is empty. */
  get first(): T | undefined {
    if (this.#items.size === 0) return undefined;
    while (!this.#items.has(this.#first)) this.#first++;
    return this.#items.get(this.#first);
  }

  /** Removes and returns the first item; `undefined` if the queue is empty. */
  shift(): T | undefined {
    const { first } = this;
    if (first !== undefined) this.#items.delete(this.#first++);
    return first;
  }

  /** Removes and returns all items, in order. */
  takeAll(): T[] {
    const items = this.list();
    this.#items.clear();
    return items;
  }
}
