import type { Deferred } from "../../defer/mod.ts";
import { checkInteger, checkTimeout } from "../../internal/validation.ts";
import { HostnameAddress, internetAddress } from "../../reactor/addresses.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../../reactor/interfaces/endpoint.ts";
import type { IProtocol, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { addressBytes } from "../../reactor/names/ip_address.ts";
import { connectNegotiated } from "../negotiated_connecting.ts";
import {
  encodeSOCKS4Request,
  encodeSOCKS5Credentials,
  encodeSOCKS5Request,
} from "./encode_socks.ts";
import { SOCKSClientConnection, type SOCKSClientRequest } from "./socks_client_connection.ts";

/** Options of both SOCKS endpoints. */
export interface SOCKSClientOptions {
  /**
   * Seconds for the negotiation with the SOCKS server, until the target is connected; `Infinity`
   * for no limit. The connection to the server itself has the timeout of its endpoint.
   *
   * @default {30}
   */
  timeout?: number | undefined;
  /**
   * The clock of the timeout.
   *
   * @default {undefined} That of the connection's reactor.
   */
  clock?: IReactorTime | undefined;
}

/** Options of a {@linkcode SOCKS4ClientEndpoint}. */
export interface SOCKS4ClientOptions extends SOCKSClientOptions {
  /**
   * The user id. Nothing proves it.
   *
   * @default {""}
   */
  userId?: string | undefined;
}

/** Options of a {@linkcode SOCKS5ClientEndpoint}. */
export interface SOCKS5ClientOptions extends SOCKSClientOptions {
  /**
   * The user name, if the server requires one. It is sent in plain text.
   *
   * @default {undefined} None.
   */
  username?: string | undefined;
  /**
   * The password.
   *
   * @default {undefined} None.
   */
  password?: string | undefined;
}

/** The base class of the client endpoints through a SOCKS server. */
export abstract class SOCKSClientEndpoint implements IStreamClientEndpoint {
  readonly #proxy: IStreamClientEndpoint;
  readonly #request: SOCKSClientRequest;
  readonly #timeout: number;
  readonly #clock: IReactorTime | undefined;

  /**
   * Called by the subclasses.
   *
   * @param proxy The endpoint of the SOCKS server.
   * @param request What the client requests of the server.
   * @param options The timeout.
   */
  constructor(
    proxy: IStreamClientEndpoint,
    request: SOCKSClientRequest,
    { timeout = 30, clock }: SOCKSClientOptions,
  ) {
    checkInteger("port", request.port, 1, 65535);
    checkTimeout("timeout", timeout);
    this.#proxy = proxy;
    this.#request = request;
    this.#timeout = timeout;
    this.#clock = clock;
  }

  /**
   * Connects to the SOCKS server, and through it to the target.
   *
   * @param factory The factory that builds the protocol, when the target is connected. Its
   *   `buildProtocol` is called with the address of the target.
   * @param options `signal` ends the attempt.
   * @returns A Deferred that fires with the protocol. It fails with a `SOCKSError` if the server
   *   refuses, and with another `ConnectError` if the server cannot be reached.
   */
  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    const request = this.#request;
    const { host, port } = request;
    const target = addressBytes(host) === null
      ? new HostnameAddress(host, port)
      : internetAddress("TCP", host, port);
    const limits = { timeout: this.#timeout, clock: this.#clock };
    return connectNegotiated(
      this.#proxy,
      target,
      factory,
      (attempt) => new SOCKSClientConnection(request, { ...limits, target, attempt }),
      options,
    );
  }

  /** Returns the target and the server, such as `example.org:443 over 127.0.0.1:1080`. */
  toString(): string {
    const { host, port } = this.#request;
    return `${new HostnameAddress(host, port)} over ${this.#proxy}`;
  }
}

/**
 * A client endpoint through a SOCKS 5 server (RFC 1928), with a user name and a password if it
 * requires them (RFC 1929). In Python, the packages `txsocksx` and `txtorcon` have it for Twisted.
 *
 * A host name is sent to the server, which looks it up (`socks5h` of curl). To look it up here,
 * pass its IP address.
 *
 * The transport's `getPeer()` returns the target, `getHost()` the local address of the connection
 * to the server. For TLS with the target, use `wrapClientTLS` over this endpoint.
 *
 * @example Through Tor
 * ```ts no-eval
 * import { connectProtocol, Protocol, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { wrapClientTLS } from "@torsion/reactor";
 * import { SOCKS5ClientEndpoint } from "@torsion/reactor/socks";
 *
 * reactor.run();
 * const tor = new TCP4ClientEndpoint(reactor, "127.0.0.1", 9050);
 * const endpoint = new SOCKS5ClientEndpoint(tor, "example.org", 443);
 * const tls = wrapClientTLS({ serverName: "example.org" }, endpoint);
 * const protocol = await connectProtocol(tls, new Protocol());
 * protocol.transport.write("HEAD / HTTP/1.0\r\n\r\n");
 * ```
 */
export class SOCKS5ClientEndpoint extends SOCKSClientEndpoint {
  /**
   * Creates an endpoint. It does not connect yet.
   *
   * @param proxy The endpoint of the SOCKS server.
   * @param host The target: a host name or an IP address.
   * @param port The target's port number.
   * @param options The credentials and the timeout.
   * @throws {RangeError} when an argument is out of range, or only one of `username` and `password`
   *   is given.
   */
  constructor(
    proxy: IStreamClientEndpoint,
    host: string,
    port: number,
    options: SOCKS5ClientOptions = {},
  ) {
    const { username, password } = options;
    // What cannot be encoded is an error here, not at the first call of connect().
    encodeSOCKS5Request({ host, port });
    if ((username === undefined) !== (password === undefined)) {
      throw new RangeError("username and password of SOCKS 5 must be given together");
    }
    const credentials = username === undefined || password === undefined
      ? null
      : { username, password };
    if (credentials !== null) encodeSOCKS5Credentials(credentials.username, credentials.password);
    super(proxy, { version: 5, host, port, userId: "", credentials }, options);
  }
}

/**
 * A client endpoint through a SOCKS 4 server. A host name is sent to the server, which must support
 * SOCKS 4a then. SOCKS 4 has no IPv6 and no passwords: prefer {@linkcode SOCKS5ClientEndpoint}.
 *
 * @example
 * ```ts no-eval
 * import { connectProtocol, Protocol, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { SOCKS4ClientEndpoint } from "@torsion/reactor/socks";
 *
 * reactor.run();
 * const server = new TCP4ClientEndpoint(reactor, "127.0.0.1", 1080);
 * await connectProtocol(new SOCKS4ClientEndpoint(server, "192.0.2.1", 80), new Protocol());
 * ```
 */
export class SOCKS4ClientEndpoint extends SOCKSClientEndpoint {
  /**
   * Creates an endpoint. It does not connect yet.
   *
   * @param proxy The endpoint of the SOCKS server.
   * @param host The target: a host name or an IPv4 address.
   * @param port The target's port number.
   * @param options The user id and the timeout.
   * @throws {RangeError} when an argument is out of range, or the host is an IPv6 address.
   */
  constructor(
    proxy: IStreamClientEndpoint,
    host: string,
    port: number,
    options: SOCKS4ClientOptions = {},
  ) {
    const { userId = "" } = options;
    encodeSOCKS4Request({ host, port, userId });
    super(proxy, { version: 4, host, port, userId, credentials: null }, options);
  }
}
