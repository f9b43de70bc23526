/**
 * The bounds of a port, checked and filled in.
 *
 * @module
 */

import { type ConnectionLimits, connectionLimits } from "./connection_limits.ts";
import type { ListenStreamOptions } from "./interfaces.ts";
import { checkBound, quote } from "./validation.ts";

/** How a port treats its connections. */
export interface StreamPortLimits {
  /** Connections open at a time. */
  readonly maxConnections: number;
  /** Connections open at a time from one host. */
  readonly maxConnectionsPerHost: number;
  /** What happens at `maxConnections`. */
  readonly overflow: "pause" | "refuse";
  /** The bounds of each connection. */
  readonly connection: ConnectionLimits;
}

/**
 * Fills in what the options leave open.
 *
 * @throws {RangeError | TypeError} when a bound is out of range.
 */
export function streamPortLimits(options: ListenStreamOptions): StreamPortLimits {
  const { maxConnections = Infinity, maxConnectionsPerHost = Infinity, overflow = "pause" } =
    options;
  checkBound("maxConnections", maxConnections, 1);
  checkBound("maxConnectionsPerHost", maxConnectionsPerHost, 1);
  if (overflow !== "pause" && overflow !== "refuse") {
    throw new RangeError(`overflow must be "pause" or "refuse", got ${quote(overflow)}`);
  }
  return { maxConnections, maxConnectionsPerHost, overflow, connection: connectionLimits(options) };
}
