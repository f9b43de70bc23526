/**
 * The virtual time of a simulation, and its pending events.
 *
 * @module
 */

import { IndexedHeap } from "../../reactor/time/indexed_heap.ts";

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

/** An event of a {@linkcode Schedule}. */
export class ScheduledEvent {
  /** Whether the event counts as something that can happen. */
  readonly counts: boolean;
  /** The index of the event in the heap of its schedule; `null` if it is not pending. */
  index: number | null = null;
  readonly #make: () => void;

  /**
   * @param make The function to call.
   * @param counts Whether the event counts as something that can happen.
   */
  constructor(make: () => void, counts: boolean) {
    this.#make = make;
    this.counts = counts;
  }

  /** Calls the function. */
  make(): void {
    this.#make();
  }
}

/** Pending events in the order of their time and, among equals, of their rank and scheduling. */
export class Schedule {
  #now = 0;
  readonly #heap = new IndexedHeap<ScheduledEvent>((event, index) => {
    event.index = index;
  });
  #added = 0;
  #pending = 0;
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
   * @returns The event, for {@linkcode cancel}.
   */
  at(
    time: number,
    event: () => void,
    isBackground = false,
    rank: number = RANKS.normal,
  ): ScheduledEvent {
    const key = time < this.#now ? this.#now : time <= LAST_MOMENT ? time : Infinity;
    const counts = !isBackground && key !== Infinity;
    const scheduled = new ScheduledEvent(event, counts);
    this.#heap.push(scheduled, key, rank * RANK + this.#added++);
    if (counts) this.#pending++;
    this.#watcher?.();
    return scheduled;
  }

  /** Cancels an event, unless it has been made or cancelled. */
  cancel(event: ScheduledEvent): void {
    this.#remove(event);
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
    const event = this.#heap.top;
    if (event === undefined || this.#heap.topKey === Infinity) return false;
    this.#made++;
    this.#now = this.#heap.topKey;
    this.#remove(event);
    event.make();
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

  #remove(event: ScheduledEvent): void {
    if (event.index === null) return;
    this.#heap.remove(event.index);
    event.index = null;
    if (event.counts) this.#pending--;
  }
}
