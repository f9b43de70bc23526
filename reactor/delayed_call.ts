/**
 * Timed calls: what `callLater` makes, for every reactor and for every other clock.
 *
 * @module
 */

import { CallQueue } from "./call_queue.ts";
import { AlreadyCalled, AlreadyCancelled } from "./errors.ts";
import type { IDelayedCall } from "./interfaces.ts";
import { checkDelay, checkFinite, checkFunction } from "./validation.ts";

/** What a clock gives its timed calls. */
export interface TimedCallsOptions {
  /** The time now, in seconds. */
  seconds: () => number;
  /** Told that the earliest call has come nearer. */
  sooner?: () => void;
}

// What is called is checked against its arguments by callLater's own type; here they are only passed on.
type AnyFunction = (...args: never[]) => unknown;

/** Makes one timed call. */
export type MakeCall = (f: AnyFunction, args: readonly unknown[]) => void;

// In place of a slot, for a call that waits no more.
const MADE = -1;
const CANCELLED = -2;

// Most calls have none, and need no array of their own to say so.
const NO_ARGUMENTS: readonly unknown[] = [];

/** What TimedCalls may do with a call and nobody else can: DelayedCall alone reaches its private fields, and opens this door. */
interface CallAccess {
  place(call: DelayedCall, slot: number): void;
  make(call: DelayedCall, due: number, make: MakeCall): void;
}

let access: CallAccess;

/** The calls that wait on one clock. */
export class TimedCalls {
  readonly #queue = new CallQueue<DelayedCall>((call, slot) => access.place(call, slot));
  readonly #seconds: () => number;
  readonly #sooner: (() => void) | undefined;

  /** @param options What the clock gives. */
  constructor(options: TimedCallsOptions) {
    this.#seconds = options.seconds;
    this.#sooner = options.sooner;
  }

  /** Places taken in the queue: the calls to come, and those of cancelled ones that are not yet swept. */
  get size(): number {
    return this.#queue.size;
  }

  /** See `IReactorTime.callLater`. */
  callLater(delay: number, f: AnyFunction, args: readonly unknown[]): DelayedCall {
    checkDelay("callLater() delay", delay);
    checkFunction("callLater() callable", f);
    const due = this.#seconds() + delay;
    const isSooner = due < this.#queue.nothingBefore;
    const call = new DelayedCall(this, f, args.length === 0 ? NO_ARGUMENTS : args);
    this.#queue.add(call, due);
    if (isSooner) this.#sooner?.();
    return call;
  }

  /** The calls still to come, in no particular order. */
  pending(): DelayedCall[] {
    return [...this.#queue];
  }

  /** When the earliest call is due, in seconds; `undefined` when none waits. */
  nextDue(): number | undefined {
    const slot = this.#queue.earliest();
    return slot === undefined ? undefined : this.#queue.dueAt(slot);
  }

  /**
   * Makes the calls due by `now`, in order. What they ask for while they run waits for the next time.
   *
   * @param now The moment, in seconds.
   * @param make Makes one call. An error out of it ends this turn; the rest stays due.
   */
  runDue(now: number, make: MakeCall): void {
    const queue = this.#queue;
    const addedBefore = queue.added;
    for (let slot = queue.earliest(); slot !== undefined; slot = queue.earliest()) {
      const due = queue.dueAt(slot);
      if (due > now || queue.orderAt(slot) >= addedBefore) return;
      const call = queue.take(slot);
      if (call !== undefined) access.make(call, due, make);
    }
  }

  /** When the call in `slot` is due, for {@linkcode DelayedCall}. */
  dueAt(slot: number): number {
    return this.#queue.dueAt(slot);
  }

  /** Takes the call in `slot` back, for {@linkcode DelayedCall}. */
  remove(slot: number): void {
    this.#queue.remove(slot);
  }

  /** Moves the call in `slot`, for {@linkcode DelayedCall}. */
  move(slot: number, due: number): void {
    const isSooner = due < this.#queue.nothingBefore;
    this.#queue.move(slot, due);
    if (isSooner) this.#sooner?.();
  }

  /** The time now, for {@linkcode DelayedCall}. */
  seconds(): number {
    return this.#seconds();
  }
}

/**
 * A call that a clock will make. Twisted's `twisted.internet.base.DelayedCall`.
 *
 * @example
 * ```ts
 * import { DenoReactor } from "@torsion/reactor";
 *
 * const call = new DenoReactor().callLater(4, console.log, "four seconds later");
 * call.delay(1); // a second later than that
 * call.reset(2); // no: two seconds from now
 * call.cancel(); // no: not at all
 * ```
 */
export class DelayedCall implements IDelayedCall {
  readonly #calls: TimedCalls;
  /** Where it waits in the queue; {@linkcode MADE} or {@linkcode CANCELLED} once it does not. */
  #slot = MADE;
  /** When it was due, once it waits no more. */
  #wasDue: number | null = null;
  #f: AnyFunction | null;
  #args: readonly unknown[] | null;

  static {
    access = {
      place: (call, slot) => {
        call.#slot = slot;
      },
      make: (call, due, make) => {
        const f = call.#f;
        const args = call.#args;
        if (f === null || args === null) return;
        call.#slot = MADE;
        call.#wasDue = due;
        call.#args = null;
        make(f, args);
      },
    };
  }

  /** Made by `callLater`. */
  constructor(calls: TimedCalls, f: AnyFunction, args: readonly unknown[]) {
    this.#calls = calls;
    this.#f = f;
    this.#args = args;
  }

  /** The moment of the call, in seconds on the clock that makes it. */
  getTime(): number {
    return this.#wasDue ?? this.#calls.dueAt(this.#slot);
  }

  /** Whether the call is still to come. */
  active(): boolean {
    return this.#slot >= 0;
  }

  /**
   * Takes the call back, and lets go of its function and arguments.
   *
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled before.
   */
  cancel(): void {
    this.#checkPending("cancel");
    const slot = this.#slot;
    this.#wasDue = this.#calls.dueAt(slot);
    this.#slot = CANCELLED;
    this.#f = this.#args = null;
    this.#calls.remove(slot);
  }

  /**
   * Puts the call off, or with a negative number forward.
   *
   * @param seconds How much later than planned.
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled.
   */
  delay(seconds: number): void {
    checkFinite("delay() seconds", seconds);
    this.#checkPending("delay");
    this.#calls.move(this.#slot, this.getTime() + seconds);
  }

  /**
   * Starts the wait anew.
   *
   * @param seconds The delay, counted from now.
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled.
   */
  reset(seconds: number): void {
    checkDelay("reset() seconds", seconds);
    this.#checkPending("reset");
    this.#calls.move(this.#slot, this.#calls.seconds() + seconds);
  }

  /** Cancels the call if it is still to come. */
  [Symbol.dispose](): void {
    if (this.active()) this.cancel();
  }

  /** @returns What will be called, and in how many seconds. */
  toString(): string {
    if (this.#f === null) return "DelayedCall(cancelled)";
    const name = this.#f.name || "(anonymous)";
    return this.active()
      ? `DelayedCall(${name} in ${(this.getTime() - this.#calls.seconds()).toFixed(3)} s)`
      : `DelayedCall(${name}, called)`;
  }

  #checkPending(action: string): void {
    if (this.#slot >= 0) return;
    if (this.#slot === CANCELLED) {
      throw new AlreadyCancelled(`Cannot ${action} a timed call that has been cancelled: ${this}`);
    }
    throw new AlreadyCalled(`Cannot ${action} a timed call that has been made: ${this}`);
  }
}
