import { TimedCalls } from "../reactor/time/timed_calls.ts";
import type { IDelayedCall, IReactorTime } from "../reactor/interfaces/mod.ts";
import { logRejection } from "../defer/guarded_call.ts";
import { checkDelay, checkMoment } from "../internal/validation.ts";

/** Returns the time of a clock's earliest call in seconds; `undefined` if no call is pending. */
export let nextDueOf: (clock: Clock) => number | undefined;

/**
 * Watches a clock.
 *
 * @param clock The clock.
 * @param onEarlier Called when the time of the earliest call has become earlier.
 * @returns A function that ends the watch.
 */
export let watchClock: (clock: Clock, onEarlier: () => void) => () => void;

/**
 * A clock that a test moves by hand, for code that needs the time of a reactor.
 *
 * It is Twisted's `twisted.internet.task.Clock`, with the timed calls of a real reactor. Its time
 * is exact: `advance(0.1)`, called ten times, moves it by a little less than a second, because 0.1
 * has no exact binary fraction. An error of a timed call is thrown by `advance()`; a reactor would
 * log it.
 *
 * @example
 * ```ts
 * import { Clock } from "@torsion/reactor/task";
 *
 * const clock = new Clock();
 * clock.callLater(4, () => console.log("at", clock.seconds()));
 * clock.advance(3);
 * clock.advance(3); // at 4
 * console.log(clock.seconds()); // 6
 * ```
 */
export class Clock implements IReactorTime {
  static {
    nextDueOf = (clock) => clock.#calls.nextDue();
    watchClock = (clock, onEarlier) => {
      clock.#watchers.add(onEarlier);
      return () => clock.#watchers.delete(onEarlier);
    };
  }

  #now = 0;
  readonly #watchers = new Set<() => void>();
  readonly #calls: TimedCalls = new TimedCalls({
    seconds: () => this.#now,
    onEarlier: () => this.#watchers.forEach((onEarlier) => onEarlier()),
  });

  /** Returns the current time, in seconds. A new clock is at 0. */
  seconds(): number {
    return this.#now;
  }

  /**
   * Schedules a call of `f(...args)` for the time at which the clock has moved by `delay`.
   *
   * @param delay Seconds from now, at least 0, finite.
   * @param f The function to call.
   * @param args The function's arguments.
   * @returns The scheduled call.
   * @throws {TypeError} If the delay is not a number, or `f` is not a function.
   * @throws {RangeError} If the delay is negative, NaN or infinite.
   */
  callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall {
    return this.#calls.callLater(delay, f, args);
  }

  /** Returns the scheduled calls, in no particular order. */
  getDelayedCalls(): IDelayedCall[] {
    return this.#calls.pending();
  }

  /**
   * Moves the clock forward, and makes the calls that become due, each at its own time.
   *
   * A call that runs reads the time for which it was scheduled. Calls that it schedules are made
   * too, if they are due by the end. So calls that schedule each other without a delay, without
   * end, never let this method return. Calls may move the clock themselves; that time is part of
   * `seconds`.
   *
   * Twisted moves the clock to the end before it makes the calls, so that a call runs later than
   * its time: see {@linkcode Clock.jump}.
   *
   * @param seconds The time to pass, in seconds, at least 0, finite.
   * @throws {RangeError} If `seconds` is negative, NaN or infinite, or the resulting time is
   * infinite.
   * @throws {unknown} The error of a call. The clock stays at the call's time, and later calls stay
   * scheduled.
   */
  advance(seconds: number): void {
    checkDelay("advance() seconds", seconds);
    const end = checkMoment("advance() seconds", seconds, this.#now + seconds);
    while (this.#calls.isAnyDue(end)) this.#makeDue(Math.min(this.#calls.nextDue() ?? end, end));
    this.#now = Math.max(this.#now, end);
  }

  /**
   * Moves the clock to the end at once, and then makes the calls that are due.
   *
   * This is how a process sees the time after it was suspended, and how Twisted's `Clock.advance`
   * works.
   *
   * @param seconds The time to pass, in seconds, at least 0, finite.
   * @throws {RangeError} If `seconds` is negative, NaN or infinite, or the resulting time is
   * infinite.
   * @throws {unknown} The error of a call. Later calls stay scheduled.
   */
  jump(seconds: number): void {
    checkDelay("jump() seconds", seconds);
    this.#now = checkMoment("jump() seconds", seconds, this.#now + seconds);
    while (this.#calls.isAnyDue(this.#now)) this.#makeDue(this.#now);
  }

  /**
   * Calls {@linkcode Clock.advance} with each of the given numbers.
   *
   * @param timings The numbers, in seconds.
   */
  pump(timings: Iterable<number>): void {
    for (const seconds of timings) this.advance(seconds);
  }

  /** Makes the calls that are due at a time or before it. The clock does not go back for them. */
  #makeDue(moment: number): void {
    this.#now = Math.max(this.#now, moment);
    this.#calls.runDue(this.#now, (f) => {
      logRejection(f(), "Error while making a timed call of callLater()");
    });
  }
}
