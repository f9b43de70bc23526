import { type Deferred, fail } from "../defer/mod.ts";
import { AlreadyListened } from "../reactor/errors.ts";
import type {
  AddressFamily,
  AdoptStreamPortOptions,
  IListeningPort,
  IProtocolFactory,
  IReactorSocket,
} from "../reactor/interfaces/mod.ts";
import type { EndpointOptions, IStreamServerEndpoint } from "../reactor/interfaces/endpoint.ts";
import { listening } from "./listening.ts";

/**
 * A server endpoint for a socket that is already listening, such as one that a service manager
 * opened. Twisted's `AdoptedStreamServerEndpoint`.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { AdoptedStreamServerEndpoint, ListenFDs } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const inherited = ListenFDs.fromEnvironment((name) => Deno.env.get(name), Deno.pid);
 * const web = inherited.inheritedNamedDescriptors().get("web");
 * if (web === undefined) throw new Error('The service manager has opened no socket named "web"');
 * const endpoint = new AdoptedStreamServerEndpoint(reactor, web, "INET");
 * await endpoint.listen(Factory.forProtocol(Protocol));
 * await reactor.run();
 * ```
 */
export class AdoptedStreamServerEndpoint implements IStreamServerEndpoint {
  readonly #reactor: Pick<IReactorSocket, "adoptStreamPort">;
  readonly #fileDescriptor: number;
  readonly #addressFamily: AddressFamily;
  readonly #options: AdoptStreamPortOptions;
  #used = false;

  /**
   * Creates an endpoint. The socket is not used yet.
   *
   * @param reactor The reactor that will listen.
   * @param fileDescriptor The number of the socket's file descriptor. The reactor owns the
   *   descriptor once it listens.
   * @param addressFamily The kind of address to which the socket is bound.
   * @param options Options of the port.
   */
  constructor(
    reactor: Pick<IReactorSocket, "adoptStreamPort">,
    fileDescriptor: number,
    addressFamily: AddressFamily,
    options: AdoptStreamPortOptions = {},
  ) {
    this.#reactor = reactor;
    this.#fileDescriptor = fileDescriptor;
    this.#addressFamily = addressFamily;
    this.#options = options;
  }

  /** Returns the name of the socket, such as `file descriptor 3`. */
  toString(): string {
    return `file descriptor ${this.#fileDescriptor}`;
  }

  /**
   * Listens on the socket. This works once: a second call fails with `AlreadyListened`, because the
   * number may by then belong to another descriptor.
   *
   * @param factory The factory that builds the protocols.
   * @param options `signal` cancels the wait for the port.
   * @returns A Deferred that fires with the port.
   */
  listen(factory: IProtocolFactory, options?: EndpointOptions): Deferred<IListeningPort> {
    if (this.#used) return fail(new AlreadyListened(String(this)));
    return listening(this, () => {
      this.#used = true;
      return this.#reactor.adoptStreamPort(
        this.#fileDescriptor,
        this.#addressFamily,
        factory,
        this.#options,
      );
    }, options);
  }
}
