import { TimedCalls } from "../reactor/time/timed_calls.ts";
import type { IDelayedCall, IReactorTime } from "../reactor/interfaces/mod.ts";
import { logRejection } from "../defer/guarded_call.ts";
import { checkDelay, checkMoment } from "../internal/validation.ts";

/**
 * A clock that stands still until it is told to move: what a test hands to code that wants a
 * reactor's time.
 *
 * It is Twisted's `twisted.internet.task.Clock`, and its timed calls are the reactor's own. It is
 * exact: ten times `advance(0.1)` is a little less than a second, because binary fractions are.
 * What a call throws comes out of `advance()`, where a reactor would log it.
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
  #now = 0;
  readonly #calls: TimedCalls = new TimedCalls({ seconds: () => this.#now });

  /** The time now, in seconds. A new clock is at 0. */
  seconds(): number {
    return this.#now;
  }

  /**
   * Has `f(...args)` called when the clock has been moved that far.
   *
   * @param delay The wait in seconds: zero or more, and finite.
   * @param f What to call.
   * @param args Its arguments.
   * @returns The call to come.
   * @throws {TypeError} When the delay is not a number or `f` not a function.
   * @throws {RangeError} When the delay is negative, NaN or infinite.
   */
  callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall {
    return this.#calls.callLater(delay, f, args);
  }

  /** The calls still to come, in no particular order. */
  getDelayedCalls(): IDelayedCall[] {
    return this.#calls.pending();
  }

  /**
   * Lets time pass, and makes the calls that come due, each at its own moment: a call sees the time
   * for which it was asked, and what it asks for in its turn is made, too, if it is due by the end.
   * So a call that asks for another with no delay, and so on without end, never lets this return.
   *
   * Calls may move the clock themselves; that is part of the time that passes here. Twisted goes to
   * the end first, see {@linkcode Clock.jump}: then a call finds itself late by what the test chose
   * for its steps.
   *
   * @param seconds How long: zero or more, and finite.
   * @throws {RangeError} When it is negative, NaN or infinite, or leads to a time that is infinite.
   * @throws {unknown} What a call throws. The clock stays at its moment, and the calls behind it
   * stay due.
   */
  advance(seconds: number): void {
    checkDelay("advance() seconds", seconds);
    const end = checkMoment("advance() seconds", seconds, this.#now + seconds);
    while (this.#calls.isAnyDue(end)) this.#makeDue(Math.min(this.#calls.nextDue() ?? end, end));
    this.#now = Math.max(this.#now, end);
  }

  /**
   * Lets time pass at once, and makes the calls that are due by then: as a process sees it that was
   * suspended or overslept, and as Twisted's `Clock.advance` does it.
   *
   * @param seconds How long: zero or more, and finite.
   * @throws {RangeError} When it is negative, NaN or infinite, or leads to a time that is infinite.
   * @throws {unknown} What a call throws. The calls behind it stay due.
   */
  jump(seconds: number): void {
    checkDelay("jump() seconds", seconds);
    this.#now = checkMoment("jump() seconds", seconds, this.#now + seconds);
    while (this.#calls.isAnyDue(this.#now)) this.#makeDue(this.#now);
  }

  /**
   * Calls {@linkcode Clock.advance} with each of these.
   *
   * @param timings Seconds.
   */
  pump(timings: Iterable<number>): void {
    for (const seconds of timings) this.advance(seconds);
  }

  /** Makes the calls due at that moment, or before it. The clock does not go back for them. */
  #makeDue(moment: number): void {
    this.#now = Math.max(this.#now, moment);
    this.#calls.runDue(this.#now, (f) => {
      logRejection(f(), "While making a timed call of callLater()");
    });
  }
}
