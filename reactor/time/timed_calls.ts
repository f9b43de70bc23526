/**
 * The priority queue of timed calls on one clock.
 *
 * Most timed calls are timeouts that are cancelled, so cancelling and postponing do not touch the
 * heap. Cancelling a call leaves its slot dead in the heap; when the dead slots outnumber the
 * others, one sweep removes them all. A postponed call keeps its position in the heap until it
 * reaches the top, and then moves. Both operations are O(1), amortised. Moving a call to an earlier
 * time leaves a dead slot and takes a new one.
 *
 * @module
 */

import { type Callable, DelayedCall, type DelayedCallOwner, setSlot } from "./delayed_call.ts";
import { SlotHeap } from "./slot_heap.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";
import { checkDelay, checkFunction, checkMoment } from "../../internal/validation.ts";

/** Options of {@linkcode TimedCalls}. */
export interface TimedCallsOptions {
  /** Returns the current time of the clock, in seconds. */
  seconds: () => number;
  /** Called when the time of the earliest call has become earlier. */
  onEarlier?: (() => void) | undefined;
}

/** Makes one timed call. The function already has its arguments. */
export type MakeCall = (f: Callable) => void;

// The function of a timed call. The type of callLater() has checked the arguments against the
// function, so they are stored without types.
type AnyFunction = (...args: never[]) => unknown;

// Times are compared in whole ticks of 0.1 microseconds, so that delays with the same sum, such as
// 0.1 + 0.2 and 0.3, are due together and run in the order of callLater(). Longer ticks would make
// more times equal and cost comparisons; shorter ticks would exceed the exact integers.
const TICKS_PER_SECOND = 1e7;

function toTicks(seconds: number): number {
  // The result is finite, because Infinity as the next time stands for an empty queue.
  return Math.min(Math.round(seconds * TICKS_PER_SECOND), Number.MAX_VALUE);
}

// The smallest number of dead or free slots for which a sweep is worth its time.
const SWEEP_MINIMUM = 64;

// Marks the end of the linked list of free slots.
const NONE = -1;

/**
 * The pending calls of one clock, in the order of their times and, among equals, of their
 * `callLater`.
 *
 * Each call has a slot, which is an index into arrays. The arrays hold all data that making a call
 * needs, because reading 200,000 call objects in the order of their times costs as many cache
 * misses.
 */
export class TimedCalls implements DelayedCallOwner {
  readonly #seconds: () => number;
  readonly #onEarlier: (() => void) | undefined;
  // Three parallel arrays, in which each call has the same index, its slot.
  #calls: DelayedCall[] = [];
  /** The function to call; `null` in a dead or free slot. */
  #callables: (Callable | null)[] = [];
  /** The sequence number of the call in a used slot; the next free slot in a free slot. */
  #orders: number[] = [];
  /** The slots, by the time of their call or an earlier one. */
  #heap = new SlotHeap(this.#orders);
  #anyPostponed = false;
  /** The first free slot. */
  #free = NONE;
  #dead = 0;
  #added = 0;

  /** @param options The clock. */
  constructor(options: TimedCallsOptions) {
    this.#seconds = options.seconds;
    this.#onEarlier = options.onEarlier;
  }

  /** The number of slots, including those of cancelled calls and free ones. */
  get size(): number {
    return this.#calls.length;
  }

