import { isInstance } from "../../internal/foreign_value.ts";
import { Deferred } from "../../defer/mod.ts";
import { nameInReports } from "../../defer/unhandled.ts";
import { logRejection } from "../../defer/guarded_call.ts";
import type { IService } from "./interfaces.ts";
import { nameOf } from "./name_of.ts";

/** Starts a service. If its method is async, its failure is logged. */
export function start(service: IService): void {
  watch(service.startService(), service, "startService");
}

/** Does what a service does before privileges are given up. An asynchronous failure is logged. */
export function startPrivileged(service: IService): void {
  watch(service.privilegedStartService(), service, "privilegedStartService");
}

/** Starts a service, with what it does before privileges are given up. */
export function startInFull(service: IService): void {
  startPrivileged(service);
  start(service);
}

/** The types promise `void`, which an async method satisfies, too. */
function watch(result: unknown, service: IService, method: string): void {
  if (result === undefined) return;
  if (isInstance(result, Deferred)) {
    nameInReports(result, () => `${method} of ${nameOf(service)}`);
    return;
  }
  logRejection(result, `While calling ${method} of ${nameOf(service)}`);
}
