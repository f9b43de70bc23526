/**
 * How many connections a port has, and whether there is room for one more.
 *
 * @module
 */

import type { StreamPortLimits } from "./stream_port_limits.ts";

/** The connections of one port, counted, also by the host that they come from. */
export class PortOccupancy {
  readonly #limits: Pick<StreamPortLimits, "maxConnections" | "maxConnectionsPerHost">;
  #open = 0;
  /** Empty where hosts have no limit. */
  readonly #perHost = new Map<string, number>();

  /** @param limits How many there may be. */
  constructor(limits: Pick<StreamPortLimits, "maxConnections" | "maxConnectionsPerHost">) {
    this.#limits = limits;
  }

  /** How many are open. */
  get open(): number {
    return this.#open;
  }

  /** Whether the port has all it may have. */
  get isFull(): boolean {
    return this.#open >= this.#limits.maxConnections;
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

  #count(host: string, change: number): void {
    if (this.#limits.maxConnectionsPerHost === Infinity) return;
    const count = (this.#perHost.get(host) ?? 0) + change;
    if (count > 0) this.#perHost.set(host, count);
    else this.#perHost.delete(host);
  }
}
