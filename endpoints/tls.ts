import { connectUntilAborted } from "./connect_until_aborted.ts";
import type { Deferred } from "../defer/mod.ts";
import { HostnameAddress, internetAddress } from "../reactor/addresses.ts";
import type {
  ConnectTLSOptions,
  IInternetAddress,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  IReactorTLS,
  ListenTLSOptions,
} from "../reactor/interfaces/mod.ts";
import { ConnectingFactory } from "./connecting_factory.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "./interfaces.ts";
import { listening } from "./listening.ts";

/**
 * A TCP port to listen on for TLS. Twisted's `SSL4ServerEndpoint`, a name that serves here too.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { TLSServerEndpoint } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const cert = await Deno.readTextFile("server.pem");
 * const key = await Deno.readTextFile("server.key");
 * const endpoint = new TLSServerEndpoint(reactor, 4433, { cert, key, alpnProtocols: ["chat/1"] });
 * await endpoint.listen(Factory.forProtocol(Protocol));
 * ```
 */
export class TLSServerEndpoint implements IStreamServerEndpoint<IInternetAddress> {
  readonly #reactor: IReactorTLS;
  readonly #port: number;
  readonly #options: ListenTLSOptions;

  /**
   * Names a port; nothing listens yet.
   *
   * @param reactor What listens.
   * @param port The port number; 0 lets the system choose one.
   * @param options How it listens, and with which certificate; `interface` is `"0.0.0.0"` unless given.
   */
  constructor(reactor: IReactorTLS, port: number, options: ListenTLSOptions) {
    this.#reactor = reactor;
    this.#port = port;
    this.#options = options;
  }

  /** See {@linkcode IStreamServerEndpoint.toString}: `0.0.0.0:4433`. */
  toString(): string {
    return String(internetAddress("TCP", this.#options.interface ?? "0.0.0.0", this.#port));
  }

  /** See {@linkcode IStreamServerEndpoint.listen}. It also fails when a certificate cannot be used. */
  listen(
    factory: IProtocolFactory,
    options?: EndpointOptions,
  ): Deferred<IListeningPort<IInternetAddress>> {
    return listening(
      this,
      () => this.#reactor.listenTLS(this.#port, factory, this.#options),
      options,
    );
  }
}

/**
 * A TCP port to connect to and speak TLS with. Twisted's `SSL4ClientEndpoint`, a name that serves here too.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, TLSClientEndpoint } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const endpoint = new TLSClientEndpoint(reactor, "example.org", 443, { alpnProtocols: ["http/1.1"] });
 * const protocol = await connectProtocol(endpoint, new Protocol()); // verified by now
 * console.log(protocol.transport.getPeerCertificate()?.subject.CN);
 * ```
 */
export class TLSClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorTLS;
  readonly #host: string;
  readonly #port: number;
  readonly #options: ConnectTLSOptions;

  /**
   * Names a port; nothing connects yet.
   *
   * @param reactor What connects.
   * @param host A name or an address. The server's certificate must be for it, unless the options name another.
   * @param port The port number.
   * @param options How it connects, and whom it trusts; `timeout` is 30 seconds unless given.
   */
  constructor(reactor: IReactorTLS, host: string, port: number, options: ConnectTLSOptions = {}) {
    this.#reactor = reactor;
    this.#host = host;
    this.#port = port;
    this.#options = options;
  }

  /** See {@linkcode IStreamClientEndpoint.toString}: `example.org:443`. */
  toString(): string {
    return String(new HostnameAddress(this.#host, this.#port));
  }

  /** See {@linkcode IStreamClientEndpoint.connect}. A handshake that fails is a `TLSError`. */
  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    return connectUntilAborted(() => {
      const connecting = new ConnectingFactory(factory);
      this.#reactor.connectTLS(this.#host, this.#port, connecting, this.#options);
      return connecting.connected;
    }, options);
  }
}
