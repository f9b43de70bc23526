/**
 * Reports failures that no errback handles.
 *
 * Most failures are handled in the turn in which they occur, and must cost next to nothing. So a
 * failure is only recorded at first. The timer is set when the failure is still unhandled after the
 * microtasks that are already queued.
 */

import { err, error as logError, msg } from "../log/mod.ts";
import { debugging, describeOrigin, findOrigin } from "./debug.ts";
import { GraceTimer } from "./grace_timer.ts";

/** The longest time, in milliseconds, from a failure to its report. */
const GRACE_MS = 1000;
/** The number of failures kept until their report. Further failures are only counted. */
const MOST_KEPT = 1000;
/**
 * The number of microtasks that stand for the rest of a turn. JavaScript does not say when a turn
 * ends.
 */
const TURN_LENGTH = 100;

type Failures = Map<object, Error>;

// New failures become old when the timer fires, and old failures are then reported. Each failure
// therefore has at least half of the total time to be handled, although all share one timer.
let young: Failures = new Map();
let old: Failures = new Map();
/** The Deferreds whose failures are only counted. */
let uncounted = new WeakSet<object>();
let surplus = 0;
/**
 * The text of each reported failure, for the log line that says that the failure was handled later.
 */
const reported = new WeakMap<object, string>();
const names = new WeakMap<object, string | (() => string)>();

let isScheduled = false;
/** The number of {@linkcode holdReports} that are in force. */
let holds = 0;
let isReportDue = false;
let hasListeners = false;
const timer = new GraceTimer(grow);

/** Records that the result of `deferred` is a failure that no errback has handled yet. */
export function watch(deferred: object, error: Error): void {
  if (young.size + old.size < MOST_KEPT) young.set(deferred, error);
  else {
    uncounted.add(deferred);
    surplus++;
  }
  if (isScheduled) return;
  isScheduled = true;
  if (!hasListeners) listenForEnd();
  queueMicrotask(leaveTurn);
}

/** Undoes `watch()`: the failure was handled, or passed to another Deferred. */
export function markHandled(deferred: object): void {
  if (young.delete(deferred) || old.delete(deferred)) return clearTimer();
  if (uncounted.delete(deferred)) {
    surplus--;
    return clearTimer();
  }
  const text = reported.get(deferred);
  if (text === undefined) return;
  reported.delete(deferred);
  msg(`An errback has handled an error that was already reported as unhandled: ${text}`);
}

/**
 * Records that a failure moved from one Deferred to another.
 *
 * @returns Whether the failure had been reported. Then `to` must not be watched for it.
 */
export function passOn(from: object, to: object): boolean {
  const text = reported.get(from);
  if (text === undefined) return false;
  reported.delete(from);
  reported.set(to, text);
  return true;
}

/**
 * Gives a Deferred a name, which the report of its failure contains.
 *
 * @param deferred The Deferred.
 * @param name The name of its operation, or a function that returns the name:
 * "LoopingCall<1>(tick)".
 * @returns The Deferred.
 */
export function nameInReports<D extends object>(deferred: D, name: string | (() => string)): D {
  names.set(deferred, name);
  return deferred;
}

/** Gives a Deferred a name, unless it has one. */
export function nameByDefault(deferred: object, name: string): void {
  if (!names.has(deferred)) names.set(deferred, name);
}

/** Reports all failures that no errback has handled so far. */
export function reportUnhandled(): void {
  for (const [deferred, error] of young) old.set(deferred, error);
  young = new Map();
  reportOld();
  clearTimer();
}

/**
 * Reports unhandled failures at the end of the turn, so that code that runs later in the turn may
 * handle them.
 */
export function reportAtEndOfTurn(): void {
  if (isReportDue) return;
  isReportDue = true;
  afterMicrotasks(TURN_LENGTH, () => {
    isReportDue = false;
    reportUnhandled();
  });
}

function afterMicrotasks(count: number, f: () => void): void {
  if (count > 0) queueMicrotask(() => afterMicrotasks(count - 1, f));
  else f();
}

function leaveTurn(): void {
  isScheduled = false;
  if (isEmpty()) return;
  if (debugging) reportAtEndOfTurn();
  if (!timer.isSet && holds === 0) timer.set(GRACE_MS / 2);
}

/**
 * Switches the timer of the reports off, for a simulation, which has a time of its own. Its
 * failures are reported when {@linkcode reportUnhandled} is called.
 *
 * @returns A disposable that switches the timer on again.
 */
export function holdReports(): Disposable {
  holds++;
  if (timer.isSet) timer.clear();
  return {
    [Symbol.dispose]: () => {
      if (--holds === 0 && !isEmpty() && !timer.isSet) timer.set(GRACE_MS / 2);
    },
  };
}

/** Reports at the end of the program. The program may end in the turn of its first failure. */
function listenForEnd(): void {
  hasListeners = true;
  // The events `error` and `unhandledrejection` are needed too, because Deno does not fire `unload`
  // when an uncaught error ends the program.
  for (const end of ["unload", "error", "unhandledrejection"]) {
    globalThis.addEventListener(end, reportUnhandled);
  }
}

/**
 * Called by the timer after half of the time: reports the old generation, and ages the young one.
 */
function grow(): void {
  reportOld();
  old = young;
  young = new Map();
  if (!isEmpty() && holds === 0) timer.set(GRACE_MS / 2);
}

/**
 * Reports the old generation. Meanwhile, observers may handle failures, or cause new ones in the
 * young generation.
 */
function reportOld(): void {
  for (const [deferred, error] of old) {
    old.delete(deferred);
    reported.set(deferred, describe(error));
    const name = describeName(names.get(deferred));
    err(error, `Unhandled error in Deferred${name}${describeOrigin(findOrigin(deferred))}`);
  }
  if (surplus === 0) return;
  logError(`Unhandled errors in ${surplus} more Deferreds`, { count: surplus });
  surplus = 0;
  uncounted = new WeakSet();
}

function isEmpty(): boolean {
  return young.size + old.size + surplus === 0;
}

function clearTimer(): void {
  if (timer.isSet && isEmpty()) timer.clear();
}

function describeName(name: string | (() => string) | undefined): string {
  if (name === undefined) return "";
  return ` (${typeof name === "string" ? name : describe({ toString: name })})`;
}

function describe(value: object): string {
  try {
    return String(value);
  } catch {
    return "(unreadable text)";
  }
}
