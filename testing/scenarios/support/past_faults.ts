/**
 * What the faults of a simulation explain: how long a process was paused, and whether anything has
 * disturbed the network.
 *
 * @module
 */

import type { SimulatedNetwork } from "../../simulation/mod.ts";

const SECOND = 1_000_000;

/**
 * Returns the seconds for which a host was paused between two times, at most.
 *
 * @param network The network.
 * @param host The name of the host.
 * @param from Seconds of virtual time.
 * @param to Seconds of virtual time.
 */
export function pausedTime(
  network: SimulatedNetwork,
  host: string,
  from: number,
  to: number,
): number {
  let paused = 0;
  for (const fault of network.faults) {
    if (fault.kind !== "pause" || !fault.hosts.includes(host)) continue;
    paused += Math.max(0, Math.min(fault.until / SECOND, to) - Math.max(fault.at / SECOND, from));
  }
  return paused;
}

/**
 * Returns whether a fault that stops packets or programs for a time was active after a moment.
 *
 * @param network The network.
 * @param since Seconds of virtual time.
 */
export function wasInterrupted(network: SimulatedNetwork, since: number): boolean {
  return network.faults.some((fault) => "until" in fault && fault.until / SECOND > since);
}
