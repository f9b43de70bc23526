/**
 * What the faults of a simulation explain: how long a process was paused, and whether anything has
 * disturbed the network.
 *
 * @module
 */

import { type Fault, isTimed, parseFault, type TimedFault } from "../../simulation/faults.ts";
import type { SimulatedNetwork } from "../../simulation/mod.ts";

const SECOND = 1_000_000;
/** The time after which lost data is sent again first, and the time of a packet, in seconds. */
const RETRY = 0.3;

/** The faults of networks. Each line is read once. */
const known = new WeakMap<SimulatedNetwork, Fault[]>();

/** Returns the faults that have happened in a network. */
export function faultsOf(network: SimulatedNetwork): readonly Fault[] {
  const faults = known.get(network) ?? [];
  for (const line of network.faults.slice(faults.length)) faults.push(parseFault(line));
  known.set(network, faults);
  return faults;
}

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
  for (const fault of faultsOf(network)) {
    if (fault.kind !== "pause" || !fault.hosts.includes(host)) continue;
    paused += Math.max(0, Math.min(fault.until / SECOND, to) - Math.max(fault.at / SECOND, from));
  }
  return paused;
}

function isInterruption(fault: Fault): fault is TimedFault {
  return isTimed(fault) && fault.kind !== "clock jump";
}

/**
 * Returns whether a fault that stops packets or programs for a time was active after a moment.
 *
 * @param network The network.
 * @param since Seconds of virtual time.
 */
export function wasInterrupted(network: SimulatedNetwork, since: number): boolean {
  return faultsOf(network).some((fault) => isInterruption(fault) && fault.until / SECOND > since);
}

/** Returns the seconds for which programs have not read so far, although bytes had arrived. */
export function slowReads(network: SimulatedNetwork): number {
  let microseconds = 0;
  for (const fault of faultsOf(network)) {
    if (fault.kind === "slow read") microseconds += fault.value;
  }
  return microseconds / SECOND;
}

/**
 * Returns whether a fault explains that a connection was silent from a moment on: it is half-open,
 * or a fault that stops packets or programs was active, or its effects were.
 *
 * TCP sends lost data again after a time that doubles. Data that was lost during a partition or a
 * crash is therefore late by its length, or by that of all faults that followed each other.
 *
 * @param network The network.
 * @param since Seconds of virtual time.
 */
export function explainsSilence(network: SimulatedNetwork, since: number): boolean {
  let [start, end] = [0, 0];
  for (const fault of faultsOf(network)) {
    if (fault.kind === "half-open") return true;
    if (!isInterruption(fault)) continue;
    if (fault.at / SECOND > end) start = fault.at / SECOND;
    const until = fault.until / SECOND + RETRY;
    const isLossy = fault.kind.includes("partition") || fault.kind.includes("crash");
    end = Math.max(end, isLossy ? 2 * until - start : until);
  }
  return end > since;
}
