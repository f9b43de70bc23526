/** Where a Deferred came from: call stacks, kept only while debugging is on. */

/** The call stacks of one Deferred's life. */
export interface Origin {
  created?: string;
  fired?: string;
}

/** Read by the chain on its hot path, where a call would cost more than the answer. */
export let debugging = false;

const origins = new WeakMap<object, Origin>();

/**
 * Switches the recording of where Deferreds are made and fired on or off.
 *
 * While it is on, `AlreadyCalledError` and the log entry of an unhandled failure say where the
 * Deferred was made and where it was fired, and an unhandled failure is reported at the end of the
 * turn. Each Deferred then costs two call stacks, so it is off by default. Twisted: `twisted.internet.defer.setDebugging`.
 *
 * @param on Whether to record from now on.
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
export function setDebugging(on: boolean): void {
  debugging = on;
}

/**
 * Tells whether it is being recorded where Deferreds are made and fired.
 *
 * @returns What `setDebugging()` was last given; `false` at first.
 */
export function getDebugging(): boolean {
  return debugging;
}

/** Keeps the call stack as the place where `deferred` was made, from the caller of `above` on. */
export function noteCreated(deferred: object, above: CallableFunction | NewableFunction): void {
  originOf(deferred).created = callStack(above);
}

/** Keeps the call stack as the place where `deferred` was fired, from the caller of `above` on. */
export function noteFired(deferred: object, above: CallableFunction | NewableFunction): void {
  originOf(deferred).fired = callStack(above);
}

/** Gives what is known of where `deferred` was made and fired. */
export function findOrigin(deferred: object): Origin | undefined {
  return origins.get(deferred);
}

/** Puts an origin in words, to be added to a sentence; empty when nothing is known. */
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
  // The first line names the holder, which says nothing.
  return holder.stack.slice(holder.stack.indexOf("\n") + 1);
}
