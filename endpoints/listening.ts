import { type Deferred, execute } from "../defer/mod.ts";
import { nameInReports } from "../defer/unhandled.ts";
import { abortedBefore } from "../defer/waiter_queue.ts";
import type { EndpointOptions, IStreamServerEndpoint } from "../reactor/interfaces/endpoint.ts";

/**
 * Calls a function that listens, and returns its result in a Deferred. If no errback handles a
 * failure, the report names the endpoint.
 *
 * @param endpoint The endpoint that listens.
 * @param listen The function. It is not called if the signal has aborted already.
 * @param options The options of the endpoint's `listen`.
 * @returns A Deferred that fires with the result of the function.
 */
export function listening<T>(
  endpoint: IStreamServerEndpoint,
  listen: () => T | PromiseLike<T>,
  { signal }: EndpointOptions = {},
): Deferred<T> {
  const port: Deferred<T> = signal?.aborted ? abortedBefore(signal) : execute(listen);
  const named = nameInReports(port, () => `listening on ${endpoint}`);
  return signal === undefined || signal.aborted ? named : named.addSignal(signal);
}
