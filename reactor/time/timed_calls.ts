/**
 * The pending timed calls of one clock.
 *
 * @module
 */

import {
  type Callable,
  DelayedCall,
  type DelayedCallOwner,
  orderOf,
  setPlace,
  takeCallable,
} from "./delayed_call.ts";
import { IndexedHeap } from "./indexed_heap.ts";
import { BUCKETS, TimerWheel } from "./timer_wheel.ts";
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

function ticksOf(call: DelayedCall): number {
  return toTicks(call.getTime());
}

/** The bucket of the calls in the heap, after the buckets of the wheel. */
const HEAP = BUCKETS;

/**
 * The pending calls of one clock, in the order of their times and, among equals, of their
 * `callLater`.
 *
 * A wheel has the calls that are not due soon: most are timeouts, which are cancelled or postponed
 * before their time. When its time is near, a call moves to a heap, which sorts exactly.
 */
export class TimedCalls implements DelayedCallOwner {
  readonly #seconds: () => number;
  readonly #onEarlier: (() => void) | undefined;
  readonly #wheel = new TimerWheel<DelayedCall>({ ticksOf, setPlace });
  readonly #heap = new IndexedHeap<DelayedCall>((call, index) => setPlace(call, HEAP, index));
  readonly #toHeap = (call: DelayedCall, ticks: number): void =>
    this.#heap.push(call, ticks, orderOf(call));
  /** The number of calls that have been added. */
  #added = 0;
  /**
   * The earliest time in ticks that the owner knows, from `onEarlier()` or from a method. If that
   * call is cancelled or postponed, the owner may wake for nothing, which costs less than setting
   * its alarm for each call that takes the place of a cancelled one.
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
    const now = this.#seconds();
    const due = checkMoment("callLater() delay", delay, now + delay);
    // Without calls, the reactor does not wake, so the wheel may be far behind the clock.
    if (this.#wheel.size === 0) this.#reach(toTicks(now));
    const call = new DelayedCall(this, due, this.#added++, withArguments(f, args));
    this.#add(call);
    creationTracker?.timedCall(this, call);
    return call;
  }

  /** Returns the pending calls, in no particular order. */
  pending(): DelayedCall[] {
    return [...this.#heap.items(), ...this.#wheel.items()];
  }

  /** The number of pending calls. */
  get pendingCount(): number {
    return this.#heap.size + this.#wheel.size;
  }

  /** Returns the time of the earliest call in seconds, or `undefined` if no call is pending. */
  nextDue(): number | undefined {
    // The loop ends: each step moves the earliest calls of the wheel to the heap, or to a lower
    // level.
    while (this.#heap.size === 0 && this.#wheel.size > 0) this.#reach(this.#wheel.earliest());
    this.#nextTicks();
    return this.#heap.top?.getTime();
  }

  /**
   * Returns the time until the earliest call, in seconds: 0 if the call is due, and Infinity if no
   * call is pending. It may be too short after a call has been cancelled or postponed.
   *
   * @param now The current time in seconds, if it is known.
   */
  wait(now: number = this.#seconds()): number {
    return Math.max(0, this.#nextTicks() - toTicks(now)) / TICKS_PER_SECOND;
  }

  /** Returns whether a call is due at the time `now`, in seconds. */
  isAnyDue(now: number): boolean {
    const ticks = toTicks(now);
    this.#reach(ticks);
    return this.#nextTicks() <= ticks;
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
    this.#reach(ticks);
    while (this.#heap.topKey <= ticks) {
      const call = this.#heap.top;
      if (call === undefined || orderOf(call) >= addedBefore) return;
      this.#heap.remove(0);
      // A call that the function adds may be earlier than all others.
      this.#nextTicks();
      make(takeCallable(call));
    }
  }

  seconds(): number {
    return this.#seconds();
  }

  remove(bucket: number, index: number): void {
    if (bucket === HEAP) this.#heap.remove(index);
    else this.#wheel.remove(bucket, index);
  }

  moved(call: DelayedCall, bucket: number, index: number, isLater: boolean): void {
    // The wheel moves the call when its former time comes. A timeout is usually postponed many
    // times before that, and then cancelled.
    if (isLater && bucket !== HEAP) return;
    this.remove(bucket, index);
    this.#add(call);
  }

  #add(call: DelayedCall): void {
    const ticks = ticksOf(call);
    if (this.#wheel.accepts(ticks)) this.#wheel.add(call, ticks);
    else this.#toHeap(call, ticks);
    if (ticks >= this.#known) return;
    this.#known = ticks;
    this.#onEarlier?.();
  }

  /** Moves the calls whose time is near to the heap. */
  #reach(ticks: number): void {
    this.#wheel.advance(ticks, this.#toHeap);
  }

  /**
   * Returns a time in ticks before which no call is due, which the owner knows from then on. The
   * calls of the heap are due before those of the wheel.
   */
  #nextTicks(): number {
    return this.#known = this.#heap.size > 0 ? this.#heap.topKey : this.#wheel.earliest();
  }
}

/** Returns `f` bound to its arguments. The name of `f` stays readable. */
function withArguments(f: AnyFunction, args: readonly unknown[]): Callable {
  // The casts are safe: the type of callLater() has checked the arguments against the function,
  // even if there are no arguments.
  return args.length === 0 ? f as Callable : f.bind(undefined, ...args as never[]);
}
