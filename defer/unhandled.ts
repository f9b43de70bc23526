/** Failures that nobody handled: found out when the Deferred that holds one is collected. */

import { err } from "../log/mod.ts";
import { describeOrigin, findOrigin, type Origin } from "./debug.ts";

interface Report {
  error: Error;
  origin: Origin | undefined;
}

// Made at the first failure: importing this module does nothing.
let registry: FinalizationRegistry<Report> | undefined;

/** Has `error` logged if `deferred` is collected before `forgive()` is called for it. */
export function watch(deferred: object, error: Error): void {
  registry ??= new FinalizationRegistry(reportUnhandled);
  registry.register(deferred, { error, origin: findOrigin(deferred) }, deferred);
}

/** Takes back `watch()`: the failure was handled, or went on to another Deferred. */
export function forgive(deferred: object): void {
  registry?.unregister(deferred);
}

function reportUnhandled({ error, origin }: Report): void {
  err(error, `Unhandled error in Deferred${describeOrigin(origin)}`);
}
