import { err } from "../../log/mod.ts";
import { onRejection } from "../../reactor/user_code.ts";
import type { IService } from "./interfaces.ts";

/** Starts a service. If its method is async, what goes wrong is logged. */
export function start(service: IService): void {
  onRejection(service.startService(), (error) => err(error, `While ${service} was started`));
}

/** Starts a service, with what it does before privileges are given up. */
export function startInFull(service: IService): void {
  service.privilegedStartService();
  start(service);
}
