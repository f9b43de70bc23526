/**
 * How many connections a port has, and whether there is room for one more.
 *
 * @module
 */

import type { StreamPortLimits } from "./stream_port_limits.ts";

/** How many connections there may be. */
export type OccupancyLimits = Pick<
  StreamPortLimits,
  "maxConnections" | "maxConnectionsPerHost" | "maxHandshakes"
>;

/** The connections of one port, counted, also by the host that they come from. */
export class ConnectionLimiter {
  readonly #limits: OccupancyLimits;
  #open = 0;
  /** How many of the open ones have not finished their handshake. */
  #handshakes = 0;
  /** Empty where hosts have no limit. */
  readonly #perHost = new Map<string, number>();

  /** @param limits How many there may be. */
  constructor(limits: OccupancyLimits) {
    this.#limits = limits;
  }

  /** How many are open. */
  get open(): number {
    return this.#open;
  }

  /** Whether the port has all it may have. */
  get isFull(): boolean {
    const { maxConnections, maxHandshakes } = this.#limits;
    return this.#open >= maxConnections || this.#handshakes >= maxHandshakes;
  }

  /** Who has all it may have, so that no more may come from that host; null if one may. */
  fullFor(host: string): "the port" | "its host" | null {
    if (this.isFull) return "the port";
    const open = this.#perHost.get(host) ?? 0;
    return open >= this.#limits.maxConnectionsPerHost ? "its host" : null;
  }

  /** One more. */
  enter(host: string): void {
    this.#open++;
    this.#count(host, 1);
  }

  /** One less. */
  leave(host: string): void {
    this.#open--;
    this.#count(host, -1);
  }

  /** One more, whose handshake begins. */
  enterHandshake(host: string): void {
    this.#handshakes++;
    this.enter(host);
  }

  /** One less, whose handshake has failed, or has left it to a connection that has entered. */
  leaveHandshake(host: string): void {
    this.#handshakes--;
    this.leave(host);
  }

  #count(host: string, change: number): void {
    if (this.#limits.maxConnectionsPerHost === Infinity) return;
    const count = (this.#perHost.get(host) ?? 0) + change;
    if (count > 0) this.#perHost.set(host, count);
    else this.#perHost.delete(host);
  }
}
