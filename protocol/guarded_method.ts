import { asError, callGuarded, logUserError } from "../defer/guarded_call.ts";
import type { ITransport } from "../reactor/interfaces/mod.ts";

/**
 * Calls a method of a protocol at a time when its connection does not call it, such as when a
 * timeout is over. An error is logged, and aborts the connection.
 *
 * @param method The name of the method.
 * @param transport The connection.
 * @param f Calls the method.
 */
export function callMethod(method: string, transport: ITransport, f: () => unknown): void {
  callGuarded(f, (error) => {
    logUserError(error, `Error while calling ${method} for ${transport.getPeer()}`);
    transport.abortConnection(asError(error));
  }, method);
}
