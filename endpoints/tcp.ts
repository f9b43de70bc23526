import { connectUntilAborted } from "./connect_until_aborted.ts";
import type { Deferred } from "../defer/mod.ts";
import { HostnameAddress, internetAddress } from "../reactor/addresses.ts";
import type {
  ConnectTCPOptions,
  IInternetAddress,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  IReactorTCP,
  ListenTCPOptions,
} from "../reactor/interfaces/mod.ts";
import { ConnectingFactory } from "./connecting_factory.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import { listening } from "./listening.ts";

/**
 * A server endpoint for an IPv4 TCP port. Twisted's `TCP4ServerEndpoint`.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { TCP4ServerEndpoint } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const endpoint = new TCP4ServerEndpoint(reactor, 2000, { interface: "127.0.0.1" });
 * const port = await endpoint.listen(Factory.forProtocol(Protocol));
 * console.log(`${port.getHost()}`); // 127.0.0.1:2000
 * ```
 */
export class TCP4ServerEndpoint implements IStreamServerEndpoint<IInternetAddress> {
  readonly #reactor: IReactorTCP;
  readonly #port: number;
  readonly #options: ListenTCPOptions;

  /**
   * Creates an endpoint. It does not listen yet.
   *
   * @param reactor The reactor that will listen.
   * @param port The port number; 0 for any free port.
   * @param options Options of the port. `interface` is `"0.0.0.0"` by default.
   */
  constructor(reactor: IReactorTCP, port: number, options: ListenTCPOptions = {}) {
    this.#reactor = reactor;
    this.#port = port;
    this.#options = options;
  }

  /** Returns the address to listen on, such as `0.0.0.0:2000`. */
  toString(): string {
    return String(internetAddress("TCP", this.#options.interface ?? "0.0.0.0", this.#port));
  }

  listen(
    factory: IProtocolFactory,
    options?: EndpointOptions,
  ): Deferred<IListeningPort<IInternetAddress>> {
    return listening(
      this,
      () => this.#reactor.listenTCP(this.#port, factory, this.#options),
      options,
    );
  }
}

/**
 * A client endpoint for an IPv4 TCP port. Twisted's `TCP4ClientEndpoint`.
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
 * protocol.transport.write("Hello");
 * ```
 */
export class TCP4ClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorTCP;
  readonly #host: string;
  readonly #port: number;
  readonly #options: ConnectTCPOptions;

  /**
   * Creates an endpoint. It does not connect yet.
   *
   * @param reactor The reactor that will connect.
   * @param host A name or an address.
   * @param port The port number.
   * @param options Options of the connection. `timeout` is 30 seconds by default.
   */
  constructor(reactor: IReactorTCP, host: string, port: number, options: ConnectTCPOptions = {}) {
    this.#reactor = reactor;
    this.#host = host;
    this.#port = port;
    this.#options = options;
  }

  /** Returns the address to connect to, such as `127.0.0.1:2000`. */
  toString(): string {
    return String(new HostnameAddress(this.#host, this.#port));
  }

  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    return connectUntilAborted(() => {
      const connecting = new ConnectingFactory(factory);
      this.#reactor.connectTCP(this.#host, this.#port, connecting, this.#options);
      return connecting.connected;
    }, options);
  }
}
