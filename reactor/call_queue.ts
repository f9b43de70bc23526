/**
 * The priority queue behind `callLater`.
 *
 * Most timed calls are timeouts that never come: so cancelling and putting off touch no heap. A cancelled call leaves its slot dead
 * in the heap until the dead outnumber the living, then all dead ones go in one sweep; a call that was put off keeps its place and
 * moves when that comes to the top. Both are O(1), amortised. A call brought forward leaves a dead slot, too, and gets another one.
 *
 * @module
 */

import { SlotHeap } from "./slot_heap.ts";

// Below this many dead slots a sweep costs more than the memory is worth.
const SWEEP_MINIMUM = 64;

/** The queue: earliest call first, and among equals the one that was added first. */
export class CallQueue<C extends object> implements Iterable<C> {
  readonly #place: (call: C, slot: number) => void;
  /** Slots, by the moment to look at them: when the call is due, or earlier if it was put off. */
  #heap = new SlotHeap();
  /** By slot. A slot of the heap whose call is gone is dead. */
  #calls: (C | undefined)[] = [];
  /** By slot. */
  #dues: number[] = [];
  /** The slots that are not in the heap. */
  #free: number[] = [];
  #dead = 0;
  #added = 0;

  /** @param place Told the slot of a call, which the other methods ask for: when it is added, and when a sweep moves it. */
  constructor(place: (call: C, slot: number) => void) {
    this.#place = place;
  }

  /** How many places are taken, dead slots included. */
  get size(): number {
    return this.#heap.size;
  }

  /** A moment before which no call is due. */
  get nothingBefore(): number {
    return this.#heap.topKey ?? Infinity;
  }

  /** How many calls have been added so far. */
  get added(): number {
    return this.#added;
  }

  /** Adds a call. O(log n). */
  add(call: C, due: number): void {
    this.#insert(call, due, this.#added++);
  }

  /** When the call in `slot` is due. */
  dueAt(slot: number): number {
    return at(this.#dues, slot);
  }

  /** Which call it was that was added, in `slot`: 0 for the first. */
  orderAt(slot: number): number {
    return this.#heap.orderOf(slot);
  }

  /** Takes the call in `slot` out. O(1), amortised. */
  remove(slot: number): void {
    this.#calls[slot] = undefined;
    this.#dead++;
    if (this.#dead > SWEEP_MINIMUM && this.#dead > this.size >> 1) this.#sweep();
  }

  /** Moves the call in `slot`: to a later time in O(1), amortised, to an earlier one in O(log n). */
  move(slot: number, due: number): void {
    const call = this.#calls[slot];
    if (call === undefined) return;
    if (due >= this.dueAt(slot)) {
      this.#dues[slot] = due;
      return;
    }
    const order = this.orderAt(slot);
    this.remove(slot);
    this.#insert(call, due, order);
  }

  /** The slot of the earliest call; `undefined` when there is none. O(1) unless calls were cancelled or put off. */
  earliest(): number | undefined {
    const heap = this.#heap;
    for (let slot = heap.top; slot !== undefined; slot = heap.top) {
      const due = this.dueAt(slot);
      if (this.#calls[slot] === undefined) {
        this.#dead--;
        this.#removeTop(slot);
      } else if (due !== heap.topKey) {
        heap.rekeyTop(due);
      } else {
        return slot;
      }
    }
    return undefined;
  }

  /** Takes out the earliest call: the one in the slot that {@linkcode earliest} has just returned. O(log n). */
  take(slot: number): C | undefined {
    const call = this.#calls[slot];
    this.#calls[slot] = undefined;
    this.#removeTop(slot);
    return call;
  }

  /** The calls, in no particular order. */
  *[Symbol.iterator](): Iterator<C> {
    for (const call of this.#calls) if (call !== undefined) yield call;
  }

  #insert(call: C, due: number, order: number): void {
    const slot = this.#free.pop() ?? this.#calls.length;
    this.#calls[slot] = call;
    this.#dues[slot] = due;
    this.#heap.push(slot, due, order);
    this.#place(call, slot);
  }

  #removeTop(slot: number): void {
    this.#heap.removeTop();
    this.#free.push(slot);
    // So that what is kept by slot does not stay as long as it was once.
    const free = this.#free.length;
    if (free > SWEEP_MINIMUM && free > 4 * this.size) this.#sweep();
  }

  /** Starts afresh with the calls that live, in slots without gaps. */
  #sweep(): void {
    const calls: C[] = [];
    const dues: number[] = [];
    const orders: number[] = [];
    this.#calls.forEach((call, slot) => {
      if (call === undefined) return;
      this.#place(call, calls.length);
      calls.push(call);
      dues.push(this.dueAt(slot));
      orders.push(this.orderAt(slot));
    });
    this.#calls = calls;
    this.#dues = dues;
    this.#heap = SlotHeap.of(dues, orders);
    this.#free = [];
    this.#dead = 0;
  }
}

/** The element at `index`: a slot that was handed out is in range, which the type cannot tell. */
function at(array: readonly number[], index: number): number {
  return array[index] as number;
}
