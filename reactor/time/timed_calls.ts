/**
 * The pending timed calls of one clock.
 *
 * @module
 */

import {
  type Callable,
  DelayedCall,
  type DelayedCallOwner,
  setSlot,
  takeCallable,
} from "./delayed_call.ts";
import { IndexedHeap } from "./indexed_heap.ts";
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

/**
 * The pending calls of one clock, in the order of their times and, among equals, of their
 * `callLater`.
 */
export class TimedCalls implements DelayedCallOwner {
  readonly #seconds: () => number;
  readonly #onEarlier: (() => void) | undefined;
  /** The calls, by their time or by an earlier one: a postponed call is moved when it is on top. */
  readonly #heap = new IndexedHeap(setSlot);
  /** The number of calls that have been added. */
  #added = 0;
  /**
   * The earliest time in ticks that the owner knows, from `onEarlier()` or from a method. If that
   * call is cancelled or postponed, the owner wakes for nothing at most once, which costs less than
   * setting its alarm for each call that takes the place of a cancelled one.
   */
  #known = Infinity;

  /** @param options The clock. */
  constructor(options: TimedCallsOptions) {
    this.#seconds = options.seconds;
    this.#onEarlier = options.onEarlier;
  }

  callLater(delay: number, f: AnyFunction, args: readonly unknown[]): DelayedCall {
    checkDelay("callLater() delay", delay);
    checkFunction("callLater() callable", f);
    const due = checkMoment("callLater() delay", delay, this.#seconds() + delay);
    const call = new DelayedCall(this, due, withArguments(f, args));
    const ticks = toTicks(due);
    this.#heap.push(call, ticks, this.#added++);
    this.#notify(ticks);
    creationTracker?.timedCall(this, call);
    return call;
  }

  /** Returns the pending calls, in no particular order. */
  pending(): DelayedCall[] {
    return this.#heap.items();
  }

  /** The number of pending calls. */
  get pendingCount(): number {
    return this.#heap.size;
  }

  /** Returns the time of the earliest call in seconds, or `undefined` if no call is pending. */
  nextDue(): number | undefined {
    this.#nextTicks();
    return this.#heap.top?.getTime();
  }

  /**
   * Returns the time until the earliest call, in seconds: 0 if the call is due, and Infinity if no
   * call is pending.
   *
   * @param now The current time in seconds, if it is known.
   */
  wait(now: number = this.#seconds()): number {
    return Math.max(0, this.#nextTicks() - toTicks(now)) / TICKS_PER_SECOND;
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
      const call = this.#heap.top;
      if (call === undefined || this.#heap.topOrder >= addedBefore) return;
      this.#heap.remove(this.#heap.topSlot);
      // A call that the function adds may be earlier than all others.
      this.#nextTicks();
      make(takeCallable(call));
    }
  }

  seconds(): number {
    return this.#seconds();
  }

  remove(slot: number): void {
    this.#heap.remove(slot);
  }

  moved(slot: number, due: number): void {
    const ticks = toTicks(due);
    // A timeout is usually postponed many times, and then cancelled.
    if (ticks >= this.#heap.keyOf(slot)) return;
    this.#heap.rekey(slot, ticks);
    this.#notify(ticks);
  }

  /**
   * Moves the earliest call to the top of the heap, and returns its time in ticks; Infinity if no
   * call is pending.
   */
  #nextTicks(): number {
    const heap = this.#heap;
    for (let call = heap.top; call !== undefined; call = heap.top) {
      const ticks = toTicks(call.getTime());
      if (ticks === heap.topKey) break;
      heap.rekey(heap.topSlot, ticks);
    }
    return this.#known = heap.topKey;
  }

  #notify(ticks: number): void {
    if (ticks >= this.#known) return;
    this.#known = ticks;
    this.#onEarlier?.();
  }
}

/** Returns `f` bound to its arguments. The name of `f` stays readable. */
function withArguments(f: AnyFunction, args: readonly unknown[]): Callable {
  // The casts are safe: the type of callLater() has checked the arguments against the function,
  // even if there are no arguments.
  return args.length === 0 ? f as Callable : f.bind(undefined, ...args as never[]);
}
