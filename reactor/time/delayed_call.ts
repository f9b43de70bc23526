/**
 * Timed calls: what `callLater` makes, for every reactor and for every other clock.
 *
 * @module
 */

import { type Callable, type CallHandles, CallQueue } from "./call_queue.ts";
import { AlreadyCalled, AlreadyCancelled } from "../errors.ts";
import type { IDelayedCall } from "../interfaces/mod.ts";
import { checkDelay, checkFinite, checkFunction, checkMoment } from "../../internal/validation.ts";

/** What a clock gives its timed calls. */
export interface TimedCallsOptions {
  /** The time now, in seconds. */
  seconds: () => number;
  /** Told that the earliest call has come nearer. */
  sooner?: (() => void) | undefined;
}

// What is called is checked against its arguments by callLater's own type; here they are only passed on.
type AnyFunction = (...args: never[]) => unknown;

/** Makes one timed call. */
export type MakeCall = (f: AnyFunction, args: readonly unknown[]) => void;

const NO_ARGUMENTS: readonly unknown[] = [];

/** Instead of a slot, for a call that has been cancelled. */
const CANCELLED = -1;

// The queue orders calls by whole tenths of a microsecond. Sums of delays that mean one instant are one there, as 0.1 + 0.2 and 0.3, and the
// order in which their calls were asked for decides. Nothing coarser: equals are dearer to compare, and most calls are for instants of their
// own. Nothing finer: the numbers would not be exact for as long as a process runs.
const TICKS_PER_SECOND = 1e7;

function toTicks(seconds: number): number {
  // Infinity is kept for a queue without a call.
  return Math.min(Math.round(seconds * TICKS_PER_SECOND), Number.MAX_VALUE);
}

// For the queue. DelayedCall hands it out, as it alone reaches its private fields.
let handles: CallHandles<DelayedCall>;

/** The calls that wait on one clock. */
export class TimedCalls {
  readonly #queue = new CallQueue(handles);
  readonly #seconds: () => number;
  readonly #sooner: (() => void) | undefined;

  /** @param options What the clock gives. */
  constructor(options: TimedCallsOptions) {
    this.#seconds = options.seconds;
    this.#sooner = options.sooner;
  }

  /** Places taken in the queue: the calls to come, and cancelled ones that are not yet swept. */
  get size(): number {
    return this.#queue.size;
  }

