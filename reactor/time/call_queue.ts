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

/** What is to be called. */
export type Callable = () => unknown;

/** How the queue deals with the handles of its calls. */
export interface CallHandles<H> {
  /** When the call is due now, whatever was said when it was added. A number of any unit. */
  dueOf(handle: H): number;
  /** Told where the call is: when it is added, and when that changes. */
  moved(handle: H, slot: number): void;
}

// Below this a sweep costs more than the memory is worth.
const SWEEP_MINIMUM = 64;

// The end of the chain of free slots.
const NONE = -1;

/**
 * The queue: earliest call first, and among equals the one that was added first.
 *
 * It keeps each call in a slot and knows it outside by a handle. What making a call needs is in arrays, not in the handle: to touch
 * 200,000 handles in the order of their time is 200,000 cache misses.
 *
 * @typeParam H The handles.
 */
export class CallQueue<H> {
  readonly #access: CallHandles<H>;
  // By slot.
  #handles: H[] = [];
  /** `null` in a slot that is dead or free. */
  #callables: (Callable | null)[] = [];
  /** Of a slot in the heap, which call was added first; of a free one, the next that is free. */
  #orders: number[] = [];
  /** Slots by the moment to look at them: when their call is due, or earlier if it was put off. */
  #heap = new SlotHeap(this.#orders);
  #anyPutOff = false;
  /** The first of the slots that are not in the heap. */
  #free = NONE;
  #dead = 0;
  #added = 0;

  /** @param access How it deals with the handles. */
  constructor(access: CallHandles<H>) {
    this.#access = access;
  }

  /** How many places are taken, dead slots included. */
  get size(): number {
    return this.#heap.size;
  }

  /** How many calls have been added so far: the order of the next one. */
  get added(): number {
    return this.#added;
  }

  /** A moment before which no call is due; Infinity when there is none. */
  get nothingBefore(): number {
    return this.#heap.topKey;
  }

  /** Adds a call. O(log n). */
  add(handle: H, due: number, callable: Callable): void {
    this.#insert(handle, due, this.#added++, callable);
  }

  /** What waits in `slot` under this handle; `null` when nothing does: it was called or removed, or the slot is another's. */
  find(handle: H, slot: number): Callable | null {
    return this.#handles[slot] === handle ? this.#callables[slot] ?? null : null;
  }

  /** Takes out the call in `slot`. O(1), amortised. */
  remove(slot: number): void {
    this.#callables[slot] = null;
    this.#dead++;
    if (this.#dead > SWEEP_MINIMUM && this.#dead > this.size >> 1) this.#sweep();
  }

  /** To be called when a call in the queue has become due later. O(1), amortised. */
  putOff(): void {
    this.#anyPutOff = true;
  }

  /** Moves the call in `slot` to an earlier time than it was due. O(log n). */
  bringForward(handle: H, slot: number, due: number): void {
    const callable = this.find(handle, slot);
    if (callable === null) return;
    const order = at(this.#orders, slot);
    this.remove(slot);
    this.#insert(handle, due, order, callable);
  }

  /** When the earliest call is due; Infinity when there is none. O(1) unless calls were cancelled or put off. */
  nextDue(): number {
    const heap = this.#heap;
    for (let slot = heap.top; slot !== undefined; slot = heap.top) {
      if (this.#callables[slot] === null) {
        this.#dead--;
        this.#freeTop(slot);
        continue;
      }
      // To ask a handle costs a cache miss.
      if (!this.#anyPutOff) break;
      const due = this.#access.dueOf(at(this.#handles, slot));
      if (due === heap.topKey) break;
      heap.rekeyTop(due);
    }
    return heap.topKey;
  }

  /** The handle of the earliest call, which {@linkcode nextDue} has just found. */
  get nextHandle(): H | undefined {
    return this.#handles[this.#heap.top ?? NONE];
  }

  /** How many calls were added before the earliest one, which {@linkcode nextDue} has just found. */
  get nextOrder(): number {
    return at(this.#orders, this.#heap.top ?? 0);
  }

  /** Takes out the earliest call, which {@linkcode nextDue} has just found. O(log n). */
  takeNext(): Callable | null {
    const slot = this.#heap.top;
    if (slot === undefined) return null;
    const callable = this.#callables[slot] ?? null;
    this.#callables[slot] = null;
    this.#freeTop(slot);
    return callable;
  }

  /** The handles of the calls, in no particular order. */
  handles(): H[] {
    return this.#handles.filter((_, slot) => this.#callables[slot] !== null);
  }

  #insert(handle: H, due: number, order: number, callable: Callable): void {
    const slot = this.#takeFreeSlot();
    this.#handles[slot] = handle;
    this.#callables[slot] = callable;
    this.#orders[slot] = order;
    this.#heap.push(slot, due);
    this.#access.moved(handle, slot);
  }

  #takeFreeSlot(): number {
    const slot = this.#free;
    if (slot === NONE) return this.#handles.length;
    this.#free = at(this.#orders, slot);
    return slot;
  }

  #freeTop(slot: number): void {
    this.#heap.removeTop();
    this.#orders[slot] = this.#free;
    this.#free = slot;
    // So that what is kept by slot does not stay as long as it was once.
    const free = this.#handles.length - this.size;
    if (free > SWEEP_MINIMUM && free > 4 * this.size) this.#sweep();
  }

  /** Starts afresh with the calls still to come, in slots without gaps. */
  #sweep(): void {
    const handles = this.#handles;
    const callables = this.#callables;
    const orders = this.#orders;
    const slots = this.#heap.slots();
    this.#handles = [];
    this.#callables = [];
    this.#orders = [];
    this.#heap = new SlotHeap(this.#orders);
    this.#anyPutOff = false;
    this.#free = NONE;
    this.#dead = 0;
    for (const slot of slots) {
      const handle = handles[slot];
      const callable = callables[slot] ?? null;
      if (handle === undefined || callable === null) continue;
      this.#insert(handle, this.#access.dueOf(handle), at(orders, slot), callable);
    }
  }
}

/** The element at `index`. A slot that was handed out is in range, which the type cannot tell. */
function at<T>(array: readonly T[], index: number): T {
  return array[index] as T;
}
