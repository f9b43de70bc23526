/**
 * What the hosts of the STARTTLS scenario share.
 *
 * @module
 */

import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { WatchedConnections } from "./watched_connections.ts";
import { Wires } from "./wire.ts";

/** The reply with which a server agrees to start TLS. */
export const GO_AHEAD = "220 Go ahead";
/** The reply with which a server refuses to start TLS. */
export const NOT_AVAILABLE = "454 TLS not available";
/** The beginning of lines that an attacker injects. */
export const INJECTED = "INJECTED";

/** Seconds after which an attempt to connect fails. */
export const CONNECT_TIMEOUT = 3;
/** Seconds after which a handshake fails. */
export const HANDSHAKE_TIMEOUT = 4;
/** The limits of all connections. */
export const CONNECTION_LIMITS = { idleTimeout: 5, linger: 5 };

/** How a side treats the bytes that have arrived before it starts TLS. */
export type EarlyBytes = "clear" | "keep" | "pass on";
/** All ways of {@linkcode EarlyBytes}. */
export const EARLY_BYTES: readonly EarlyBytes[] = ["clear", "keep", "pass on"];

/** What is checked. */
export class StartTLSWorld {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  /** The lines over TLS of each session, by its number. */
  readonly wires: Wires;
  readonly #open = new Set<number>();

  /** @param network The network of the hosts. */
  constructor(network: SimulatedNetwork) {
    this.network = network;
    this.connections = new WatchedConnections(network);
    this.wires = new Wires(network);
  }

  /** Whether all sessions have ended. */
  get isOver(): boolean {
    return this.#open.size === 0;
  }

  /** Records that a client connects. */
  begin(id: number): void {
    this.#open.add(id);
  }

  /**
   * Records the end of a session.
   *
   * @param id The number of the session.
   * @param reason Why it failed; `null` if it is complete.
   */
  end(id: number, reason: Error | null): void {
    this.network.note(`session ${id} ends: ${reason?.message ?? "complete"}`);
    if (!this.#open.delete(id)) this.network.fail(`session ${id} has ended twice`);
    this.network.sometimes("a session completes", reason === null);
    this.network.sometimes("a session fails", reason !== null);
  }
}
