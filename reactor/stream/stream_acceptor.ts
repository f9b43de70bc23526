/**
 * The interface between a listening port and the driver that accepts its connections.
 *
 * @module
 */

import type { Address } from "../interfaces/mod.ts";
import type { StreamDriver } from "./stream_driver.ts";

/** Receives the results of an acceptor. Implemented by a port. */
export interface StreamAcceptorSink {
  /**
   * Called with a new connection.
   *
   * @param driver The driver of the connection.
   */
  accepted(driver: StreamDriver): void;
  /**
   * Called when no connection could be accepted, for example because too many files are open.
   *
   * @param error The error of the system. The port logs it.
   */
  acceptFailed(error: Error): void;
  /** Called when a connection was accepted with the spare file descriptor and closed. */
  turnedAway(): void;
  /**
   * Called when the acceptor itself has refused a connection, and closed it. It is counted with the
   * reason `backlog`.
   *
   * @param peer The address of the peer.
   * @param why The reason, for the log.
   */
  refused(peer: Address, why: string): void;
  /**
   * Called after `close`, when all resources of the acceptor are released and the address is free.
   */
  released(): void;
}

/** A bound socket that accepts one connection for each call of {@linkcode accept}. */
export interface StreamAcceptor<A extends Address = Address> {
  /** The address to which the acceptor is bound. */
  readonly address: A;
  /**
   * The number of the file descriptor; -1 when the acceptor is closed. Absent if the driver does
   * not have it.
   */
  readonly fd?: number;
  /**
   * Sets the receiver of the results. Called once, before anything else.
   *
   * @param sink The receiver: the port.
   */
  attach(sink: StreamAcceptorSink): void;
  /**
   * Accepts one connection. The sink's `accepted`, `acceptFailed` or `turnedAway` follows, unless
   * the acceptor is closed first.
   *
   * @param turnAway Whether to use a spare file descriptor, if no other is left, to accept a
   *   connection and close it; `turnedAway` follows. An acceptor without a spare descriptor ignores
   *   this.
   * @default {false}
   */
  accept(turnAway?: boolean): void;
  /** Closes the socket. Only `released` follows. */
  close(): void;
  /** Lets the process end while the acceptor is open. */
  unref(): void;
}
