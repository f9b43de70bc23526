import { type Deferred, execute } from "../defer/mod.ts";
import { nameInReports } from "../defer/unhandled.ts";
import type { IStreamServerEndpoint } from "./interfaces.ts";

/**
 * Calls a function that listens and makes a Deferred of its result. The report of a failure that no
 * errback handles contains the endpoint.
 */
export function listening<T>(
  endpoint: IStreamServerEndpoint,
  listen: () => T | PromiseLike<T>,
): Deferred<T> {
  return nameInReports(execute(listen), () => `listening on ${endpoint}`);
}
