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
import type { EndpointOptions, IStreamServerEndpoint } from "./interfaces.ts";
import { listening } from "./listening.ts";

/**
 * Standard input and output, as a place to listen: one connection comes of it. Twisted's `StandardIOEndpoint`.
 *
 * Nothing else should write to standard output then: log to a file, or to standard error.
 *
 * @example A program that speaks in lines to whoever starts it
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
   * Names standard input and output; nothing is read yet.
   *
   * @param reactor What reads and writes.
   * @param options What is read and written, and the bounds of the connection.
   */
  constructor(reactor: IReactorStdio, options: StandardIOOptions = {}) {
    this.#reactor = reactor;
    this.#options = options;
  }

  /** See {@linkcode IStreamServerEndpoint.toString}: `standard input and output`. */
  toString(): string {
    return String(new PipeAddress());
  }

  /**
   * Listens there: the factory is asked for a protocol when the reactor runs, once.
   *
   * @param factory What makes the protocol.
   * @returns A Deferred that fires with the port, where Twisted's fires with the transport, and too early for an endpoint.
   */
  listen(
    factory: IProtocolFactory,
    options?: EndpointOptions,
  ): Deferred<IListeningPort<IPipeAddress>> {
    return listening(this, () => this.#reactor.listenStandardIO(factory, this.#options), options);
  }
}

/**
 * Connects one protocol, which is already there, to standard input and output. Twisted's `twisted.internet.stdio.StandardIO`, which connects
 * it before the reactor runs.
 *
 * @param protocol What gets the connection, once the reactor runs.
 * @param options The reactor; what is read and written, and the bounds of the connection.
 * @returns A port that accepts this one connection; to stop it before the reactor runs is to leave standard input unread.
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
