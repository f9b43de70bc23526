/**
 * The seam between a listening port and what accepts its connections.
 *
 * @module
 */

import type { Address } from "../interfaces/mod.ts";
import type { StreamDriver } from "./stream_driver.ts";

/** What an acceptor tells its port. */
export interface StreamAcceptorSink {
  /** A connection came. */
  accepted(driver: StreamDriver): void;
  /** No connection could be accepted this time: too many files are open, say. */
  acceptFailed(error: Error): void;
  /** A connection was turned away. */
  turnedAway(): void;
  /** The acceptor itself has refused a connection, and closed it. */
  refused(peer: Address, why: string): void;
  /** After `close`: nothing of the acceptor is left, and the address is free. */
  released(): void;
}

/** A bound socket that accepts one connection each time it is asked. */
export interface StreamAcceptor<A extends Address = Address> {
  /** Where it is bound. */
  readonly address: A;
  /** Hands over the port that listens. Comes first, once. */
  attach(sink: StreamAcceptorSink): void;
  /**
   * Asks for one connection. `accepted` or `acceptFailed` follows, unless the acceptor is closed before.
   *
   * @param turnAway Whether a connection for which no file descriptor is left is accepted with a spare one and closed: `turnedAway` follows.
   * An acceptor without a spare descriptor ignores this. @default {false}
   */
  accept(turnAway?: boolean): void;
  /** Closes. Only `released` follows. */
  close(): void;
  /** No longer holds the process. */
  unref(): void;
}
