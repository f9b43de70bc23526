/**
 * What every kind of datagram has in common.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";
import type { Address } from "./address.ts";

/**
 * What happens on a datagram port. Twisted's `IDatagramProtocol`, as `AbstractDatagramProtocol` implements it.
 *
 * @typeParam T The transport that it gets.
 * @typeParam A The addresses that it sees.
 */
export interface IDatagramProtocol<T, A extends Address = Address> {
  /** Called by the port that begins to use the protocol, with itself. */
  makeConnection(transport: T): void;
  /** Called by the port that no longer uses it. */
  doStop(): void;
  /** A datagram came, whole, and is the protocol's to keep. */
  datagramReceived(datagram: Uint8Array, addr: A): void;
  /** A datagram that was sent by a connected port found nobody at the other end. */
  connectionRefused(): void;
  /** The name under which the port's events are logged. */
  logPrefix?(): string;
  /** Whether the log says where a port with this protocol begins and ends to listen. @default {true} */
  readonly noisy?: boolean;
}

/** What every datagram transport can do, and the port that a reactor's method returns. */
export interface IDatagramTransport extends AsyncDisposable {
  /** Where it is bound; with port 0, the port that the system chose. */
  getHost(): Address;
  /**
   * Listens again after {@linkcode stopListening}.
   *
   * @throws {CannotListenError} when the address cannot be had.
   */
  startListening(): void;
  /**
   * Receives no more. What was written is still sent; then the protocol's `doStop` is called, and the Deferred fires: the address is free
   * again.
   */
  stopListening(): Deferred<void>;
  /**
   * What went wrong with datagrams since the port was made: for a metric, or an alarm. The log has the first of each kind, and what follows
   * at most once a second, with a count. Twisted has no such thing.
   */
  readonly stats: DatagramPortStats;
  /** {@linkcode stopListening}, under the name that Twisted keeps for older code. */
  loseConnection(): void;
  /** {@linkcode stopListening}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The numbers of a datagram port, each since it was made. */
export interface DatagramPortStats {
  /** Datagrams that came and were dropped: longer than `maxPacketSize`. */
  readonly oversized: number;
  /** Datagrams that were written and dropped: there was no room within `writeBufferLimit`. */
  readonly unsent: number;
  /** Datagrams that the system did not send. */
  readonly failedSends: number;
  /** Times that the system could not receive. */
  readonly failedReceives: number;
}

/** Bounds on one datagram port. Each has a default that protects the process. */
export interface DatagramOptions {
  /**
   * Bytes of the largest datagram that is accepted. A longer one is dropped, and that is logged.
   *
   * Twisted hands over its beginning as if it were the whole: a protocol cannot tell.
   *
   * @default {8192}
   */
  maxPacketSize?: number | undefined;
  /**
   * Bytes that may wait to be sent. A datagram that finds no room is dropped, as one is that finds none in the network; that is logged.
   * Each counts as 256 bytes more than it has, for what it takes to keep it.
   *
   * @default {1048576}
   */
  writeBufferLimit?: number | undefined;
}
