/**
 * The heap beneath the queue of timed calls.
 *
 * @module
 */

/**
 * A binary heap of slots (small whole numbers, each in it once), the least (key, order) on top.
 *
 * It knows numbers only. To move objects about would cost the engine's write barrier at every step, which makes a heap of 200,000
 * objects four times slower than this one. Whoever needs objects keeps them in an array, by slot.
 */
export class SlotHeap {
  // The heap itself: what stands at i has its children at 2i + 1 and 2i + 2.
  readonly #keys: number[] = [];
  readonly #slots: number[] = [];
  /** By slot. */
  #orders: number[] = [];

  /**
   * A heap of the slots from 0 on. O(n), where adding one after the other may cost more.
   *
   * @param keys Each slot's key.
   * @param orders Each slot's order.
   */
  static of(keys: readonly number[], orders: number[]): SlotHeap {
    const heap = new SlotHeap();
    keys.forEach((key, slot) => {
      heap.#keys.push(key);
      heap.#slots.push(slot);
    });
    heap.#orders = orders;
    for (let root = (keys.length >> 1) - 1; root >= 0; root--) {
      heap.#settle(root, at(heap.#keys, root), at(heap.#slots, root));
    }
    return heap;
  }

  /** How many slots are in it. */
  get size(): number {
    return this.#keys.length;
  }

  /** The slot on top; `undefined` when the heap is empty. */
  get top(): number | undefined {
    return this.#slots[0];
  }

  /** The key of the slot on top; `undefined` when the heap is empty. */
  get topKey(): number | undefined {
    return this.#keys[0];
  }

  /** The order under which a slot was added. */
  orderOf(slot: number): number {
    return at(this.#orders, slot);
  }

  /** Adds a slot. O(log n); O(1) when it is the last to come, as a timeout often is. */
  push(slot: number, key: number, order: number): void {
    this.#orders[slot] = order;
    const end = this.#keys.push(key) - 1;
    this.#slots.push(slot);
    this.#rise(end, 0, key, slot);
  }

  /** Takes the slot on top away, if there is one. O(log n). */
  removeTop(): void {
    const key = this.#keys.pop();
    const slot = this.#slots.pop();
    if (key === undefined || slot === undefined || this.size === 0) return;
    this.#settle(0, key, slot);
  }

  /** Gives the slot on top another key. O(log n). */
  rekeyTop(key: number): void {
    this.#settle(0, key, at(this.#slots, 0));
  }

  /**
   * Fills the hole at `root`. The lesser child moves up until the hole is at the bottom: what is to fill it mostly belongs there, since
   * it came from there. If not, it rises. That takes half the comparisons of looking at both on the way down.
   */
  #settle(root: number, key: number, slot: number): void {
    const keys = this.#keys;
    const slots = this.#slots;
    const size = keys.length;
    let hole = root;
    for (let child = 2 * hole + 1; child < size; child = 2 * hole + 1) {
      const hasSibling = child + 1 < size;
      if (hasSibling && this.#isBefore(child + 1, at(keys, child), at(slots, child))) child++;
      keys[hole] = at(keys, child);
      slots[hole] = at(slots, child);
      hole = child;
    }
    this.#rise(hole, root, key, slot);
  }

  /** Moves a hole up, no further than `root`, until the slot may fill it. */
  #rise(hole: number, root: number, key: number, slot: number): void {
    const keys = this.#keys;
    const slots = this.#slots;
    while (hole > root) {
      const parent = (hole - 1) >> 1;
      if (this.#isBefore(parent, key, slot)) break;
      keys[hole] = at(keys, parent);
      slots[hole] = at(slots, parent);
      hole = parent;
    }
    keys[hole] = key;
    slots[hole] = slot;
  }

  /** Whether what stands at `index` comes before this slot. */
  #isBefore(index: number, key: number, slot: number): boolean {
    const other = at(this.#keys, index);
    if (other !== key) return other < key;
    return at(this.#orders, at(this.#slots, index)) < at(this.#orders, slot);
  }
}

/** The element at `index`. The heap's shape keeps every index in range, which the type cannot tell. */
function at(array: readonly number[], index: number): number {
  return array[index] as number;
}
