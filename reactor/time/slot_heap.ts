/**
 * The heap beneath the queue of timed calls.
 *
 * @module
 */

const SMALLEST = 64;

/**
 * A binary heap of slots (small whole numbers, each in it once), the least (key, order) on top.
 *
 * It moves numbers only, in typed arrays. To move objects costs the engine's write barrier at every step, and to compare them a cache
 * miss: a heap of 200,000 objects takes several times as long as this one. Whoever needs objects keeps them in an array, by slot.
 */
export class SlotHeap {
  // The heap itself: what stands at i has its children at 2i + 1 and 2i + 2.
  #keys = new Float64Array(SMALLEST);
  #slots = new Uint32Array(SMALLEST);
  #size = 0;
  readonly #orders: readonly number[];

  /** @param orders Each slot's order, kept by the owner: there before the slot is pushed, and unchanged while it is in the heap. */
  constructor(orders: readonly number[]) {
    this.#orders = orders;
  }

  /** How many slots are in it. */
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

  /** Adds a slot. O(log n); O(1) when it is the last to come, as a timeout often is. */
  push(slot: number, key: number): void {
    if (this.#size === this.#keys.length) this.#grow();
    this.#rise(this.#size++, slot, key);
  }

  /** Takes the slot on top away, if there is one. O(log n). */
  removeTop(): void {
    if (this.#size === 0) return;
    const last = --this.#size;
    if (last > 0) this.#settle(at(this.#slots, last), at(this.#keys, last));
  }

  /** Gives the slot on top a later key. O(log n). */
  rekeyTop(key: number): void {
    if (this.#size > 0) this.#settle(at(this.#slots, 0), key);
  }

  /** The slots, in no particular order. */
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
   * Fills the hole on top. The lesser child moves up until the hole is at the bottom: what is to fill it mostly belongs there, since it
   * came from there. If not, it rises. That takes half the comparisons of looking at both on the way down.
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

  /** Moves a hole up until the slot may fill it. */
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

  /** Whether what stands at `index` comes before this slot. */
  #isBefore(index: number, slot: number, key: number): boolean {
    const other = at(this.#keys, index);
    if (other !== key) return other < key;
    return this.#orderOf(at(this.#slots, index)) < this.#orderOf(slot);
  }

  #orderOf(slot: number): number {
    // There, by the constructor's condition.
    return this.#orders[slot] as number;
  }
}

/** The element at `index`. The heap's shape keeps every index in range, which the type cannot tell. */
function at(array: Float64Array | Uint32Array, index: number): number {
  return array[index] as number;
}
