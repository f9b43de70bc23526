/**
 * Reports failures that no errback handles.
 *
 * Most failures are handled in the turn in which they happen, and must cost next to nothing. So a
 * failure is only noted at first. The timer is set once the turn's callbacks have left it there.
 */

import { err, error as logError, msg } from "../log/mod.ts";
import { debugging, describeOrigin, findOrigin } from "./debug.ts";
import { GraceTimer } from "./grace_timer.ts";

/** Milliseconds until a failure is reported that no other one has preceded. */
const GRACE_MS = 1000;
/** Failures that are kept until they are reported. Of those beyond it, only the number is known. */
const MOST_KEPT = 1000;
/** Microtasks that stand for the rest of a turn: no host says when it ends. */
const TURN_LENGTH = 100;

type Failures = Map<object, Error>;

// Two generations: each failure has at least half of the time to be handled, with a single timer.
let young: Failures = new Map();
let old: Failures = new Map();
/** Those beyond the limit. */
let uncounted = new WeakSet<object>();
let surplus = 0;
/** What was reported of a Deferred, for the note that its failure was handled later. */
const reported = new WeakMap<object, string>();
const names = new WeakMap<object, string | (() => string)>();

let isScheduled = false;
let isReportDue = false;
let hasListeners = false;
const timer = new GraceTimer(grow);

/** Notes that the result of `deferred` is a failure that no errback has handled yet. */
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

/** Takes back `watch()`: the failure was handled, or passed to another Deferred. */
export function markHandled(deferred: object): void {
  if (young.delete(deferred) || old.delete(deferred)) return clearTimer();
  if (uncounted.delete(deferred)) {
    surplus--;
    return clearTimer();
  }
  const text = reported.get(deferred);
  if (text === undefined) return;
  reported.delete(deferred);
  msg(`Unhandled error in Deferred has been handled after its report: ${text}`);
}

/**
 * Notes that a failure went from one Deferred to another.
 *
 * @returns Whether it had been reported: then the other one must not be watched for it.
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
 * @param name What it stands for, or a function that returns that: "LoopingCall<1>(tick)".
 * @returns The Deferred.
 */
export function nameInReports<D extends object>(deferred: D, name: string | (() => string)): D {
  names.set(deferred, name);
  return deferred;
}

/** Gives a Deferred that name, unless it has one. */
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

/** Does so when those who wait in this turn have had theirs: they may handle failures. */
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
  if (!timer.isSet) timer.set(GRACE_MS / 2);
}

/** Reports at the end of the program. The program may end in the turn of its first failure. */
function listenForEnd(): void {
  hasListeners = true;
  // An uncaught error ends the program without `unload`.
  for (const end of ["unload", "error", "unhandledrejection"]) {
    globalThis.addEventListener(end, reportUnhandled);
  }
}

/** Half of the time has passed. */
function grow(): void {
  reportOld();
  old = young;
  young = new Map();
  if (!isEmpty()) timer.set(GRACE_MS / 2);
}

/** Observers may handle failures or cause new ones meanwhile, which are young. */
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
    return "(its text cannot be read)";
  }
}
