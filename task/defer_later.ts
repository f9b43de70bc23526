import type { WaitOptions } from "../defer/concurrency_primitive.ts";
import { Deferred } from "../defer/deferred.ts";
import type { TimeoutClock } from "../defer/clock.ts";
import { checkFunction } from "../internal/validation.ts";

/**
 * Waits for some time. Twisted's `twisted.internet.task.deferLater` without a callable.
 *
 * @param clock The clock: a reactor, or any other object with `callLater()`.
 * @param delay The time to wait, in seconds, at least 0.
 * @param options `signal` cancels the wait.
 * @returns A Deferred that fires after that time. Cancelling it cancels the timed call.
 * @throws {RangeError} If the delay is negative, NaN or infinite.
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
 * Calls a function later, and returns a Deferred of its outcome. Twisted's
 * `twisted.internet.task.deferLater`.
 *
 * @param clock The clock: a reactor, or any other object with `callLater()`.
 * @param delay Seconds from now, at least 0.
 * @param f The function. It may return a Deferred or promise.
 * @param args The function's arguments.
 * @returns A Deferred of the function's result. Cancelling it cancels the timed call or, after the
 * call, the Deferred that the function returned. Its `addSignal()` cancels it when a signal aborts.
 * @throws {RangeError} If the delay is negative, NaN or infinite.
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
  // The argument is checked before the call is scheduled, so that an error leaves no pending call.
  if (typeof f !== "object" || f === null) checkFunction("deferLater() callable", f);
  const later = new Deferred<void>(() => call.cancel());
  const fireDeferLater = () => later.callback();
  const call = clock.callLater(delay, fireDeferLater);
  if (typeof f === "function") return later.addCallback(() => f(...args));
  return f.signal === undefined ? later : later.addSignal(f.signal);
}
