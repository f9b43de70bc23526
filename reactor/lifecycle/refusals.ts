/**
 * Counters of refused connections.
 *
 * @module
 */

import type { RefusalReason } from "../interfaces/mod.ts";

/** Refused connections by reason, which the owner counts. */
export type Refusals = Record<RefusalReason, number>;

/** Why a connection must be refused. */
export interface Refusal {
  /** The reason, for counters. */
  readonly reason: RefusalReason;
  /** The reason in words, for the log. */
  readonly text: string;
}

/** Returns counters that are 0. */
export function noRefusals(): Refusals {
  return {
    maxConnections: 0,
    maxConnectionsPerHost: 0,
    maxHandshakes: 0,
    connectionRate: 0,
    connectionRatePerHost: 0,
    backlog: 0,
    descriptors: 0,
    factory: 0,
  };
}

/** Returns the sum of the counters. */
export function countRefusals(refusals: Readonly<Refusals>): number {
  return Object.values(refusals).reduce((sum, count) => sum + count, 0);
}
