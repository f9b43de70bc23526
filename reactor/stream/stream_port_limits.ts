/**
 * The limits of a port, checked and with defaults.
 *
 * @module
 */

import { type ConnectionLimits, connectionLimits } from "./connection_limits.ts";
import type { ListenStreamOptions, TLSPortOptions } from "../interfaces/mod.ts";
import { MAX_HANDSHAKES } from "../tls/handshake.ts";
import { checkBound, checkRate, quote } from "../../internal/validation.ts";

/** The limits of a port and of its connections. */
export interface StreamPortLimits {
  /** The maximum number of open connections. */
  readonly maxConnections: number;
  /** The maximum number of open connections from one host. */
  readonly maxConnectionsPerHost: number;
  /** The maximum number of TLS handshakes in progress. */
  readonly maxHandshakes: number;
  /** The maximum number of new connections per second. */
  readonly connectionRate: number;
  /** The maximum number of new connections per second from one host. */
  readonly connectionRatePerHost: number;
  /**
   * Whether the port stops accepting or refuses connections at `maxConnections`, `connectionRate`
   * and `maxHandshakes`.
   */
  readonly overflow: "pause" | "refuse";
  /** The limits of each connection. */
  readonly connection: ConnectionLimits;
}

/**
 * Checks the limits in a port's options and fills in the defaults.
 *
 * @param options The options of the port.
 * @returns The limits.
 * @throws {RangeError | TypeError} when a limit is out of range.
 */
export function streamPortLimits(
  options: ListenStreamOptions & TLSPortOptions,
): StreamPortLimits {
  const {
    maxConnections = Infinity,
    maxConnectionsPerHost = Infinity,
    maxHandshakes = MAX_HANDSHAKES,
    connectionRate = Infinity,
    connectionRatePerHost = Infinity,
    overflow = "pause",
  } = options;
  checkBound("maxHandshakes", maxHandshakes, 1);
  checkBound("maxConnections", maxConnections, 1);
  checkBound("maxConnectionsPerHost", maxConnectionsPerHost, 1);
  checkRate("connectionRate", connectionRate);
  checkRate("connectionRatePerHost", connectionRatePerHost);
  if (overflow !== "pause" && overflow !== "refuse") {
    throw new RangeError(`overflow must be "pause" or "refuse", got ${quote(overflow)}`);
  }
  return {
    maxConnections,
    maxConnectionsPerHost,
    maxHandshakes,
    connectionRate,
    connectionRatePerHost,
    overflow,
    connection: connectionLimits(options),
  };
}
