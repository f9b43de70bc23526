/**
 * The virtual time of a simulation, and its pending events.
 *
 * @module
 */

import { SlotHeap } from "../../reactor/time/slot_heap.ts";

/** A second, in the microseconds in which a simulation counts. */
export const SECOND = 1_000_000;

/** Pending events in the order of their time and, among equals, of their scheduling. */
export class Schedule {
  #now = 0;
  readonly #orders: number[] = [];
  readonly #events: ((() => void) | null)[] = [];
  /** Whether the event of a slot counts as something that can happen. */
  readonly #counts: boolean[] = [];
  readonly #free: number[] = [];
  readonly #heap = new SlotHeap(this.#orders);
  #added = 0;
  #watcher: (() => void) | null = null;
  #pending = 0;

  /** The current time in microseconds, an integer. */
  get now(): number {
    return this.#now;
  }

  /** The number of pending events, without those in the background. */
  get size(): number {
    return this.#pending;
  }

  /** The time of the next event in microseconds; Infinity if no event is pending. */
  get next(): number {
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
   * @param time Its time in microseconds, an integer. A time in the past means now.
   * @param event The function to call.
   * @param isBackground Whether the event repeats for ever, and alone means that nothing happens.
   * @returns The number that {@linkcode cancel} takes.
   */
  at(time: number, event: () => void, isBackground = false): number {
    const slot = this.#free.pop() ?? this.#events.length;
    this.#events[slot] = event;
    this.#orders[slot] = this.#added++;
    this.#heap.push(slot, time < this.#now ? this.#now : time);
    this.#counts[slot] = !isBackground;
    if (!isBackground) this.#pending++;
    this.#watcher?.();
    return slot;
  }

  /**
   * Cancels an event.
   *
   * @param slot The number of an event that is still pending.
   */
  cancel(slot: number): void {
    if (this.#events[slot] === null) return;
    this.#events[slot] = null;
    if (this.#counts[slot]) this.#pending--;
  }

  /** Moves the time to the next event, and calls it. Returns whether there was one. */
  step(): boolean {
    this.#dropCancelled();
    const slot = this.#heap.top;
    if (slot === undefined) return false;
    const event = this.#events[slot];
    this.#now = this.#heap.topKey;
    if (this.#counts[slot]) this.#pending--;
    this.#remove(slot);
    event?.();
    return true;
  }

  /** Calls the events until a time, and moves the time there. */
  advanceTo(time: number): void {
    while (this.next <= time) this.step();
    this.#now = Math.max(this.#now, time);
  }

  #dropCancelled(): void {
    for (let slot = this.#heap.top; slot !== undefined; slot = this.#heap.top) {
      if (this.#events[slot] !== null) return;
      this.#remove(slot);
    }
  }

  #remove(slot: number): void {
    this.#heap.removeTop();
    this.#events[slot] = null;
    this.#free.push(slot);
  }
}
