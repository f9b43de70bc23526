/**
 * Failures that nobody handled, found out when the Deferred that holds one is collected.
 *
 * Most failures are handled in the turn in which they happen, and must cost next to nothing. So a
 * Deferred is only noted at first, and registered in a microtask if its failure is still there.
 */

import { err } from "../log/mod.ts";
import { describeOrigin, findOrigin, type Origin } from "./debug.ts";
import { copyError } from "./error_copy.ts";

interface Report {
  readonly error: WeakRef<Error>;
  /** Stands in for the error, which may well be collected together with its Deferred. */
  readonly copy: Error;
  readonly origin: Origin | undefined;
}

/** Those that failed since the last microtask that looked after them. */
const noted = new Map<object, Error>();
let isScheduled = false;

// Made when it is needed: importing this module does nothing.
let registry: FinalizationRegistry<Report> | undefined;

/** Has `error` logged if `deferred` is collected before `forgive()` is called for it. */
export function watch(deferred: object, error: Error): void {
  noted.set(deferred, error);
  if (isScheduled) return;
  isScheduled = true;
  queueMicrotask(registerNoted);
}

/** Takes back `watch()`: the failure was handled, or went on to another Deferred. */
export function forgive(deferred: object): void {
  if (!noted.delete(deferred)) registry?.unregister(deferred);
}

function registerNoted(): void {
  isScheduled = false;
  registry ??= new FinalizationRegistry(reportUnhandled);
  for (const [deferred, error] of noted) {
    const report = {
      error: new WeakRef(error),
      copy: copyError(error),
      origin: findOrigin(deferred),
    };
    registry.register(deferred, report, deferred);
  }
  noted.clear();
}

function reportUnhandled({ error, copy, origin }: Report): void {
  err(error.deref() ?? copy, `Unhandled error in Deferred${describeOrigin(origin)}`);
}
