import { type Deferred, execute } from "../defer/mod.ts";
import { ConnectingCancelledError } from "../reactor/errors.ts";
import { connectAborted } from "../reactor/stream/connect_aborted.ts";
import type { EndpointOptions } from "../reactor/interfaces/endpoint.ts";

/**
 * Calls a function that connects, and ends the attempt when a signal aborts.
 *
 * @param connect The function.
 * @param options The options of the endpoint's `connect`.
 * @returns A Deferred that fires with the result of the function.
 */
export function connectUntilAborted<T>(
  connect: () => T | PromiseLike<T>,
  { signal }: EndpointOptions = {},
): Deferred<T> {
  const connecting = execute(connect);
  if (signal === undefined) return connecting;
  return connecting.addSignal(signal).addErrback((error) => {
    throw signal.aborted && error instanceof ConnectingCancelledError
      ? connectAborted(error.destination, signal.reason)
      : error;
  });
}
