/**
 * The timed call that `callLater` returns, on every reactor and every other clock.
 *
 * @module
 */

import { AlreadyCalled, AlreadyCancelled } from "../errors.ts";
import type { IDelayedCall } from "../interfaces/mod.ts";
import { checkDelay, checkFinite, checkMoment } from "../../internal/validation.ts";

/** The function of a timed call, bound to its arguments. */
export type Callable = () => unknown;

/** The queue that a timed call belongs to. It stores each call's function under a slot. */
export interface DelayedCallOwner {
  /** Returns the current time of the clock, in seconds. */
  seconds(): number;
  /**
   * Returns the function that is stored in `slot` for this call. Returns `null` if the call has
   * been made, has been cancelled, or the slot now belongs to another call.
   */
  find(call: DelayedCall, slot: number): Callable | null;
  /** Removes the call in `slot`. */
  cancelled(slot: number): void;
  /** Notes that the time of a call has become later. */
  postponed(): void;
  /** Notes that the time of the call in `slot` has become earlier. */
  movedEarlier(call: DelayedCall, slot: number): void;
}

/** The value of the slot of a cancelled call. */
const CANCELLED = -1;

/** Sets the slot of a call. Only the owner of the call may use it. */
export let setSlot: (call: DelayedCall, slot: number) => void;

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
  /** The slot of the call. It stays the same after the call has been made. */
  #slot = CANCELLED;
  #due: number;

  static {
    setSlot = (call, slot) => {
      call.#slot = slot;
    };
  }

  /**
   * Creates a timed call. Programs use `callLater` instead.
   *
   * @param owner The queue that the call belongs to.
   * @param due The time of the call, in seconds on the owner's clock.
   */
  constructor(owner: DelayedCallOwner, due: number) {
    this.#owner = owner;
    this.#due = due;
  }

  getTime(): number {
    return this.#due;
  }

  active(): boolean {
    return this.#callable() !== null;
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
    const callable = this.#callable();
    if (callable === null) {
      return `DelayedCall(${this.#slot === CANCELLED ? "cancelled" : "called"})`;
    }
    const name = callable.name.replace(/^bound /, "") || "(anonymous)";
    return `DelayedCall(${name} in ${(this.#due - this.#owner.seconds()).toFixed(3)} s)`;
  }

  #callable(): Callable | null {
    return this.#slot === CANCELLED ? null : this.#owner.find(this, this.#slot);
  }

  #cancel(): void {
    const slot = this.#slot;
    this.#slot = CANCELLED;
    this.#owner.cancelled(slot);
  }

  #move(due: number): void {
    const isLater = due >= this.#due;
    this.#due = due;
    if (isLater) this.#owner.postponed();
    else this.#owner.movedEarlier(this, this.#slot);
  }

  #checkActive(action: string): void {
    if (this.active()) return;
    if (this.#slot === CANCELLED) {
      throw new AlreadyCancelled(`Cannot ${action} the timed call: it has already been cancelled`);
    }
    throw new AlreadyCalled(`Cannot ${action} the timed call: it has already been made`);
  }
}