  callLater(delay: number, f: AnyFunction, args: readonly unknown[]): DelayedCall {
    checkDelay("callLater() delay", delay);
    checkFunction("callLater() callable", f);
    const due = checkMoment("callLater() delay", delay, this.#seconds() + delay);
    const ticks = toTicks(due);
    const isSooner = ticks < this.#queue.nothingBefore;
    const call = new DelayedCall(this, due);
    this.#queue.add(call, ticks, withArguments(f, args));
    if (isSooner) this.#sooner?.();
    return call;
  }

  /** The calls still to come, in no particular order. */
  pending(): DelayedCall[] {
    return this.#queue.handles();
  }

  /** When the earliest call is due, in seconds; `undefined` when none waits. */
  nextDue(): number | undefined {
    return this.#queue.nextDue() === Infinity ? undefined : this.#queue.nextHandle?.getTime();
  }

  /** How long the earliest call still has to wait, in seconds: zero when it is due, Infinity when none waits. */
  wait(): number {
    return Math.max(0, this.#queue.nextDue() - toTicks(this.#seconds())) / TICKS_PER_SECOND;
  }

  /** Whether a call is due by `now`. */
  isAnyDue(now: number): boolean {
    return this.#queue.nextDue() <= toTicks(now);
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
    const ticks = toTicks(now);
    while (queue.nextDue() <= ticks) {
      if (queue.added > addedBefore && queue.nextOrder >= addedBefore) return;
      const callable = queue.takeNext();
      if (callable !== null) make(callable, NO_ARGUMENTS);
    }
  }

  /** What waits in `slot` for this call, for {@linkcode DelayedCall}; `null` when nothing does. */
  find(call: DelayedCall, slot: number): Callable | null {
    return this.#queue.find(call, slot);
  }

  /** Takes the call in `slot` back, for {@linkcode DelayedCall}. */
  remove(slot: number): void {
    this.#queue.remove(slot);
  }

  /** Notes that a call has been put off, for {@linkcode DelayedCall}. */
  putOff(): void {
    this.#queue.putOff();
  }

  /** Moves the call in `slot` to an earlier time, for {@linkcode DelayedCall}. */
  bringForward(call: DelayedCall, slot: number): void {
    const ticks = toTicks(call.getTime());
    const isSooner = ticks < this.#queue.nothingBefore;
    this.#queue.bringForward(call, slot, ticks);
    if (isSooner) this.#sooner?.();
  }

  /** The time now, for {@linkcode DelayedCall}. */
  seconds(): number {
    return this.#seconds();
  }
}

/** `f` with its arguments, as a function of none. It keeps the name of `f`. */
function withArguments(f: AnyFunction, args: readonly unknown[]): Callable {
  // callLater's type has matched the arguments to the function, also when there are none.
  return args.length === 0 ? f as Callable : f.bind(undefined, ...args as never[]);
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
  /** Where the queue keeps it, or did until the call was made. */
  #slot = CANCELLED;
  #due: number;

  static {
    handles = {
      dueOf: (call) => toTicks(call.#due),
      moved: (call, slot) => {
        call.#slot = slot;
      },
    };
  }

  /** Made by `callLater`. */
  constructor(calls: TimedCalls, due: number) {
    this.#calls = calls;
    this.#due = due;
  }

  /** The moment of the call, in seconds on the clock that makes it. */
  getTime(): number {
    return this.#due;
  }

  /** Whether the call is still to come. */
  active(): boolean {
    return this.#callable() !== null;
  }

  /**
   * Takes the call back, and lets go of its function and arguments.
   *
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled before.
   */
  cancel(): void {
    this.#checkActive("cancel");
    this.#cancel();
  }

  /**
   * Puts the call off, or with a negative number forward.
   *
   * @param seconds How much later than planned.
   * @throws {RangeError} when the number, or the time that it leads to, is not finite.
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled.
   */
  delay(seconds: number): void {
    checkFinite("delay() seconds", seconds);
    this.#checkActive("delay");
    this.#move(checkMoment("delay() seconds", seconds, this.#due + seconds));
  }

  /**
   * Starts the wait anew.
   *
   * @param seconds The delay, counted from now.
   * @throws {RangeError} when the delay is negative, or when it, or the time that it leads to, is not finite.
   * @throws {AlreadyCalled} when it has been made.
   * @throws {AlreadyCancelled} when it has been cancelled.
   */
  reset(seconds: number): void {
    checkDelay("reset() seconds", seconds);
    this.#checkActive("reset");
    this.#move(checkMoment("reset() seconds", seconds, this.#calls.seconds() + seconds));
  }

  /** Cancels the call if it is still to come. */
  [Symbol.dispose](): void {
    if (this.active()) this.#cancel();
  }

  /** What will be called, and in how many seconds. */
  toString(): string {
    const callable = this.#callable();
    if (callable === null) return `DelayedCall(${this.#fate()})`;
    const name = callable.name.replace(/^bound /, "") || "(anonymous)";
    return `DelayedCall(${name} in ${(this.#due - this.#calls.seconds()).toFixed(3)} s)`;
  }

  #callable(): Callable | null {
    return this.#slot === CANCELLED ? null : this.#calls.find(this, this.#slot);
  }

  #fate(): string {
    return this.#slot === CANCELLED ? "cancelled" : "called";
  }

  #cancel(): void {
    const slot = this.#slot;
    this.#slot = CANCELLED;
    this.#calls.remove(slot);
  }

  #move(due: number): void {
    const isLater = due >= this.#due;
    this.#due = due;
    if (isLater) this.#calls.putOff();
    else this.#calls.bringForward(this, this.#slot);
  }

  #checkActive(action: string): void {
    if (this.active()) return;
    if (this.#slot === CANCELLED) {
      throw new AlreadyCancelled(`Cannot ${action} a timed call that has been cancelled`);
    }
    throw new AlreadyCalled(`Cannot ${action} a timed call that has been made`);
  }
}
