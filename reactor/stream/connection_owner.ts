/**
 * The seam between a connection and the port or connector that made it.
 *
 * @module
 */

import type { Address } from "../interfaces/mod.ts";
import type { ConnectionContext } from "./connection_context.ts";
import type { ConnectionLimits } from "./connection_limits.ts";

/** The part of a connection that its owner uses. */
export interface OwnedConnection {
  /** The number that the owner gave to the connection. */
  readonly session: number;
  /** The address of the peer. */
  getPeer(): Address;
}

/** The owner of a connection: a port, a connector, or what adopted it. */
export interface ConnectionOwner {
  /** The parts of the reactor that a connection uses. */
  readonly context: ConnectionContext;
  /** The limits of each connection. */
  readonly limits: ConnectionLimits;
  /** The default role in a TLS handshake: `"client"` if the owner opens connections. */
  readonly role?: "client" | "server";
  /** Returns the text after the protocol's name in the log: `3,127.0.0.1` on a server, `client`. */
  logSuffix(connection: OwnedConnection): string;
  /**
   * Returns the name of a protocol's method for the log, for protocols that only pass calls to
   * another object.
   */
  methodName?(method: string): string;
  /**
   * Logs an error of a protocol's method, now or together with others. Without this method, each
   * error is logged immediately.
   *
   * @param log Logs the error. Its argument is the number of errors that the line represents.
   */
  logFailure?(log: (count: number) => void): void;
  /** Called last, after the protocol's `connectionLost`. */
  connectionLost(connection: OwnedConnection, reason: Error): void;
}
