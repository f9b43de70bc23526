import type { Deferred } from "../defer/mod.ts";
import { HostnameAddress, internetAddress } from "../reactor/addresses.ts";
import type {
  IInternetAddress,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  IReactorTCP,
  ListenTCPOptions,
} from "../reactor/interfaces/mod.ts";
import {
  connectTCPToHost,
  type ConnectToHostOptions,
  type IReactorForNames,
} from "./connect_to_host.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import { listening } from "./listening.ts";

/**
 * A server endpoint for an IPv6 TCP port. Twisted's `TCP6ServerEndpoint`.
 *
 * On all interfaces (`"::"`) it also accepts IPv4 connections if the system maps them to IPv6, as
 * Linux does. Their addresses are `IPv4Address`es.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { TCP6ServerEndpoint } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const endpoint = new TCP6ServerEndpoint(reactor, 2000, { interface: "::1" });
 * const port = await endpoint.listen(Factory.forProtocol(Protocol));
 * console.log(`${port.getHost()}`); // [::1]:2000
 * ```
 */
export class TCP6ServerEndpoint implements IStreamServerEndpoint<IInternetAddress> {
  readonly #reactor: IReactorTCP;
  readonly #port: number;
  readonly #options: ListenTCPOptions;

  /**
   * Creates an endpoint. It does not listen yet.
   *
   * @param reactor The reactor that will listen.
   * @param port The port number; 0 for any free port.
   * @param options Options of the port. `interface` is `"::"` by default.
   */
  constructor(reactor: IReactorTCP, port: number, options: ListenTCPOptions = {}) {
    this.#reactor = reactor;
    this.#port = port;
    this.#options = { ...options, interface: options.interface ?? "::" };
  }

  /** Returns the address to listen on, such as `[::]:2000`. */
  toString(): string {
    return String(internetAddress("TCP", this.#options.interface ?? "::", this.#port));
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
 * A client endpoint for an IPv6 TCP port. Twisted's `TCP6ClientEndpoint`.
 *
 * Twisted's endpoint connects to the first IPv6 address of a name. This one tries all of them, as
 * `HostnameEndpoint` does.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, TCP6ClientEndpoint } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const endpoint = new TCP6ClientEndpoint(reactor, "::1", 2000);
 * const protocol = await connectProtocol(endpoint, new Protocol());
 * protocol.transport.write("Hello");
 * ```
 */
export class TCP6ClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorForNames;
  readonly #host: string;
  readonly #port: number;
  readonly #options: ConnectToHostOptions;

  /**
   * Creates an endpoint. It does not connect yet.
   *
   * @param reactor The reactor that will connect.
   * @param host A name with IPv6 addresses, or an IPv6 address.
   * @param port The port number.
   * @param options Options of the connection.
   */
  constructor(
    reactor: IReactorForNames,
    host: string,
    port: number,
    options: ConnectToHostOptions = {},
  ) {
    this.#reactor = reactor;
    this.#host = host;
    this.#port = port;
    this.#options = options;
  }

  /** Returns the address to connect to, such as `[::1]:2000`. */
  toString(): string {
    return String(new HostnameAddress(this.#host, this.#port));
  }

  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    return connectTCPToHost(
      this.#reactor,
      this.#host,
      this.#port,
      ["IPv6"],
      factory,
      this.#options,
      options,
    );
  }
}
