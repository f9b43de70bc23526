import { checkProtocol } from "../reactor/lifecycle/argument_checks.ts";
import type { Deferred } from "../defer/mod.ts";
import { PipeAddress } from "../reactor/addresses.ts";
import type {
  IListeningPort,
  IPipeAddress,
  IProtocol,
  IProtocolFactory,
  IReactorStdio,
  StandardIOOptions,
} from "../reactor/interfaces/mod.ts";
import { InstanceFactory } from "./instance_factory.ts";
import type { EndpointOptions, IStreamServerEndpoint } from "../reactor/interfaces/endpoint.ts";
import { listening } from "./listening.ts";

/**
 * A server endpoint for standard input and output, which make one connection. Twisted's
 * `StandardIOEndpoint`.
 *
 * No other code should write to standard output: log to a file, or to standard error.
 *
 * @example A program that answers its standard input in upper case
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { StandardIOEndpoint } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * class Shout extends Protocol {
 *   override dataReceived(data: Uint8Array) {
 *     this.transport.write(new TextDecoder().decode(data).toUpperCase());
 *   }
 *   override connectionLost() {
 *     reactor.stop();
 *   }
 * }
 *
 * await new StandardIOEndpoint(reactor).listen(Factory.forProtocol(Shout));
 * await reactor.run();
 * ```
 */
export class StandardIOEndpoint implements IStreamServerEndpoint<IPipeAddress> {
  readonly #reactor: IReactorStdio;
  readonly #options: StandardIOOptions;

  /**
   * Creates an endpoint. Standard input is not read yet.
   *
   * @param reactor The reactor that will read and write.
   * @param options The streams to use instead of standard input and output, and limits of the
   *   connection.
   */
  constructor(reactor: IReactorStdio, options: StandardIOOptions = {}) {
    this.#reactor = reactor;
    this.#options = options;
  }

  /** Returns `standard input and output`. */
  toString(): string {
    return String(new PipeAddress());
  }

  /**
   * Connects standard input and output. When the reactor runs, the factory builds one protocol.
   *
   * @param factory The factory that builds the protocol.
   * @param options `signal` cancels the wait for the port.
   * @returns A Deferred that fires with the port. Twisted's fires with the transport, which is too
   *   early for an endpoint.
   */
  listen(
    factory: IProtocolFactory,
    options?: EndpointOptions,
  ): Deferred<IListeningPort<IPipeAddress>> {
    return listening(this, () => this.#reactor.listenStandardIO(factory, this.#options), options);
  }
}

/**
 * Connects a protocol, which exists already, to standard input and output. Twisted's
 * `twisted.internet.stdio.StandardIO`, which connects it before the reactor runs.
 *
 * @param protocol The protocol. It is connected when the reactor runs.
 * @param options The reactor, the streams to use instead of standard input and output, and limits
 *   of the connection.
 * @returns A port that accepts this one connection. Stop it before the reactor runs to leave
 *   standard input unread.
 *
 * @example
 * ```ts no-eval
 * import { Protocol, reactor } from "@torsion/reactor";
 * import { StandardIO } from "@torsion/reactor/endpoints";
 *
 * class Echo extends Protocol {
 *   override dataReceived(data: Uint8Array) {
 *     this.transport.write(data);
 *   }
 * }
 *
 * StandardIO(new Echo(), { reactor });
 * await reactor.run();
 * ```
 */
export function StandardIO(
  protocol: IProtocol,
  options: StandardIOOptions & { reactor: IReactorStdio },
): IListeningPort<IPipeAddress> {
  checkProtocol("use standard input and output", protocol);
  const { reactor, ...rest } = options;
  return reactor.listenStandardIO(new InstanceFactory(protocol), rest);
}
