/**
 * Checks the contract of protocols: one `connectionLost` for each `connectionMade`.
 *
 * @module
 */

import type { SimulatedHost, SimulatedNetwork, SimulatedReactor } from "../simulation/mod.ts";

/** One connection, as its protocol on one host sees it. */
export class ConnectionRecord {
  readonly #network: SimulatedNetwork;
  readonly #name: string;
  readonly #reactor: SimulatedReactor;
  #reason: Error | null = null;

  /** Called by {@linkcode ConnectionLedger.made}. */
  constructor(network: SimulatedNetwork, name: string, reactor: SimulatedReactor) {
    this.#network = network;
    this.#name = name;
    this.#reactor = reactor;
  }

  /** The reason of the loss; `null` while the connection is open. */
  get reason(): Error | null {
    return this.#reason;
  }

  /** Whether the connection is open, and its process has not crashed. */
  isOpenOn(host: SimulatedHost): boolean {
    return this.#reason === null && host.isUp && host.reactor === this.#reactor;
  }

  /** Records a call of `connectionLost`. A second one is a violation. */
  lost(reason: Error): void {
    if (this.#reason !== null) this.#network.fail(`${this.#name} was lost twice: ${reason}`);
    this.#reason = reason;
  }

  toString(): string {
    return this.#name;
  }
}

/** The connections of a simulation. */
export class ConnectionLedger {
  readonly #network: SimulatedNetwork;
  readonly #records = new Map<ConnectionRecord, SimulatedHost>();

  /** @param network The network in which the connections are. */
  constructor(network: SimulatedNetwork) {
    this.#network = network;
  }

  /**
   * Records a call of `connectionMade`.
   *
   * @param host The host of the protocol.
   * @param name The connection, for the message of a violation.
   */
  made(host: SimulatedHost, name: string): ConnectionRecord {
    const record = new ConnectionRecord(this.#network, name, host.reactor);
    this.#records.set(record, host);
    return record;
  }

  /** Checks that no connection is open, except those of crashed processes. */
  checkAllLost(): void {
    for (const [record, host] of this.#records) {
      if (record.isOpenOn(host)) this.#network.fail(`${record} was never lost`);
    }
  }
}
