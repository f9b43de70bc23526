import { isInstance, textOf } from "../../log/foreign.ts";
import { Deferred } from "../../defer/mod.ts";
import { nameInReports } from "../../defer/unhandled.ts";
import { err } from "../../log/mod.ts";
import { onRejection } from "../../reactor/user_code.ts";
import type { IService } from "./interfaces.ts";

/** Starts a service. If its method is async, its failure is logged. */
export function start(service: IService): void {
  watch(service.startService(), service);
}

/** Does what a service does before privileges are given up. An asynchronous failure is logged. */
export function startPrivileged(service: IService): void {
  watch(service.privilegedStartService(), service);
}

/** Starts a service, with what it does before privileges are given up. */
export function startInFull(service: IService): void {
  startPrivileged(service);
  start(service);
}

/** The types promise `void`, which an async method satisfies, too. */
function watch(result: unknown, service: IService): void {
  if (isInstance(result, Deferred)) {
    nameInReports(result, () => `while ${service} was started`);
    return;
  }
  onRejection(result, (error) => err(error, `While ${textOf(service)} was started`));
}
