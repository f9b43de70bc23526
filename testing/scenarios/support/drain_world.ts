/**
 * What the hosts of the drain scenario share.
 *
 * @module
 */

import type { SimulatedNetwork } from "../../simulation/mod.ts";
import { faultsOf } from "./past_faults.ts";
import { WatchedConnections } from "./watched_connections.ts";

/** The names of the servers. */
export const SERVERS = ["server1", "server2"] as const;
/** The ports of each server: the second one has TLS. */
export const PORTS = [2000, 2001] as const;

/** A request, as the client that sends it sees it. */
export interface DrainRequest {
  readonly id: string;
  /** Whether the answer has arrived. */
  isAnswered: boolean;
}

/** What is checked. */
export class DrainWorld {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  /** Whether the servers drain no more, and the clients make no new requests. */
  isQuiet = false;
  /** The clients that run. */
  readonly clients = new Map<string, { readonly isIdle: boolean }>();
  /** How often each request was accepted by a server. */
  readonly #accepted = new Map<string, number>();
  /** How often a request was cut: by the deadline of a drain, or because its client gave up. */
  readonly #cut = new Map<string, number>();

  /** @param network The network of the hosts. */
  constructor(network: SimulatedNetwork) {
    this.network = network;
    this.connections = new WatchedConnections(network);
  }

  /** Whether no client waits for an answer. */
  get isIdle(): boolean {
    return [...this.clients.values()].every((client) => client.isIdle);
  }

  /** Records that a server has accepted a request. */
  accepted(id: string): void {
    count(this.#accepted, id);
  }

  /** Records that the deadline of a drain has cut a request, or that its client has given up. */
  cut(id: string): void {
    this.network.sometimes("a request is cut", true);
    count(this.#cut, id);
  }

  /**
   * Checks that no accepted request was lost, if no fault could cut a connection.
   *
   * @param harmless The kinds of faults that cut no connection.
   */
  checkUndisturbed(harmless: readonly string[]): void {
    if (faultsOf(this.network).some(({ kind }) => !harmless.includes(kind))) return;
    for (const [id, times] of this.#accepted) {
      const cut = this.#cut.get(id) ?? 0;
      if (times <= cut + 1) continue;
      this.network.fail(`request ${id} was accepted ${times} times, and cut ${cut} times`);
    }
  }
}

function count(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}
