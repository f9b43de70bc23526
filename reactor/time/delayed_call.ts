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
  /** Removes the pending call in a slot. */
  remove(slot: number): void;
  /** Notes that the pending call in a slot has the new time `due`, in seconds. */
  moved(slot: number, due: number): void;
}

// The slots of calls that are no longer pending.
const MADE = -1;
const CANCELLED = -2;

/** Sets the slot of a call in the queue of its owner. */
export let setSlot: (call: DelayedCall, slot: number) => void;

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
  /** The slot of a pending call, at least 0; otherwise one of the constants above. */
  #slot = MADE;
  #due: number;
  #callable: Callable;

  static {
    setSlot = (call, slot) => {
      call.#slot = slot;
    };
    takeCallable = (call) => call.#release(MADE);
  }

  /**
   * Creates a timed call. Programs use `callLater` instead.
   *
   * @param owner The queue that the call belongs to.
   * @param due The time of the call, in seconds on the owner's clock.
   * @param callable The function to call.
   */
  constructor(owner: DelayedCallOwner, due: number, callable: Callable) {
    this.#owner = owner;
    this.#due = due;
    this.#callable = callable;
  }

  getTime(): number {
    return this.#due;
  }

  active(): boolean {
    return this.#slot >= 0;
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
      return `DelayedCall(${this.#slot === CANCELLED ? "cancelled" : "called"})`;
    }
    return `DelayedCall(${nameOfCallable(this.#callable)} in ${
      (this.#due - this.#owner.seconds()).toFixed(3)
    } s)`;
  }

  #cancel(): void {
    this.#owner.remove(this.#slot);
    this.#release(CANCELLED);
  }

  /** Returns the function, which the call does not keep from now on, nor its arguments. */
  #release(slot: number): Callable {
    this.#slot = slot;
    const callable = this.#callable;
    this.#callable = released;
    return callable;
  }

  #move(due: number): void {
    this.#due = due;
    this.#owner.moved(this.#slot, due);
  }

  #checkActive(action: string): void {
    if (this.active()) return;
    if (this.#slot === CANCELLED) {
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
