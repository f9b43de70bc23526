/**
 * TLS servers and clients.
 *
 * @module
 */

import type { IInternetAddress } from "./address.ts";
import type { IClientFactory, IProtocol, IProtocolFactory } from "./protocol.ts";
import type { IConnector, IListeningPort } from "./stream.ts";
import type { ConnectTCPOptions, ListenTCPOptions } from "./tcp.ts";
import type { TLSClientOptions, TLSServerOptions } from "./tls.ts";

/** TLS options of a port. */
export interface TLSPortOptions extends TLSServerOptions {
  /**
   * The number of handshakes that may be in progress at the same time. Each takes memory and a file
   * descriptor for a client that is not yet authenticated. At the limit, a port of `listenTLS`
   * behaves as its option `overflow` defines, and a factory of `wrapServerTLS` closes further
   * connections.
   *
   * @default {1000}
   */
  maxHandshakes?: number | undefined;
}

/** Options of {@linkcode IReactorTLS.listenTLS}. */
export interface ListenTLSOptions extends ListenTCPOptions, TLSPortOptions {}

/**
 * Options of {@linkcode IReactorTLS.connectTLS}. The `timeout` covers the whole attempt, including
 * the handshake.
 */
export interface ConnectTLSOptions extends ConnectTCPOptions, TLSClientOptions {}

/** TLS servers and clients on a reactor. Twisted's `IReactorSSL`. */
export interface IReactorTLS {
  /**
   * Listens for TLS connections on a TCP port.
   *
   * `connectionMade` is called when the handshake has completed. Twisted calls it before, so that a
   * protocol may send data to a peer that is not yet authenticated. A pending handshake counts as a
   * connection, does not delay other connections, and is cancelled by `stopListening`. Connections
   * above a limit are refused before their handshake. A failed handshake calls the factory's
   * `handshakeFailed`, if the factory has that method, and is logged otherwise.
   *
   * @param port The port number; 0 lets the system choose one.
   * @param factory The factory that creates a protocol for each connection.
   * @param options The certificate, further TLS options, limits and timeouts.
   * @throws {CannotListenError} If the address is not available.
   * @throws {TypeError} If no certificate is given, or if a key, certificate, root certificate or
   *   protocol name is invalid. The message names it and the reason.
   * @throws {RangeError} If the port or an option is out of range.
   */
  listenTLS(
    port: number,
    factory: IProtocolFactory,
    options: ListenTLSOptions,
  ): IListeningPort<IInternetAddress>;
  /**
   * Connects to a TCP port with TLS and verifies the server's certificate. If the handshake fails,
   * the factory's `clientConnectionFailed` is called with a `TLSError`.
   *
   * @param host A host name or an IP address.
   * @param port The port number.
   * @param factory The factory that receives the result of the attempt and creates the protocol.
   * @param options TLS options, limits and timeouts.
   * @returns A connector, which can cancel the attempt and connect again.
   * @throws {TypeError} If a certificate is invalid.
   * @throws {RangeError} If the port or an option is out of range, or the server name is not a
   *   valid name.
   */
  connectTLS(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTLSOptions,
  ): IConnector<IInternetAddress>;
}

/**
 * A protocol that is notified of a completed handshake. Every protocol with this method is treated
 * as one. Twisted's `IHandshakeListener`.
 */
export interface IHandshakeListener extends IProtocol {
  /**
   * Called when the handshake has completed and the peer's certificate has been verified as
   * configured.
   *
   * On a connection of `listenTLS` or `connectTLS` it is called after `connectionMade`, so that the
   * same protocol also works with `startTLS`. If the method calls `abortConnection` or throws an
   * error, the peer receives none of the data that the protocol has written before.
   */
  handshakeCompleted(): void;
}
