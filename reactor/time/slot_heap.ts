/**
 * The heap that orders the slots of timed calls.
 *
 * @module
 */

const SMALLEST = 64;

/**
 * A binary heap of slots with the least (key, order) on top. A slot is a small integer that occurs
 * at most once.
 *
 * The heap contains only numbers, in typed arrays. Moving objects would cost a write barrier of the
 * engine at each step, and comparing them a cache miss: a heap of 200,000 objects is several times
 * slower. The owner keeps its objects in an array that is indexed by slot.
 */
export class SlotHeap {
  // A binary heap in two parallel arrays. The children of the element at index i are at 2i + 1 and
  // 2i + 2.
  #keys = new Float64Array(SMALLEST);
  #slots = new Uint32Array(SMALLEST);
  #size = 0;
  readonly #orders: readonly number[];

  /**
   * @param orders The order of each slot. The owner sets it before it pushes the slot, and does not
   *   change it while the slot is in the heap.
   */
  constructor(orders: readonly number[]) {
    this.#orders = orders;
  }

  /** The number of slots in the heap. */
  get size(): number {
    return this.#size;
  }

  /** The slot on top; `undefined` when the heap is empty. */
  get top(): number | undefined {
    return this.#size === 0 ? undefined : this.#slots[0];
  }

  /** The key of the slot on top; Infinity when the heap is empty. */
  get topKey(): number {
    return this.#size === 0 ? Infinity : at(this.#keys, 0);
  }

  /** Adds a slot. O(log n), and O(1) if its key is the largest, as is usual for timeouts. */
  push(slot: number, key: number): void {
    if (this.#size === this.#keys.length) this.#grow();
    this.#rise(this.#size++, slot, key);
  }

  /** Removes the slot on top, if there is one. O(log n). */
  removeTop(): void {
    if (this.#size === 0) return;
    const last = --this.#size;
    if (last > 0) this.#settle(at(this.#slots, last), at(this.#keys, last));
  }

  /** Sets a larger key for the slot on top. O(log n). */
  rekeyTop(key: number): void {
    if (this.#size > 0) this.#settle(at(this.#slots, 0), key);
  }

  /** Returns the slots, in no particular order. */
  slots(): Iterable<number> {
    return this.#slots.subarray(0, this.#size);
  }

  #grow(): void {
    const keys = new Float64Array(2 * this.#size);
    const slots = new Uint32Array(2 * this.#size);
    keys.set(this.#keys);
    slots.set(this.#slots);
    this.#keys = keys;
    this.#slots = slots;
  }

  /**
   * Fills the hole on top. The lesser child moves up repeatedly until the hole is at the bottom,
   * where a slot from the end of the heap usually belongs; if it does not, it rises. That takes
   * half the comparisons of comparing it with both children on the way down.
   */
  #settle(slot: number, key: number): void {
    const keys = this.#keys;
    const slots = this.#slots;
    const size = this.#size;
    let hole = 0;
    for (let child = 1; child < size; child = 2 * hole + 1) {
      const right = child + 1;
      if (right < size && this.#isBefore(right, at(slots, child), at(keys, child))) child = right;
      keys[hole] = at(keys, child);
      slots[hole] = at(slots, child);
      hole = child;
    }
    this.#rise(hole, slot, key);
  }

  /** Moves a hole up to the position of the slot, and fills it. */
  #rise(hole: number, slot: number, key: number): void {
    const keys = this.#keys;
    const slots = this.#slots;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.#isBefore(parent, slot, key)) break;
      keys[hole] = at(keys, parent);
      slots[hole] = at(slots, parent);
      hole = parent;
    }
    keys[hole] = key;
    slots[hole] = slot;
  }

  /** Returns whether the element at `index` comes before this slot. */
  #isBefore(index: number, slot: number, key: number): boolean {
    const other = at(this.#keys, index);
    if (other !== key) return other < key;
    return this.#orderOf(at(this.#slots, index)) < this.#orderOf(slot);
  }

  #orderOf(slot: number): number {
    // The cast is safe: the caller of the constructor guarantees an order for each slot in the
    // heap.
    return this.#orders[slot] as number;
  }
}

/** Returns the element at `index`. Every index is in range, which the type cannot express. */
function at(array: Float64Array | Uint32Array, index: number): number {
  return array[index] as number;
}
