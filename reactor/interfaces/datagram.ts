/**
 * The interfaces that UDP and UNIX datagrams share.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";
import type { Address } from "./address.ts";

/**
 * A protocol that receives the events of a datagram port. Twisted's `IDatagramProtocol`, as
 * `AbstractDatagramProtocol` implements it.
 *
 * @typeParam T The type of the protocol's transport.
 * @typeParam A The type of the senders' addresses.
 */
export interface IDatagramProtocol<T, A extends Address = Address> {
  /** Called with the port as the transport when the port starts to listen. */
  makeConnection(transport: T): void;
  /** Called when the port has stopped listening. */
  doStop(): void;
  /**
   * Called with each datagram that arrives.
   *
   * @param datagram The complete datagram. The memory belongs to the protocol.
   * @param addr The address of the sender.
   */
  datagramReceived(datagram: Uint8Array, addr: A): void;
  /**
   * Called when a connected port has sent a datagram and no socket is bound at the peer's address.
   */
  connectionRefused(): void;
  /** Returns the name under which the port's events are logged. */
  logPrefix?(): string;
  /**
   * Whether the port logs when it starts and stops listening.
   *
   * @default {true}
   */
  readonly noisy?: boolean;
}

/**
 * A datagram port: the transport of its protocol, and the return value of the reactor's methods.
 */
export interface IDatagramTransport extends AsyncDisposable {
  /**
   * Returns the address to which the port is bound. If it was bound to port 0, the address has the
   * port number that the system chose.
   */
  getHost(): Address;
  /**
   * Listens again after {@linkcode stopListening}.
   *
   * @throws {CannotListenError} If the address is not available.
   */
  startListening(): void;
  /**
   * Stops receiving, sends the datagrams that are still queued, closes the port and then calls the
   * protocol's `doStop`.
   *
   * @returns A Deferred that fires after `doStop`, when the address is free again. It fails with
   *   the error that `doStop` throws.
   */
  stopListening(): Deferred<void>;
  /**
   * Counters of dropped datagrams and failures since the port was created, for metrics and alerts.
   * The log has the first event of each kind, and a summary with a count at most once a second.
   * Twisted has no equivalent.
   */
  readonly stats: DatagramPortStats;
  /** Does the same as {@linkcode stopListening}. Twisted keeps this name for older programs. */
  loseConnection(): void;
  /** Does the same as {@linkcode stopListening}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Counters of a datagram port. All of them start at 0 when the port is created. */
export interface DatagramPortStats {
  /** Received datagrams that were dropped because they were longer than `maxPacketSize`. */
  readonly oversized: number;
  /** Written datagrams that were dropped because the write buffer was full. */
  readonly unsent: number;
  /** Datagrams that the system failed to send. */
  readonly failedSends: number;
  /** Attempts to receive that failed in the system. */
  readonly failedReceives: number;
}

/** Limits of one datagram port. Each has a default that protects the process. */
export interface DatagramOptions {
  /**
   * The largest datagram that is accepted, in bytes. A longer datagram is dropped and logged.
   *
   * Twisted passes the beginning of a longer datagram to the protocol, which cannot detect that the
   * rest is missing.
   *
   * @default {8192}
   */
  maxPacketSize?: number | undefined;
  /**
   * The size of the write buffer, in bytes. A datagram that does not fit is dropped and logged.
   * Each queued datagram counts as its length plus 256 bytes of overhead.
   *
   * @default {1048576}
   */
  writeBufferLimit?: number | undefined;
}
