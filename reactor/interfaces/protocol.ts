/**
 * Protocols and the factories that create them.
 *
 * @module
 */

import type { Address } from "./address.ts";
import type { IConnector } from "./stream.ts";
import type { ITransport } from "./transport.ts";

/** A protocol: it receives the events of one connection. Twisted's `IProtocol`. */
export interface IProtocol {
  /** Stores the transport and calls {@linkcode connectionMade}. The reactor calls this method. */
  makeConnection(transport: ITransport): void;
  /** Called when the connection has been made. */
  connectionMade(): void;
  /**
   * Called with bytes from the peer.
   *
   * @param data The bytes. The memory belongs to the protocol. Chunk sizes do not correspond to the
   *   peer's writes.
   */
  dataReceived(data: Uint8Array): void;
  /**
   * Called exactly once, as the last call, when the connection has been closed.
   *
   * @param reason `ConnectionDone` if the connection was closed cleanly, and otherwise the error.
   */
  connectionLost(reason: Error): void;
  /** Returns the name under which the connection's events are logged. */
  logPrefix?(): string;
}

/**
 * A protocol that handles the end of each direction separately. Every protocol with both methods is
 * treated as one. Twisted's `IHalfCloseableProtocol`.
 */
export interface IHalfCloseableProtocol extends IProtocol {
  /** Called when the peer has closed its writing side and sends no more data. */
  readConnectionLost(): void;
  /** Called when the writing side of this connection has been closed. */
  writeConnectionLost(): void;
}

/**
 * A protocol that takes part in a graceful shutdown. Every protocol with this method is treated as
 * one. Twisted has no equivalent.
 */
export interface IDrainableProtocol extends IProtocol {
  /**
   * Called when the connection's port is drained ({@linkcode IListeningPort.drain}). The protocol
   * should complete its pending work, accept no new requests and then close the connection. An idle
   * protocol can close the connection immediately.
   */
  drainRequested(): void;
}

/** A factory: it creates a protocol for each connection. Twisted's `IProtocolFactory`. */
export interface IProtocolFactory {
  /**
   * Returns the protocol for a new connection, or `null` to reject the connection. The method
   * cannot be `async`. An error that it throws is logged and closes the connection.
   *
   * @param addr The address of the peer.
   */
  buildProtocol(addr: Address): IProtocol | null;
  /**
   * Called by each port and connector when it starts to use the factory.
   *
   * The call that listens or connects throws the error that this method throws, and leaves nothing
   * open. If this method returns a promise, the promise is not awaited; its rejection is logged.
   */
  doStart(): void;
  /**
   * Called by each port and connector when it stops using the factory.
   *
   * An error that this method throws fails the Deferred of `stopListening()`; a connector logs it.
   * If this method returns a promise, the promise is not awaited; its rejection is logged.
   */
  doStop(): void;
  /**
   * Called when the TLS handshake of an accepted connection has failed, for which no protocol was
   * created.
   *
   * If the factory does not have this method, the failure is logged, with at most one summary of
   * further failures per second. Twisted creates the protocol before the handshake and has no
   * equivalent.
   *
   * @param addr The address of the peer.
   * @param reason A `TLSError`.
   */
  handshakeFailed?(addr: Address, reason: Error): void;
  /** Returns the name under which the factory's events are logged. */
  logPrefix?(): string;
  /**
   * Whether a port with this factory logs when it starts and stops listening.
   *
   * @default {true}
   */
  readonly noisy?: boolean;
}

/** A factory for outgoing connections. Twisted's `ClientFactory`. */
export interface IClientFactory extends IProtocolFactory {
  /** Called when a connection attempt begins. */
  startedConnecting(connector: IConnector): void;
  /** Called when an attempt has failed. The method may call `connector.connect()` to try again. */
  clientConnectionFailed(connector: IConnector, reason: Error): void;
  /**
   * Called when the connection has been lost. The method may call `connector.connect()` to
   * reconnect.
   */
  clientConnectionLost(connector: IConnector, reason: Error): void;
}
