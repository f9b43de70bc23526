import { connectUntilAborted } from "./connect_until_aborted.ts";
import type { Deferred } from "../defer/mod.ts";
import { HostnameAddress, internetAddress } from "../reactor/addresses.ts";
import { UnsupportedError } from "../reactor/errors.ts";
import { declareOverTLS, type WrapEndpoint } from "../reactor/stream/under_tls.ts";
import type {
  Address,
  ConnectTLSOptions,
  IInternetAddress,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  IReactorTCP,
  IReactorTLS,
  ListenTLSOptions,
} from "../reactor/interfaces/mod.ts";
import { ConnectingFactory } from "./connecting_factory.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import { listening } from "./listening.ts";
import { TCP4ServerEndpoint } from "./tcp.ts";
import { wrapServerTLS } from "./wrap_tls.ts";

/**
 * A server endpoint for TLS on a TCP port. Twisted's `SSL4ServerEndpoint`, which is also an alias
 * here.
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
   * Creates an endpoint. It does not listen yet.
   *
   * @param reactor The reactor that will listen.
   * @param port The port number; 0 for any free port.
   * @param options Options of the port, with its certificate and key. `interface` is `"0.0.0.0"` by
   *   default.
   */
  constructor(reactor: IReactorTLS, port: number, options: ListenTLSOptions) {
    this.#reactor = reactor;
    this.#port = port;
    this.#options = options;
    declareOverTLS(this, (wrap) => tlsOverWrapped(reactor, port, options, wrap));
  }

  /** Returns the address to listen on, such as `0.0.0.0:4433`. */
  toString(): string {
    return String(addressOf(this.#port, this.#options));
  }

  /**
   * Starts to listen.
   *
   * @param factory The factory that builds the protocols.
   * @param options `signal` cancels the wait for the port.
   * @returns A Deferred that fires with the port. It fails with `CannotListenError`, and with a
   *   `TypeError` when a certificate or a key cannot be used.
   */
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
 * Returns a server endpoint for TLS on a TCP port, whose connections are wrapped under TLS.
 *
 * @param reactor The reactor that will listen.
 * @param port The port number; 0 for any free port.
 * @param options Options of the port, with its certificate and key.
 * @param wrap Wraps the endpoint for the connections under TLS.
 * @throws {UnsupportedError} when the reactor has no `listenTCP()`.
 */
export function tlsOverWrapped(
  reactor: IReactorTLS,
  port: number,
  options: ListenTLSOptions,
  wrap: WrapEndpoint,
): IStreamServerEndpoint<IInternetAddress> {
  if (!listensTCP(reactor)) {
    throw new UnsupportedError(
      `Cannot wrap the endpoint ${addressOf(port, options)} under TLS: its reactor has no ` +
        "listenTCP()",
    );
  }
  return wrapServerTLS(options, wrap(new TCP4ServerEndpoint(reactor, port, options)));
}

function addressOf(port: number, options: ListenTLSOptions): Address {
  return internetAddress("TCP", options.interface ?? "0.0.0.0", port);
}

/**
 * A client endpoint for TLS on a TCP port. Twisted's `SSL4ClientEndpoint`, which is also an alias
 * here.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, TLSClientEndpoint } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const alpnProtocols = ["http/1.1"];
 * const endpoint = new TLSClientEndpoint(reactor, "example.org", 443, { alpnProtocols });
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
   * Creates an endpoint. It does not connect yet.
   *
   * @param reactor The reactor that will connect.
   * @param host A name or an address. The server's certificate must be valid for it, unless
   *   `serverName` is another one.
   * @param port The port number.
   * @param options Options of the connection, such as trust roots. `timeout` is 30 seconds by
   *   default.
   */
  constructor(reactor: IReactorTLS, host: string, port: number, options: ConnectTLSOptions = {}) {
    this.#reactor = reactor;
    this.#host = host;
    this.#port = port;
    this.#options = options;
  }

  /** Returns the host and the port, such as `example.org:443`. */
  toString(): string {
    return String(new HostnameAddress(this.#host, this.#port));
  }

  /**
   * Starts to connect.
   *
   * @param factory The factory that builds the protocol.
   * @param options `signal` ends the attempt.
   * @returns A Deferred that fires with the protocol when the handshake is done. It fails with a
   *   `ConnectError`, and with a `TLSError` when the handshake fails.
   */
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

/** Returns whether a reactor has TCP servers: it may implement `IReactorTLS` alone. */
function listensTCP<R extends object>(reactor: R): reactor is R & IReactorTCP {
  return "listenTCP" in reactor;
}
