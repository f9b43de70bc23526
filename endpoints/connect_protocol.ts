import { checkProtocol } from "../reactor/lifecycle/argument_checks.ts";
import { asError } from "../defer/guarded_call.ts";
import { type Deferred, fail } from "../defer/mod.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";
import { InstanceFactory } from "./instance_factory.ts";
import type { EndpointOptions, IStreamClientEndpoint } from "../reactor/interfaces/endpoint.ts";

/**
 * Connects a protocol that exists already, for clients that need no factory. Twisted's
 * `connectProtocol`.
 *
 * @param endpoint The endpoint to connect to.
 * @param protocol The protocol of the connection.
 * @param options `signal` ends the attempt.
 * @returns A Deferred that fires with the protocol when its connection has been made. Cancelling it
 *   ends the attempt. The attempt begins when the reactor runs, so code that waits for the Deferred
 *   before it calls `reactor.run()` waits forever.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, TCP4ClientEndpoint } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", 2000);
 * const protocol = await connectProtocol(endpoint, new Protocol());
 * protocol.transport.loseConnection();
 * ```
 */
export function connectProtocol<P extends IProtocol>(
  endpoint: IStreamClientEndpoint,
  protocol: P,
  options?: EndpointOptions,
): Deferred<P> {
  try {
    checkProtocol("connect", protocol);
  } catch (error) {
    return fail(asError(error));
  }
  return endpoint.connect(new InstanceFactory(protocol), options);
}
