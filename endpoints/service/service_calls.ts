/**
 * The calls into services and endpoints whose errors and rejected promises are logged.
 *
 * @module
 */

import { classNameOf, logRejection, logUserError } from "../../defer/guarded_call.ts";
import { Deferred } from "../../defer/mod.ts";
import { nameInReports } from "../../defer/unhandled.ts";
import { isInstance, textAtOnce } from "../../internal/foreign_value.ts";
import type { IService } from "./interfaces.ts";

/**
 * Returns the name of a service or an endpoint for the log: the result of its `toString()`, or the
 * name of its class if it has no such method of its own. An error of `toString()` is logged.
 */
export function nameOf(named: object): string {
  if (named.toString === Object.prototype.toString) return classNameOf(named);
  const why = `Error while calling toString of ${classNameOf(named)}`;
  try {
    return textAtOnce("toString()", named.toString(), (error) => logUserError(error, why));
  } catch (error) {
    logUserError(error, why);
    return classNameOf(named);
  }
}

/** Calls `startService()`. A rejection of the promise of an `async` method is logged. */
export function start(service: IService): void {
  watch(service.startService(), service, "startService");
}

/** Calls `privilegedStartService()`. A rejection of the promise of an `async` method is logged. */
export function startPrivileged(service: IService): void {
  watch(service.privilegedStartService(), service, "privilegedStartService");
}

/** Calls `privilegedStartService()`, and then `startService()`. */
export function startInFull(service: IService): void {
  startPrivileged(service);
  start(service);
}

/** The methods' type is `void`, which also allows an `async` method. */
function watch(result: unknown, service: IService, method: string): void {
  if (result === undefined) return;
  if (isInstance(result, Deferred)) {
    nameInReports(result, () => `${method} of ${nameOf(service)}`);
    return;
  }
  logRejection(result, `Error while calling ${method} of ${nameOf(service)}`);
}
