/**
 * The bounds of a port, checked and filled in.
 *
 * @module
 */

import { type ConnectionLimits, connectionLimits } from "./connection_limits.ts";
import type { ListenStreamOptions, TLSPortOptions } from "../interfaces/mod.ts";
import { MAX_HANDSHAKES } from "../tls/handshake.ts";
import { checkBound, quote } from "../../internal/validation.ts";

/** How a port treats its connections. */
export interface StreamPortLimits {
  /** Connections open at a time. */
  readonly maxConnections: number;
  /** Connections open at a time from one host. */
  readonly maxConnectionsPerHost: number;
  /** TLS handshakes under way at a time. */
  readonly maxHandshakes: number;
  /** What happens at `maxConnections` and at `maxHandshakes`. */
  readonly overflow: "pause" | "refuse";
  /** The bounds of each connection. */
  readonly connection: ConnectionLimits;
}

/**
 * Fills in what the options leave open.
 *
 * @throws {RangeError | TypeError} when a bound is out of range.
 */
export function streamPortLimits(
  options: ListenStreamOptions & TLSPortOptions,
): StreamPortLimits {
  const {
    maxConnections = Infinity,
    maxConnectionsPerHost = Infinity,
    maxHandshakes = MAX_HANDSHAKES,
    overflow = "pause",
  } = options;
  checkBound("maxHandshakes", maxHandshakes, 1);
  checkBound("maxConnections", maxConnections, 1);
  checkBound("maxConnectionsPerHost", maxConnectionsPerHost, 1);
  if (overflow !== "pause" && overflow !== "refuse") {
    throw new RangeError(`overflow must be "pause" or "refuse", got ${quote(overflow)}`);
  }
  return {
    maxConnections,
    maxConnectionsPerHost,
    maxHandshakes,
    overflow,
    connection: connectionLimits(options),
  };
}
