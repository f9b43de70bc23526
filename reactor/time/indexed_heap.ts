/**
 * The priority queue of what is due soon, on a reactor and in a simulation.
 *
 * @module
 */

/**
 * A heap of items with the least (key, order) on top, in which each item knows its index, so that
 * it is removed without a search. The worst case of each method is O(log n).
 */
export class IndexedHeap<T> {
  readonly #setIndex: (item: T, index: number) => void;
  // By index. The children of the index i are 4i + 1 to 4i + 4. Keys and orders are not read from
  // the items, because many of these are not in the processor's cache.
  readonly #items: T[] = [];
  readonly #keys: number[] = [];
  readonly #orders: number[] = [];

  /** @param setIndex Stores the index of an item, for {@linkcode remove}. Called at each change. */
  constructor(setIndex: (item: T, index: number) => void) {
    this.#setIndex = setIndex;
  }

  /** The number of items. */
  get size(): number {
    return this.#items.length;
  }

  /** The item on top; `undefined` when the heap is empty. */
  get top(): T | undefined {
    return this.#items[0];
  }

  /** The key of the item on top; Infinity when the heap is empty. */
  get topKey(): number {
    return this.#keys[0] ?? Infinity;
  }

  /** Returns the items, in no particular order. */
  items(): T[] {
    return this.#items.slice();
  }

  /**
   * Adds an item that is not in the heap.
   *
   * @param item The item.
   * @param key Its key.
   * @param order Its order among the items with the same key, which all differ.
   */
  push(item: T, key: number, order: number): void {
    this.#rise(this.#items.length, item, key, order);
  }

  /** Removes the item at an index. */
  remove(index: number): void {
    // The heap has an item at its end. It usually belongs near the bottom, where the hole goes.
    const item = this.#items.pop() as T;
    const key = this.#keys.pop() as number;
    const order = this.#orders.pop() as number;
    if (index < this.#items.length) this.#rise(this.#sink(index), item, key, order);
  }

  /** Moves a hole to the bottom, and returns its index. */
  #sink(start: number): number {
    const end = this.#items.length;
    let hole = start;
    for (let child = 4 * hole + 1; child < end; child = 4 * hole + 1) {
      let least = child;
      const last = Math.min(child + 3, end - 1);
      while (child++ < last) if (this.#isBefore(child, least)) least = child;
      this.#move(least, hole);
      hole = least;
    }
    return hole;
  }

  /** Moves a hole up to the index of an item, and fills it. */
  #rise(start: number, item: T, key: number, order: number): void {
    let hole = start;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      const parentKey = numberAt(this.#keys, parent);
      if (key > parentKey || key === parentKey && order > numberAt(this.#orders, parent)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#put(hole, item, key, order);
  }

  #isBefore(index: number, other: number): boolean {
    const key = numberAt(this.#keys, index);
    const otherKey = numberAt(this.#keys, other);
    return key < otherKey ||
      key === otherKey && numberAt(this.#orders, index) < numberAt(this.#orders, other);
  }

  #move(from: number, to: number): void {
    // The index is in range, which the types cannot express.
    const item = this.#items[from] as T;
    this.#put(to, item, numberAt(this.#keys, from), numberAt(this.#orders, from));
  }

  #put(index: number, item: T, key: number, order: number): void {
    this.#items[index] = item;
    this.#keys[index] = key;
    this.#orders[index] = order;
    this.#setIndex(item, index);
  }
}

function numberAt(numbers: readonly number[], index: number): number {
  // The index is in range, which the types cannot express.
  return numbers[index] as number;
}
