/**
 * The priority queue behind timed calls, on a reactor and in a simulation.
 *
 * @module
 */

// The least number of items for which a heap has room.
const SMALLEST = 64;

/**
 * A heap of items with the least (key, order) on top, in which each item has a slot: a number by
 * which it is removed, or gets another key, without a search. No dead item is left behind.
 *
 * {@linkcode push} is O(1) if the key is one of the largest, as is usual for timeouts, and
 * {@linkcode remove} is O(1) on average, because most items are near the bottom. The worst case of
 * each method is O(log n).
 *
 * All that is read to move an item is in typed arrays. With 200,000 items, storing its position in
 * the item itself doubles the time to remove the items from the top: nearly each move writes to an
 * item that is not in the processor's cache.
 *
 * A timer wheel was measured, too. At 200,000 timed calls it halves the time of a cancel in random
 * order, but it needs this heap as well, for the calls of its current slot.
 */
export class IndexedHeap<T> {
  readonly #setSlot: (item: T, slot: number) => void;
  #size = 0;
  // By position. The children of the position i are 4i + 1 to 4i + 4. The positions after the items
  // have the free slots.
  #keys = new Float64Array(SMALLEST);
  #slots: Uint32Array = countTo(SMALLEST);
  // By slot.
  #positions: Uint32Array = countTo(SMALLEST);
  #orders = new Float64Array(SMALLEST);
  #items: (T | undefined)[] = [];

  /**
   * @param setSlot Stores the slot of an item. Called by {@linkcode push}, and again if the slot
   *   changes: when {@linkcode remove} of another item gives memory back.
   */
  constructor(setSlot: (item: T, slot: number) => void) {
    this.#setSlot = setSlot;
  }

  /** The number of items. */
  get size(): number {
    return this.#size;
  }

  /** The number of items for which the heap has room without taking memory. */
  get capacity(): number {
    return this.#keys.length;
  }

  /** The item on top; `undefined` when the heap is empty. */
  get top(): T | undefined {
    return this.#size === 0 ? undefined : this.#items[this.topSlot];
  }

  /** The slot of the item on top. The heap must not be empty. */
  get topSlot(): number {
    return slotAt(this.#slots, 0);
  }

  /** The key of the item on top; Infinity when the heap is empty. */
  get topKey(): number {
    return this.#size === 0 ? Infinity : keyAt(this.#keys, 0);
  }

  /** The order of the item on top. The heap must not be empty. */
  get topOrder(): number {
    return keyAt(this.#orders, this.topSlot);
  }

  /** Returns the items, in no particular order. */
  items(): T[] {
    return this.#items.filter((item) => item !== undefined);
  }

  /** Returns the key of the item in a slot. */
  keyOf(slot: number): number {
    return keyAt(this.#keys, slotAt(this.#positions, slot));
  }

  /**
   * Adds an item that is not in the heap.
   *
   * @param item The item.
   * @param key Its key.
   * @param order Its order among the items with the same key, which all differ.
   */
  push(item: T, key: number, order: number): void {
    if (this.#size === this.capacity) this.#grow();
    const slot = slotAt(this.#slots, this.#size);
    this.#items[slot] = item;
    this.#orders[slot] = order;
    this.#setSlot(item, slot);
    this.#rise(this.#size++, slot, key);
  }

  /** Removes the item in a slot. The slot is free then. */
  remove(slot: number): void {
    const hole = slotAt(this.#positions, slot);
    const last = --this.#size;
    this.#items[slot] = undefined;
    const moved = slotAt(this.#slots, last);
    const key = keyAt(this.#keys, last);
    this.#slots[last] = slot;
    if (hole !== last) this.#settle(hole, moved, key);
    if (4 * last < this.capacity && this.capacity > SMALLEST) this.#shrink();
  }

  /** Sets the key of the item in a slot. */
  rekey(slot: number, key: number): void {
    this.#settle(slotAt(this.#positions, slot), slot, key);
  }

  #grow(): void {
    const capacity = 2 * this.#size;
    this.#keys = resized(this.#keys, new Float64Array(capacity));
    this.#orders = resized(this.#orders, new Float64Array(capacity));
    this.#slots = resized(this.#slots, countTo(capacity));
    this.#positions = resized(this.#positions, countTo(capacity));
  }

  /** Halves the memory. Each item gets its position as its new slot. */
  #shrink(): void {
    const capacity = this.capacity >> 1;
    const items: (T | undefined)[] = [];
    const orders = new Float64Array(capacity);
    for (let position = 0; position < this.#size; position++) {
      const slot = slotAt(this.#slots, position);
      // Each slot before the size has an item.
      const item = this.#items[slot] as T;
      items.push(item);
      orders[position] = keyAt(this.#orders, slot);
      this.#setSlot(item, position);
    }
    this.#items = items;
    this.#orders = orders;
    this.#keys = this.#keys.slice(0, capacity);
    this.#slots = countTo(capacity);
    this.#positions = countTo(capacity);
  }

  /** Moves a hole up or down to the position of an item, and fills it. */
  #settle(hole: number, slot: number, key: number): void {
    const isUp = hole > 0 && this.#isBefore(slot, key, (hole - 1) >> 2);
    this.#rise(isUp ? hole : this.#sink(hole), slot, key);
  }

  /**
   * Moves a hole to the bottom, and returns its position. An item from the end of the heap usually
   * belongs there; if it does not, it rises. That takes fewer comparisons than comparing the item
   * with the children on the way down.
   */
  #sink(start: number): number {
    const keys = this.#keys;
    const slots = this.#slots;
    const orders = this.#orders;
    const size = this.#size;
    let hole = start;
    for (let child = 4 * hole + 1; child < size; child = 4 * hole + 1) {
      const end = Math.min(child + 4, size);
      let least = child;
      let leastKey = keyAt(keys, child);
      while (++child < end) {
        const key = keyAt(keys, child);
        if (
          key > leastKey ||
          key === leastKey &&
            keyAt(orders, slotAt(slots, child)) > keyAt(orders, slotAt(slots, least))
        ) continue;
        least = child;
        leastKey = key;
      }
      this.#put(hole, slotAt(slots, least), leastKey);
      hole = least;
    }
    return hole;
  }

  /** Moves a hole up to the position of an item, and fills it. */
  #rise(start: number, slot: number, key: number): void {
    let hole = start;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      if (!this.#isBefore(slot, key, parent)) break;
      this.#put(hole, slotAt(this.#slots, parent), keyAt(this.#keys, parent));
      hole = parent;
    }
    this.#put(hole, slot, key);
  }

  /** Returns whether the item in a slot comes before the one at a position. */
  #isBefore(slot: number, key: number, position: number): boolean {
    const other = keyAt(this.#keys, position);
    if (key !== other) return key < other;
    return keyAt(this.#orders, slot) < keyAt(this.#orders, slotAt(this.#slots, position));
  }

  #put(position: number, slot: number, key: number): void {
    this.#keys[position] = key;
    this.#slots[position] = slot;
    this.#positions[slot] = position;
  }
}

/** Returns the numbers from 0 to `length - 1`. */
function countTo(length: number): Uint32Array {
  const numbers = new Uint32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = i;
  return numbers;
}

function resized<A extends Float64Array | Uint32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

// Every index is in range, which the types cannot express. One function for both arrays would make
// the engine box the keys, which nearly doubles the time of each method.

function keyAt(keys: Float64Array, index: number): number {
  return keys[index] as number;
}

function slotAt(slots: Uint32Array, index: number): number {
  return slots[index] as number;
}