  callLater(delay: number, f: AnyFunction, args: readonly unknown[]): DelayedCall {
    checkDelay("callLater() delay", delay);
    checkFunction("callLater() callable", f);
    const due = checkMoment("callLater() delay", delay, this.#seconds() + delay);
    const call = new DelayedCall(this, due);
    this.#insertAndNotify(call, toTicks(due), this.#added++, withArguments(f, args));
    creationTracker?.timedCall(this, call);
    return call;
  }

  /** Returns the pending calls, in no particular order. */
  pending(): DelayedCall[] {
    return this.#calls.filter((_, slot) => this.#callables[slot] !== null);
  }

  /** Returns the time of the earliest call in seconds, or `undefined` if no call is pending. */
  nextDue(): number | undefined {
    return this.#nextTicks() === Infinity ? undefined : this.#calls[this.#heap.top ?? 0]?.getTime();
  }

  /**
   * Returns the time until the earliest call, in seconds: 0 if the call is due, and Infinity if no
   * call is pending.
   */
  wait(): number {
    return Math.max(0, this.#nextTicks() - toTicks(this.#seconds())) / TICKS_PER_SECOND;
  }

  /** Returns whether a call is due at the time `now`, in seconds. */
  isAnyDue(now: number): boolean {
    return this.#nextTicks() <= toTicks(now);
  }

  /**
   * Makes the calls that are due, in order. Calls that are added meanwhile are left for the next
   * time.
   *
   * @param now The current time, in seconds.
   * @param make Makes one call. If it throws, this method throws that error and the other calls
   *   stay due.
   */
  runDue(now: number, make: MakeCall): void {
    const addedBefore = this.#added;
    const ticks = toTicks(now);
    while (this.#nextTicks() <= ticks) {
      const slot = this.#heap.top ?? 0;
      if (this.#added > addedBefore && at(this.#orders, slot) >= addedBefore) return;
      const callable = this.#callables[slot] ?? null;
      this.#callables[slot] = null;
      this.#freeTop(slot);
      if (callable !== null) make(callable);
    }
  }

  seconds(): number {
    return this.#seconds();
  }

  find(call: DelayedCall, slot: number): Callable | null {
    return this.#calls[slot] === call ? this.#callables[slot] ?? null : null;
  }

  cancelled(slot: number): void {
    this.#callables[slot] = null;
    this.#dead++;
    const size = this.#heap.size;
    if (this.#dead > SWEEP_MINIMUM && this.#dead > size >> 1) this.#sweep();
  }

  postponed(): void {
    this.#anyPostponed = true;
  }

  movedEarlier(call: DelayedCall, slot: number): void {
    const callable = this.#callables[slot] ?? null;
    const order = at(this.#orders, slot);
    this.cancelled(slot);
    this.#insertAndNotify(call, toTicks(call.getTime()), order, callable);
  }

  #insertAndNotify(
    call: DelayedCall,
    ticks: number,
    order: number,
    callable: Callable | null,
  ): void {
    const isEarlier = ticks < this.#heap.topKey;
    this.#insert(call, ticks, order, callable);
    if (isEarlier) this.#onEarlier?.();
  }

  #insert(call: DelayedCall, ticks: number, order: number, callable: Callable | null): void {
    const slot = this.#takeFreeSlot();
    this.#calls[slot] = call;
    this.#callables[slot] = callable;
    this.#orders[slot] = order;
    this.#heap.push(slot, ticks);
    setSlot(call, slot);
  }

  #takeFreeSlot(): number {
    const slot = this.#free;
    if (slot === NONE) return this.#calls.length;
    this.#free = at(this.#orders, slot);
    return slot;
  }

  /**
   * Moves the earliest call to the top of the heap and returns its time in ticks; Infinity if no
   * call is pending. O(1), unless calls were cancelled or postponed.
   */
  #nextTicks(): number {
    const heap = this.#heap;
    for (let slot = heap.top; slot !== undefined; slot = heap.top) {
      if (this.#callables[slot] === null) {
        this.#dead--;
        this.#freeTop(slot);
        continue;
      }
      // Only postponed calls need their time checked. Without any, the call object is not read,
      // which would cost a cache miss.
      if (!this.#anyPostponed) break;
      const ticks = toTicks(at(this.#calls, slot).getTime());
      if (ticks === heap.topKey) break;
      heap.rekeyTop(ticks);
    }
    return heap.topKey;
  }

  #freeTop(slot: number): void {
    this.#heap.removeTop();
    this.#orders[slot] = this.#free;
    this.#free = slot;
    // The arrays shrink when most slots are free, so that their length does not remain at its peak.
    const used = this.#heap.size;
    const free = this.#calls.length - used;
    if (free > SWEEP_MINIMUM && free > 4 * used) this.#sweep();
  }

  /** Moves the pending calls to new arrays without dead and free slots. */
  #sweep(): void {
    const calls = this.#calls;
    const callables = this.#callables;
    const orders = this.#orders;
    const slots = this.#heap.slots();
    this.#calls = [];
    this.#callables = [];
    this.#orders = [];
    this.#heap = new SlotHeap(this.#orders);
    this.#anyPostponed = false;
    this.#free = NONE;
    this.#dead = 0;
    for (const slot of slots) {
      const callable = callables[slot] ?? null;
      if (callable === null) continue;
      const call = at(calls, slot);
      this.#insert(call, toTicks(call.getTime()), at(orders, slot), callable);
    }
  }
}

/** Returns `f` bound to its arguments. The name of `f` stays readable. */
function withArguments(f: AnyFunction, args: readonly unknown[]): Callable {
  // The casts are safe: the type of callLater() has checked the arguments against the function,
  // even if there are no arguments.
  return args.length === 0 ? f as Callable : f.bind(undefined, ...args as never[]);
}

/** Returns the element at `index`. Slots are always in range, which the type cannot express. */
function at<T>(array: readonly T[], index: number): T {
  return array[index] as T;
}
