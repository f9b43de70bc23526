/**
 * What one direction of a connection carries, as both of its ends see it.
 *
 * @module
 */

import type { SimulatedNetwork } from "../../simulation/mod.ts";

/**
 * One direction of a connection that carries messages. Each message must arrive once, unchanged and
 * in order, until the connection is lost.
 */
export class Wire {
  readonly #network: SimulatedNetwork;
  readonly #name: string;
  readonly #sent: string[] = [];
  #received = 0;

  /**
   * @param network The network, which a violation fails.
   * @param name The direction, for the message of a violation.
   */
  constructor(network: SimulatedNetwork, name: string) {
    this.#network = network;
    this.#name = name;
  }

  /** Whether all messages have arrived. */
  get isComplete(): boolean {
    return this.#received === this.#sent.length;
  }

  /** Records that a message was sent. */
  sent(message: string): void {
    this.#sent.push(message);
  }

  /** Checks a message that has arrived. */
  received(message: string): void {
    const expected = this.#sent[this.#received++];
    if (message === expected) return;
    this.#network.fail(
      `${this.#name}: message ${this.#received} was ${JSON.stringify(expected)} and arrived as ` +
        JSON.stringify(message),
    );
  }
}

/** The two directions of each connection between clients and a server. */
export class Wires {
  readonly #network: SimulatedNetwork;
  readonly #pairs = new Map<string, WirePair>();

  /** @param network The network in which the connections are. */
  constructor(network: SimulatedNetwork) {
    this.#network = network;
  }

  /**
   * Returns the directions of a connection.
   *
   * @param id The connection, as its client names it to the server. An address is not enough: a
   *   host that has crashed uses its ports again.
   */
  of(id: string): WirePair {
    let pair = this.#pairs.get(id);
    if (pair === undefined) {
      pair = {
        toServer: new Wire(this.#network, `from ${id} to the server`),
        toClient: new Wire(this.#network, `from the server to ${id}`),
      };
      this.#pairs.set(id, pair);
    }
    return pair;
  }
}

/** The two directions of a connection. */
export interface WirePair {
  /** The messages of the client. */
  readonly toServer: Wire;
  /** The messages of the server. */
  readonly toClient: Wire;
}
