/**
 * The timed call that `callLater` returns, on every reactor and every other clock.
 *
 * @module
 */

import { AlreadyCalled, AlreadyCancelled } from "../errors.ts";
import type { IDelayedCall } from "../interfaces/mod.ts";
import { checkDelay, checkFinite, checkMoment } from "../../internal/validation.ts";
import { type HeapLinks, REMOVED } from "./indexed_heap.ts";

/** The function of a timed call, bound to its arguments. */
export type Callable = () => unknown;

/** The queue that a timed call belongs to. */
export interface DelayedCallOwner {
  /** Returns the current time of the clock, in seconds. */
  seconds(): number;
  /** Removes a pending call. */
  remove(call: DelayedCall): void;
  /** Notes that the time of a pending call has changed. */
  moved(call: DelayedCall): void;
}

/** The position of a cancelled call. A call that was made is {@linkcode REMOVED} from its heap. */
const CANCELLED = REMOVED - 1;

/** The place of timed calls in the heap of their owner. */
export let callLinks: HeapLinks<DelayedCall>;

/** Returns the number of calls that the owner had made before this one. */
export let orderOf: (call: DelayedCall) => number;

/** Returns the function of a call that is to be made, and releases it. */
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
  readonly #order: number;
  #position = REMOVED;
  #due: number;
  #callable: Callable;

  static {
    callLinks = {
      position: (call) => call.#position,
      setPosition: (call, position) => {
        call.#position = position;
      },
      isBefore: (a, b) => a.#order < b.#order,
    };
    orderOf = (call) => call.#order;
    takeCallable = (call) => call.#release();
  }

  /**
   * Creates a timed call. Programs use `callLater` instead.
   *
   * @param owner The queue that the call belongs to.
   * @param due The time of the call, in seconds on the owner's clock.
   * @param order The number of calls that the owner has made before this one.
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
    return this.#position >= 0;
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
      return `DelayedCall(${this.#position === CANCELLED ? "cancelled" : "called"})`;
    }
    const name = this.#callable.name.replace(/^bound /, "") || "(anonymous)";
    return `DelayedCall(${name} in ${(this.#due - this.#owner.seconds()).toFixed(3)} s)`;
  }

  #cancel(): void {
    this.#owner.remove(this);
    this.#position = CANCELLED;
    this.#release();
  }

  /** Returns the function, which the call does not keep from now on, nor its arguments. */
  #release(): Callable {
    const callable = this.#callable;
    this.#callable = released;
    return callable;
  }

  #move(due: number): void {
    this.#due = due;
    this.#owner.moved(this);
  }

  #checkActive(action: string): void {
    if (this.active()) return;
    if (this.#position === CANCELLED) {
      throw new AlreadyCancelled(`Cannot ${action} the timed call: it has already been cancelled`);
    }
    throw new AlreadyCalled(`Cannot ${action} the timed call: it has already been made`);
  }
}

/** Stands for the function of a call that is no longer pending. */
function released(): void {}
