/**
 * The timed call that `callLater` returns, on every reactor and every other clock.
 *
 * @module
 */

import { AlreadyCalled, AlreadyCancelled } from "../errors.ts";
import type { IDelayedCall } from "../interfaces/mod.ts";
import { read } from "../../internal/foreign_value.ts";
import { checkDelay, checkFinite, checkMoment } from "../../internal/validation.ts";

/** The function of a timed call, bound to its arguments. */
export type Callable = () => unknown;

/** The queue that a timed call belongs to. */
export interface DelayedCallOwner {
  /** Returns the current time of the clock, in seconds. */
  seconds(): number;
  /** Removes the pending call in a place. */
  remove(bucket: number, index: number): void;
  /** Notes that the pending call in a place has another time, later or earlier. */
  moved(call: DelayedCall, bucket: number, index: number, isLater: boolean): void;
}

// Stored in place of the bucket of a call that is no longer pending.
const MADE = -1;
const CANCELLED = -2;

/** Sets the place of a pending call in the queue of its owner: a bucket, and the index in it. */
export let setPlace: (call: DelayedCall, bucket: number, index: number) => void;

/** Returns the position of a call among those that are due at the same time. */
export let orderOf: (call: DelayedCall) => number;

/** Marks a call as made, and returns its function, which the call releases. */
export let takeCallable: (call: DelayedCall) => Callable;

/**
 * A call that a clock will make. Twisted's `twisted.internet.base.DelayedCall`.
 *
 * @example
 * ```ts
 * import { DenoReactor } from "@torsion/reactor";
 *
 * const call = new DenoReactor().callLater(4, console.log, "four seconds later");
 * call.delay(1); // the call is now due in five seconds
 * call.reset(2); // the call is now due in two seconds
 * call.cancel(); // the call will not be made
 * ```
 */
export class DelayedCall implements IDelayedCall {
  readonly #owner: DelayedCallOwner;
  /** The bucket of a pending call, at least 0; otherwise one of the constants above. */
  #bucket = MADE;
  /** The index of a pending call in its bucket. */
  #index = 0;
  #due: number;
  readonly #order: number;
  #callable: Callable;

  static {
    setPlace = (call, bucket, index) => {
      call.#bucket = bucket;
      call.#index = index;
    };
    orderOf = (call) => call.#order;
    takeCallable = (call) => call.#release(MADE);
  }

  /**
   * Creates a timed call. Programs use `callLater` instead.
   *
   * @param owner The queue that the call belongs to.
   * @param due The time of the call, in seconds on the owner's clock.
   * @param order The position of the call among those that are due at the same time.
   * @param callable The function to call.
   */
  constructor(owner: DelayedCallOwner, due: number, order: number, callable: Callable) {
    this.#owner = owner;
    this.#due = due;
    this.#order = order;
    this.#callable = callable;
  }

  getTime(): number {
    return this.#due;
  }

  active(): boolean {
    return this.#bucket >= 0;
  }

  /**
   * Cancels the call and releases its function and arguments.
   *
   * @throws {AlreadyCalled} If the call has been made.
   * @throws {AlreadyCancelled} If the call has been cancelled.
   */
  cancel(): void {
    this.#checkActive("cancel");
    this.#cancel();
  }

  /**
   * Postpones the call.
   *
   * @param seconds Seconds to add to the time at which the call is due. A negative number moves the
   *   call to an earlier time.
   * @throws {RangeError} If the number or the resulting time is not finite.
   * @throws {AlreadyCalled} If the call has been made.
   * @throws {AlreadyCancelled} If the call has been cancelled.
   */
  delay(seconds: number): void {
    checkFinite("delay() seconds", seconds);
    this.#checkActive("delay");
    this.#move(checkMoment("delay() seconds", seconds, this.#due + seconds));
  }

  /**
   * Restarts the delay.
   *
   * @param seconds The delay in seconds from now, at least 0.
   * @throws {RangeError} If the delay is negative, or the delay or the resulting time is not
   *   finite.
   * @throws {AlreadyCalled} If the call has been made.
   * @throws {AlreadyCancelled} If the call has been cancelled.
   */
  reset(seconds: number): void {
    checkDelay("reset() seconds", seconds);
    this.#checkActive("reset");
    this.#move(checkMoment("reset() seconds", seconds, this.#owner.seconds() + seconds));
  }

  [Symbol.dispose](): void {
    if (this.active()) this.#cancel();
  }

  /**
   * Returns a description for logs: `DelayedCall(ring in 4.000 s)`, `DelayedCall(called)` or
   * `DelayedCall(cancelled)`.
   */
  toString(): string {
    if (!this.active()) {
      return `DelayedCall(${this.#bucket === CANCELLED ? "cancelled" : "called"})`;
    }
    return `DelayedCall(${nameOfCallable(this.#callable)} in ${
      (this.#due - this.#owner.seconds()).toFixed(3)
    } s)`;
  }

  #cancel(): void {
    this.#owner.remove(this.#bucket, this.#index);
    this.#release(CANCELLED);
  }

  /** Returns the function, which the call does not keep from now on, nor its arguments. */
  #release(state: number): Callable {
    this.#bucket = state;
    const callable = this.#callable;
    this.#callable = released;
    return callable;
  }

  #move(due: number): void {
    const isLater = due > this.#due;
    this.#due = due;
    this.#owner.moved(this, this.#bucket, this.#index, isLater);
  }

  #checkActive(action: string): void {
    if (this.active()) return;
    if (this.#bucket === CANCELLED) {
      throw new AlreadyCancelled(`Cannot ${action} the timed call: it has already been cancelled`);
    }
    throw new AlreadyCalled(`Cannot ${action} the timed call: it has already been made`);
  }
}

/** Returns the name of a timed call's function for the log. Never throws. */
export function nameOfCallable(callable: Callable): string {
  const name = read(callable, "name");
  return typeof name === "string" && name.replace(/^bound /, "") || "(anonymous)";
}

/** Stands for the function of a call that is no longer pending. */
function released(): void {}
