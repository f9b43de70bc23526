import { connectUntilAborted } from "./connect_until_aborted.ts";
import type { Deferred } from "../defer/mod.ts";
import { UNIXAddress } from "../reactor/addresses.ts";
import type {
  ConnectUNIXOptions,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  IReactorUNIX,
  IUNIXAddress,
  ListenUNIXOptions,
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
 * A server endpoint for a UNIX socket. Twisted's `UNIXServerEndpoint`.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { UNIXServerEndpoint } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 *
 * const endpoint = new UNIXServerEndpoint(reactor, "/run/chat/socket", { mode: 0o660 });
 * const port = await endpoint.listen(Factory.forProtocol(Protocol));
 * console.log(`${port.getHost()}`); // /run/chat/socket
 * ```
 */
export class UNIXServerEndpoint implements IStreamServerEndpoint<IUNIXAddress> {
  readonly #reactor: IReactorUNIX;
  readonly #path: string;
  readonly #options: ListenUNIXOptions;

  /**
   * Creates an endpoint. It does not listen yet.
   *
   * @param reactor The reactor that will listen.
   * @param path The path of the socket's file; on Linux, a path that begins with a zero byte is an
   *   abstract name.
   * @param options Options of the port. `mode` is `0o666` by default.
   */
  constructor(reactor: IReactorUNIX, path: string, options: ListenUNIXOptions = {}) {
    this.#reactor = reactor;
    this.#path = path;
    this.#options = options;
  }

  /** Returns the path, such as `/run/chat/socket`. */
  toString(): string {
    return String(new UNIXAddress(this.#path));
  }

  listen(
    factory: IProtocolFactory,
    options?: EndpointOptions,
  ): Deferred<IListeningPort<IUNIXAddress>> {
    return listening(
      this,
      () => this.#reactor.listenUNIX(this.#path, factory, this.#options),
      options,
    );
  }
}

/**
 * A client endpoint for a UNIX socket. Twisted's `UNIXClientEndpoint`.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, UNIXClientEndpoint } from "@torsion/reactor/endpoints";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const endpoint = new UNIXClientEndpoint(reactor, "/run/chat/socket", { timeout: 5 });
 * const protocol = await connectProtocol(endpoint, new Protocol());
 * protocol.transport.write("Hello");
 * ```
 */
export class UNIXClientEndpoint implements IStreamClientEndpoint {
  readonly #reactor: IReactorUNIX;
  readonly #path: string;
  readonly #options: ConnectUNIXOptions;

  /**
   * Creates an endpoint. It does not connect yet.
   *
   * @param reactor The reactor that will connect.
   * @param path The path of the socket's file, or an abstract name.
   * @param options Options of the connection. `timeout` is 30 seconds by default.
   */
  constructor(reactor: IReactorUNIX, path: string, options: ConnectUNIXOptions = {}) {
    this.#reactor = reactor;
    this.#path = path;
    this.#options = options;
  }

  /** Returns the path, such as `/run/chat/socket`. */
  toString(): string {
    return String(new UNIXAddress(this.#path));
  }

  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    return connectUntilAborted(() => {
      const connecting = new ConnectingFactory(factory);
      this.#reactor.connectUNIX(this.#path, connecting, this.#options);
      return connecting.connected;
    }, options);
  }
}
