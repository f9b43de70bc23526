import type { WaitOptions } from "../defer/concurrency_primitive.ts";
import { Deferred } from "../defer/deferred.ts";
import type { TimeoutClock } from "../defer/clock.ts";
import { checkFunction } from "../internal/validation.ts";

/**
 * Waits. Twisted's `twisted.internet.task.deferLater` without a callable.
 *
 * @param clock Measures the time: a reactor, or anything else with `callLater()`.
 * @param delay How long, in seconds.
 * @param options `signal` cancels the wait.
 * @returns Fires after that time. To cancel it takes the timed call back.
 * @throws {RangeError} When the delay is negative, NaN or infinite.
 *
 * @example
 * ```ts
 * import { Clock, deferLater } from "@torsion/reactor/task";
 *
 * const clock = new Clock();
 * deferLater(clock, 4).addCallback(() => console.log("four seconds later"));
 * clock.advance(4);
 * ```
 */
export function deferLater(
  clock: TimeoutClock,
  delay: number,
  options?: WaitOptions,
): Deferred<void>;
/**
 * Calls a function later, and makes a Deferred of what comes of it. Twisted's
 * `twisted.internet.task.deferLater`.
 *
 * @param clock Makes the call: a reactor, or anything else with `callLater()`.
 * @param delay The wait in seconds.
 * @param f What to call. It may return a Deferred or promise.
 * @param args Its arguments.
 * @returns Fires with the function's result. To cancel it takes the call back, or, when it has been
 * made, cancels the Deferred that it returned. `addSignal()` cancels it when a signal aborts.
 * @throws {RangeError} When the delay is negative, NaN or infinite.
 *
 * @example
 * ```ts
 * import { Clock, deferLater } from "@torsion/reactor/task";
 *
 * const clock = new Clock();
 * deferLater(clock, 4, Math.max, 1, 2).addCallback(console.log); // 2
 * clock.advance(4);
 * ```
 */
export function deferLater<R, A extends unknown[]>(
  clock: TimeoutClock,
  delay: number,
  f: (...args: A) => R | PromiseLike<R>,
  ...args: A
): Deferred<R>;
export function deferLater<R, A extends unknown[]>(
  clock: TimeoutClock,
  delay: number,
  f: ((...args: A) => R | PromiseLike<R>) | WaitOptions = {},
  ...args: A
): Deferred<R | void> {
  // Before there is a call to make.
  if (typeof f !== "object" || f === null) checkFunction("deferLater() callable", f);
  const later = new Deferred<void>(() => call.cancel());
  const call = clock.callLater(delay, () => later.callback());
  if (typeof f === "function") return later.addCallback(() => f(...args));
  return f.signal === undefined ? later : later.addSignal(f.signal);
}
