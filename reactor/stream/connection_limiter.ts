/**
 * The number of connections of a port, and its limits.
 *
 * @module
 */

import type { Refusal } from "../lifecycle/refusals.ts";
import type { StreamPortLimits } from "./stream_port_limits.ts";

/** The limits on the number of connections. */
export type OccupancyLimits = Pick<
  StreamPortLimits,
  "maxConnections" | "maxConnectionsPerHost" | "maxHandshakes"
>;

/** Counts the connections of one port, in total and by the host of the peer. */
export class ConnectionLimiter {
  readonly #limits: OccupancyLimits;
  #open = 0;
  /** The number of open connections whose handshake has not completed. */
  #handshakes = 0;
  /** The open connections of each host; empty without a limit per host. */
  readonly #perHost = new Map<string, number>();

  /** @param limits The limits on the number of connections. */
  constructor(limits: OccupancyLimits) {
    this.#limits = limits;
  }

  /** The number of open connections, including those in their handshake. */
  get open(): number {
    return this.#open;
  }

  /** Whether the port has reached one of its limits. */
  get isFull(): boolean {
    const { maxConnections, maxHandshakes } = this.#limits;
    return this.#open >= maxConnections || this.#handshakes >= maxHandshakes;
  }

  /** The limit on handshakes if the port has reached it; `null` otherwise. */
  get reachedHandshakeLimit(): number | null {
    const { maxHandshakes } = this.#limits;
    return this.#handshakes >= maxHandshakes ? maxHandshakes : null;
  }

  /**
   * Returns why a connection from a host must be refused.
   *
   * @param host The host of the peer; `null` if it is not known yet.
   * @returns The reason; `null` if the connection may be accepted.
   */
  reasonToRefuse(host: string | null): Refusal | null {
    const { maxConnections, maxHandshakes } = this.#limits;
    if (this.#open >= maxConnections) {
      const text = `the connection limit of ${maxConnections} is reached`;
      return { reason: "maxConnections", text };
    }
    if (this.#handshakes >= maxHandshakes) {
      const text = `the handshake limit of ${maxHandshakes} is reached`;
      return { reason: "maxHandshakes", text };
    }
    return host === null ? null : this.reasonToRefuseHost(host);
  }

  /**
   * Returns why an open connection, whose host has become known, must be refused.
   *
   * @param host The host of the peer.
   * @returns The reason; `null` if {@linkcode nameHost} may count it.
   */
  reasonToRefuseHost(host: string): Refusal | null {
    const { maxConnectionsPerHost } = this.#limits;
    const open = this.#perHost.get(host) ?? 0;
    if (open < maxConnectionsPerHost) return null;
    const text = `its host has reached the connection limit of ${maxConnectionsPerHost}`;
    return { reason: "maxConnectionsPerHost", text };
  }

  /** Counts an open connection under its host, which has become known. */
  nameHost(host: string): void {
    this.#count(host, 1);
  }

  /** Counts a new connection. The host is `null` if it is not known yet. */
  enter(host: string | null): void {
    this.#open++;
    this.#count(host, 1);
  }

  /** Counts a connection as closed. The host is `null` if it was not counted under one. */
  leave(host: string | null): void {
    this.#open--;
    this.#count(host, -1);
  }

  /** Counts a new connection that begins with a handshake. */
  enterHandshake(host: string | null): void {
    this.#handshakes++;
    this.enter(host);
  }

  /**
   * Counts a handshake as over: it has failed, or its connection has been counted by {@linkcode
   * enter}.
   */
  leaveHandshake(host: string | null): void {
    this.#handshakes--;
    this.leave(host);
  }

  #count(host: string | null, change: number): void {
    if (host === null || this.#limits.maxConnectionsPerHost === Infinity) return;
    const count = (this.#perHost.get(host) ?? 0) + change;
    if (count > 0) this.#perHost.set(host, count);
    else this.#perHost.delete(host);
  }
}
