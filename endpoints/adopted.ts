import { type Deferred, fail } from "../defer/mod.ts";
import { AlreadyListened } from "../reactor/errors.ts";
import type {
  AddressFamily,
  AdoptStreamPortOptions,
  IListeningPort,
  IProtocolFactory,
  IReactorSocket,
} from "../reactor/interfaces/mod.ts";
import type { EndpointOptions, IStreamServerEndpoint } from "./interfaces.ts";
import { listening } from "./listening.ts";

/**
 * A socket that listens already, to go on listening on: one that a service manager has opened, say. Twisted's
 * `AdoptedStreamServerEndpoint`.
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
   * Names a socket; nothing is done with it yet.
   *
   * @param reactor What listens.
   * @param fileDescriptor The number of the socket's descriptor, which is the reactor's once it listens.
   * @param addressFamily What kind of address the socket is bound to.
   * @param options How it listens.
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

  /** See {@linkcode IStreamServerEndpoint.toString}: `file descriptor 3`. */
  toString(): string {
    return `file descriptor ${this.#fileDescriptor}`;
  }

  /**
   * Listens, once: a second time the Deferred fails with `AlreadyListened`, as the number may be another descriptor's by then. See
   * {@linkcode IStreamServerEndpoint.listen}.
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
