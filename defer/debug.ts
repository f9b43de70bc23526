/** Records where Deferreds are made and fired: call stacks, kept only while debugging is on. */

import { checkTimeout } from "../internal/validation.ts";
import { setSlowCallbacks, SlowCallbacks } from "./slow_callbacks.ts";

/** Options of {@linkcode setDebugging}. */
export interface DebuggingOptions {
  /**
   * Seconds from which a callback is reported as slow. `Infinity` reports none.
   *
   * @default {0.1}
   */
  slowCallback?: number | undefined;
}

/** The call stacks at which one Deferred was made and fired. */
export interface Origin {
  created?: string;
  fired?: string;
}

/** Whether debugging is on. */
export let debugging = false;
/**
 * Whether call stacks are recorded: while debugging is on, or a test looks for unhandled failures.
 * A variable, because the chain reads it where a call would be too slow.
 */
export let recording = false;
let isTesting = false;

const origins = new WeakMap<object, Origin>();

/**
 * Switches debugging on or off: the recording of where Deferreds are made and fired, and warnings
 * about slow callbacks.
 *
 * While debugging is on, `AlreadyCalledError` and the log entry of an unhandled failure contain
 * the call stacks at which the Deferred was made and fired, and an unhandled failure is reported
 * at the end of the turn. `reactor.describe()` then has the call stacks at which ports and timed
 * calls were made. A timed call or a method of a stream protocol that keeps the event loop busy
 * for 0.1 seconds or more is logged, as in the debug mode of asyncio. Debugging is off by default,
 * because recording the call stacks makes each Deferred and each timed call slower. Twisted's
 * `twisted.internet.defer.setDebugging`.
 *
 * @param on Whether debugging is on from now on.
 * @param options The limit for slow callbacks.
 * @throws {RangeError} If the limit is negative or not a number.
 *
 * @example
 * ```ts
 * import { getDebugging, setDebugging } from "@torsion/reactor/defer";
 *
 * setDebugging(true);
 * console.log(getDebugging()); // true
 * setDebugging(false);
 * ```
 */
export function setDebugging(on: boolean, options: DebuggingOptions = {}): void {
  const { slowCallback = 0.1 } = options;
  checkTimeout("slowCallback", slowCallback);
  setSlowCallbacks(on && slowCallback < Infinity ? new SlowCallbacks(slowCallback) : null);
  debugging = on;
  recording = debugging || isTesting;
}

/**
 * Reports whether debugging is on: the recording of where Deferreds are made and fired.
 *
 * @returns The latest argument of `setDebugging()`; `false` at first.
 */
export function getDebugging(): boolean {
  return debugging;
}

/**
 * Switches the recording on or off for a test. Unlike `setDebugging()`, it leaves the time of the
 * reports as it is, so that the test may handle a failure in a later turn.
 */
export function recordOrigins(on: boolean): void {
  isTesting = on;
  recording = debugging || isTesting;
}

/** Records the call stack at which `deferred` was made, from the caller of `above` on. */
export function noteCreated(deferred: object, above: CallableFunction | NewableFunction): void {
  originOf(deferred).created = callStack(above);
}

/** Records the call stack at which `deferred` was fired, from the caller of `above` on. */
export function noteFired(deferred: object, above: CallableFunction | NewableFunction): void {
  originOf(deferred).fired = callStack(above);
}

/** Returns the recorded call stacks of `deferred`, if any. */
export function findOrigin(deferred: object): Origin | undefined {
  return origins.get(deferred);
}

/** Returns the call stacks as text to append to a sentence; an empty text if there are none. */
export function describeOrigin(origin: Origin | undefined): string {
  let text = "";
  if (origin?.created !== undefined) text += `\n  made:\n${origin.created}`;
  if (origin?.fired !== undefined) text += `\n  fired:\n${origin.fired}`;
  return text;
}

function originOf(deferred: object): Origin {
  let origin = origins.get(deferred);
  if (origin === undefined) {
    origin = {};
    origins.set(deferred, origin);
  }
  return origin;
}

function callStack(above: CallableFunction | NewableFunction): string {
  const holder = { stack: "" };
  Error.captureStackTrace(holder, above);
  // The first line of the stack describes the helper object instead of an error, so it is left out.
  return holder.stack.slice(holder.stack.indexOf("\n") + 1);
}
