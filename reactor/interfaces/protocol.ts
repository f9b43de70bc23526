/**
 * What happens on a connection, and who makes it.
 *
 * @module
 */

import type { Address } from "./address.ts";
import type { IConnector } from "./stream.ts";
import type { ITransport } from "./transport.ts";

/** What happens on a connection. Twisted's `IProtocol`. */
export interface IProtocol {
  /** Called by the reactor with the new connection; calls {@linkcode connectionMade}. */
  makeConnection(transport: ITransport): void;
  /** The connection is there. */
  connectionMade(): void;
  /** Bytes came. The chunk is the protocol's to keep; its size says nothing about what the peer wrote at once. */
  dataReceived(data: Uint8Array): void;
  /** The connection is gone: called exactly once, and the last call. */
  connectionLost(reason: Error): void;
  /** The name under which the connection's events are logged. */
  logPrefix?(): string;
}

/** A protocol that keeps each direction's end apart. A protocol with both methods is one. Twisted's `IHalfCloseableProtocol`. */
export interface IHalfCloseableProtocol extends IProtocol {
  /** The peer will send no more. */
  readConnectionLost(): void;
  /** The writing side has been closed. */
  writeConnectionLost(): void;
}

/** A protocol that is told when its server is about to leave. A protocol with this method is one. Twisted has no such thing. */
export interface IDrainableProtocol extends IProtocol {
  /**
   * The port is drained ({@linkcode IListeningPort.drain}): finish what is under way, begin nothing new, and lose the connection. One that
   * waits for nothing can lose it now.
   */
  drainRequested(): void;
}

/** Makes a protocol for each connection. Twisted's `IProtocolFactory`. */
export interface IProtocolFactory {
  /**
   * Returns the protocol for a connection from or to `addr`; `null` turns the connection away. It cannot be `async`. An error is logged, and
   * closes the connection.
   */
  buildProtocol(addr: Address): IProtocol | null;
  /**
   * Called by each port and connector that begins to use the factory. An error that it throws is thrown by the call that listens or
   * connects, and nothing is left open. A promise is not waited for; its rejection is logged.
   */
  doStart(): void;
  /**
   * Called by each port and connector that no longer uses it. An error that it throws fails the Deferred of `stopListening()`; a connector
   * logs it. A promise is not waited for; its rejection is logged.
   */
  doStop(): void;
  /**
   * A connection that was accepted came to nothing: its TLS handshake failed. There is no protocol to tell. Without this method it is logged,
   * and what follows within a second in one line. Twisted has no such thing, its protocol is there before.
   *
   * @param addr The peer.
   * @param reason Why: a `TLSError`.
   */
  handshakeFailed?(addr: Address, reason: Error): void;
  /** The name under which the factory's events are logged. */
  logPrefix?(): string;
  /** Whether the log says where a port with this factory begins and ends to listen. @default {true} */
  readonly noisy?: boolean;
}

/** A factory for connections that this side opens. Twisted's `ClientFactory`. */
export interface IClientFactory extends IProtocolFactory {
  /** An attempt begins. */
  startedConnecting(connector: IConnector): void;
  /** The attempt failed. `connector.connect()` tries again. */
  clientConnectionFailed(connector: IConnector, reason: Error): void;
  /** The connection is gone. `connector.connect()` opens it again. */
  clientConnectionLost(connector: IConnector, reason: Error): void;
}
