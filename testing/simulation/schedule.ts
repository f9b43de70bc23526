/**
 * The virtual time of a simulation, and its pending events.
 *
 * @module
 */

import { SlotHeap } from "../../reactor/time/slot_heap.ts";

/** A second, in the microseconds in which a simulation counts. */
export const SECOND = 1_000_000;

/**
 * The last moment of virtual time, in microseconds: 285 years. An event after it never happens.
 * Later times are not exact numbers.
 */
export const LAST_MOMENT = Number.MAX_SAFE_INTEGER;

/**
 * The position of an event among those of the same time. The faults come first, so that a script
 * of faults has the same effect as the random numbers from which it was recorded, which schedule
 * the faults later.
 */
export const RANKS = { faultBegins: -2, faultEnds: -1, normal: 0 } as const;

/** The distance between the orders of two ranks: more than a simulation has events. */
const RANK = 2 ** 50;
/** The smallest number of cancelled events for which a sweep is worth its time. */
const SWEEP_MINIMUM = 64;

/** Pending events in the order of their time and, among equals, of their rank and scheduling. */
export class Schedule {
  #now = 0;
  // Parallel arrays, in which an event has the same index, its slot.
  readonly #orders: number[] = [];
  readonly #times: number[] = [];
  /** The function to call; `null` in a cancelled or free slot. */
  readonly #events: ((() => void) | null)[] = [];
  /** Whether the event counts as something that can happen. */
  readonly #counts: boolean[] = [];
  readonly #free: number[] = [];
  #heap = new SlotHeap(this.#orders);
  #added = 0;
  #pending = 0;
  /** The number of cancelled events in the heap. */
  #cancelled = 0;
  #made = 0;
  #watcher: (() => void) | null = null;
  /** The functions to call before the next event. */
  #soon: (() => void)[] = [];

  /** The current time in microseconds, an integer. */
  get now(): number {
    return this.#now;
  }

  /** The number of pending events, without those in the background. */
  get size(): number {
    return this.#pending + this.#soon.length;
  }

  /** The number of events that were made. */
  get made(): number {
    return this.#made;
  }

  /** The number of events that were scheduled. */
  get scheduled(): number {
    return this.#added;
  }

  /** The time of the next event in microseconds; Infinity if no event is pending. */
  get next(): number {
    if (this.#soon.length > 0) return this.#now;
    this.#dropCancelled();
    return this.#heap.topKey;
  }

  /** Sets a function that is called after each event that is scheduled; `null` for none. */
  watch(scheduled: (() => void) | null): void {
    this.#watcher = scheduled;
  }

  /**
   * Schedules an event.
   *
   * @param time Its time in microseconds, an integer. A time in the past means the current time. An
   *   event after {@linkcode LAST_MOMENT} never happens, and does not count as pending.
   * @param event The function to call.
   * @param isBackground Whether the event does not count as pending: it repeats without an end.
   * @param rank The position among the events of the same time: one of {@linkcode RANKS}.
   * @returns The number that {@linkcode cancel} takes.
   */
  at(time: number, event: () => void, isBackground = false, rank: number = RANKS.normal): number {
    const slot = this.#free.pop() ?? this.#events.length;
    const key = time < this.#now ? this.#now : time <= LAST_MOMENT ? time : Infinity;
    const counts = !isBackground && key !== Infinity;
    this.#events[slot] = event;
    this.#orders[slot] = rank * RANK + this.#added++;
    this.#times[slot] = key;
    this.#counts[slot] = counts;
    this.#heap.push(slot, key);
    if (counts) this.#pending++;
    this.#watcher?.();
    return slot;
  }

  /**
   * Cancels an event.
   *
   * @param slot The number of an event that is still pending. The number of another event must not
   *   be passed: it may belong to a later event.
   */
  cancel(slot: number): void {
    if (this.#events[slot] === null) return;
    this.#events[slot] = null;
    if (this.#counts[slot]) this.#pending--;
    this.#cancelled++;
    if (this.#cancelled > SWEEP_MINIMUM && this.#cancelled > this.#heap.size >> 1) this.#sweep();
  }

  /** Calls a function when the running event has returned, or before the next event. */
  soon(f: () => void): void {
    this.#soon.push(f);
    if (this.#soon.length === 1) this.#watcher?.();
  }

  /**
   * Moves the time to the next event, and calls it, and then the functions of {@linkcode soon}. If
   * such functions are pending already, they are called in place of an event.
   *
   * @returns Whether there was anything to call.
   */
  step(): boolean {
    if (this.#soon.length > 0) return this.#callSoon();
    this.#dropCancelled();
    const slot = this.#heap.top;
    if (slot === undefined || this.#heap.topKey === Infinity) return false;
    const event = this.#events[slot];
    this.#made++;
    this.#now = this.#heap.topKey;
    if (this.#counts[slot]) this.#pending--;
    this.#remove(slot);
    event?.();
    if (this.#soon.length > 0) this.#callSoon();
    return true;
  }

  /** Calls the events until a time, and moves the time there. */
  advanceTo(time: number): void {
    while (this.next <= time) this.step();
    this.#now = Math.max(this.#now, time);
  }

  #callSoon(): boolean {
    const functions = this.#soon;
    this.#soon = [];
    for (const f of functions) f();
    return true;
  }

  #dropCancelled(): void {
    for (let slot = this.#heap.top; slot !== undefined; slot = this.#heap.top) {
      if (this.#events[slot] !== null) return;
      this.#cancelled--;
      this.#remove(slot);
    }
  }

  #remove(slot: number): void {
    this.#heap.removeTop();
    this.#events[slot] = null;
    this.#free.push(slot);
  }

  /** Removes the cancelled events, so that timers that are set again and again take no memory. */
  #sweep(): void {
    const slots = this.#heap.slots();
    this.#heap = new SlotHeap(this.#orders);
    this.#cancelled = 0;
    for (const slot of slots) {
      // The slot is in range, which the type of an array cannot express.
      if (this.#events[slot] !== null) this.#heap.push(slot, this.#times[slot] as number);
      else this.#free.push(slot);
    }
  }
}
