/**
 * TLS on a reactor.
 *
 * @module
 */

import type { IInternetAddress } from "./address.ts";
import type { IClientFactory, IProtocol, IProtocolFactory } from "./protocol.ts";
import type { IConnector, IListeningPort } from "./stream.ts";
import type { ConnectTCPOptions, ListenTCPOptions } from "./tcp.ts";
import type { TLSClientOptions, TLSServerOptions } from "./tls.ts";

/** How a port speaks TLS. */
export interface TLSPortOptions extends TLSServerOptions {
  /**
   * Handshakes that may be under way at a time. Each costs memory and a descriptor before anything is known of the client. At the limit
   * a port of `listenTLS` does what its `overflow` says; one of `wrapServerTLS` closes further connections.
   *
   * @default {1000}
   */
  maxHandshakes?: number | undefined;
}

/** How a TLS port listens. */
export interface ListenTLSOptions extends ListenTCPOptions, TLSPortOptions {}

/** How a TLS connection is opened. `timeout` is for all of it, the handshake included. */
export interface ConnectTLSOptions extends ConnectTCPOptions, TLSClientOptions {}

/** TLS on a reactor. Twisted's `IReactorSSL`. */
export interface IReactorTLS {
  /**
   * Listens on a TCP port for TLS. `connectionMade` comes when the handshake is done: in Twisted it comes before, and a protocol can
   * greet a peer that it knows nothing of. A handshake under way counts as a connection, holds up no other, and is ended by
   * `stopListening`. What the limits on connections refuse costs no handshake. One that fails is told to the factory's `handshakeFailed`, if it has one.
   *
   * @param port The port number; 0 lets the system choose one.
   * @throws {CannotListenError} when the address cannot be had.
   * @throws {TypeError} when there is no certificate, or when a key, a certificate, a root or a protocol name cannot be used. The
   *   error says which, and why.
   * @throws {RangeError} when the port or an option is out of range.
   */
  listenTLS(
    port: number,
    factory: IProtocolFactory,
    options: ListenTLSOptions,
  ): IListeningPort<IInternetAddress>;
  /**
   * Connects to a TCP port, and speaks TLS there. The server's certificate is verified. A handshake that fails is told to
   * `clientConnectionFailed`, with a `TLSError`.
   *
   * @param host A name or an address.
   * @param port The port number.
   * @throws {TypeError} when a certificate cannot be used.
   * @throws {RangeError} when the port or an option is out of range, or the name that the certificate must be for is none.
   */
  connectTLS(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTLSOptions,
  ): IConnector<IInternetAddress>;
}

/** A protocol that is told when a handshake is done. A protocol with this method is one. Twisted's `IHandshakeListener`. */
export interface IHandshakeListener extends IProtocol {
  /**
   * The handshake is done, and the peer's certificate is verified where it was to be. On a connection of `listenTLS` or `connectTLS`
   * this follows `connectionMade`, so that one protocol serves there and after `startTLS`. A peer that it turns away, by `abortConnection`
   * or by an error, receives nothing of what was written before.
   */
  handshakeCompleted(): void;
}
