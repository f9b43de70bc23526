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
 * A protocol that provides the memory into which its connection reads, so that received bytes are
 * not copied. Every protocol that has both methods once it is connected is treated as one, and its
 * connection does not call `dataReceived`. asyncio's `BufferedProtocol`; Twisted has no equivalent.
 *
 * The connection calls `getBuffer`, reads into the buffer, and calls `bufferUpdated`. A connection
 * whose bytes are in memory already, such as one over TLS, copies them into the buffer.
 *
 * **Ownership.** From the return of `getBuffer`, the buffer belongs to the connection, and the
 * system may write to it at any time: on Deno's sockets, a read is pending for as long as the
 * connection is idle. The protocol must not use the buffer meanwhile, nor share it with another
 * connection. It gets the buffer back with the next call of `bufferUpdated`, `getBuffer` or
 * `connectionLost`, whichever comes first. A protocol may therefore return the same buffer each
 * time.
 *
 * - While the protocol is paused, bytes may still arrive. They are kept elsewhere, and delivered
 *   after `resumeProducing`, beginning with a call of `getBuffer`.
 * - After `startTLS`, bytes of the handshake may arrive in the buffer. They are not delivered.
 * - A protocol whose connection was passed to another protocol, as `joinConnections` does, gets its
 *   buffer back with `connectionLost`.
 * - If the buffer is detached or shrunk while it belongs to the connection, the connection is lost,
 *   with an error as the reason, as soon as bytes have arrived.
 *
 * **Errors.** If `getBuffer` throws, or returns anything but a non-empty buffer, the connection is
 * lost with that error. The same applies if `bufferUpdated` throws. `getBuffer` cannot be `async`;
 * `bufferUpdated` can.
 *
 * The end of the data is reported as to every other protocol: by `readConnectionLost` to one that
 * handles half-close, and by `connectionLost`. Neither comes with bytes in the buffer.
 *
 * @example Count bytes without a copy
 * ```ts
 * import type { IBufferedProtocol } from "@torsion/reactor/reactor";
 * import { Protocol } from "@torsion/reactor/protocol";
 *
 * class Counter extends Protocol implements IBufferedProtocol {
 *   readonly #buffer = new Uint8Array(65536);
 *   received = 0;
 *
 *   getBuffer() {
 *     return this.#buffer;
 *   }
 *
 *   bufferUpdated(count: number) {
 *     this.received += count;
 *   }
 * }
 * ```
 */
export interface IBufferedProtocol extends IProtocol {
  /**
   * Returns the memory into which the next bytes are read.
   *
   * @param sizeHint The recommended size in bytes, at least 1. It follows the amounts that arrive:
   *   it is small for a connection that mostly waits, and large in the middle of a transfer. The
   *   buffer may have any other size of at least one byte.
   * @returns A view of an `ArrayBuffer` that is neither resizable nor shared.
   */
  getBuffer(sizeHint: number): Uint8Array<ArrayBuffer>;
  /**
   * Called when bytes have arrived in the buffer that the last call of {@linkcode getBuffer}
   * returned.
   *
   * @param count The number of bytes, from the start of the buffer: at least 1, and at most its
   *   length.
   */
  bufferUpdated(count: number): void;
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

/**
 * A protocol that receives file descriptors over a UNIX connection. Every protocol with this method
 * is treated as one. Twisted's `IFileDescriptorReceiver`.
 *
 * The system closes the descriptors that a peer sends to any other protocol: they never reach this
 * process.
 */
export interface IFileDescriptorReceiver extends IProtocol {
  /**
   * Called with a file descriptor from the peer, before the bytes with which it was sent. As in
   * Twisted, it is called even if an earlier descriptor has made the protocol pause its transport.
   *
   * When this method has returned, the descriptor belongs to the protocol, which must close it or
   * pass it on, for instance to `adoptStreamPort`. If the method throws, the connection closes the
   * descriptor, unless `adoptStreamPort` or `adoptStreamConnection` has taken it. Programs that
   * this process starts do not inherit the descriptor.
   *
   * @param fileDescriptor The number of the file descriptor.
   */
  fileDescriptorReceived(fileDescriptor: number): void;
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
