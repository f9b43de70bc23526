/**
 * Checks the contract of protocols: one `connectionLost` for each `connectionMade`.
 *
 * @module
 */

import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";

/** One connection, as its protocol on one host sees it. */
export class ConnectionRecord {
  readonly #network: SimulatedNetwork;
  readonly #host: SimulatedHost;
  readonly #reactor: SimulatedHost["reactor"];
  readonly #name: string;
  #reason: Error | null = null;

  /** Called by {@linkcode ConnectionLedger.made}. */
  constructor(network: SimulatedNetwork, host: SimulatedHost, name: string) {
    this.#network = network;
    this.#host = host;
    this.#reactor = host.reactor;
    this.#name = name;
  }

  /** The reason of the loss; `null` while the connection is open. */
  get reason(): Error | null {
    return this.#reason;
  }

  /** Whether the connection is open, and its process has not crashed. */
  get isOpen(): boolean {
    return this.#reason === null && this.#host.isUp && this.#host.reactor === this.#reactor;
  }

  /** Records a call of `connectionLost`. A second one is a violation. */
  lost(reason: Error): void {
    if (this.#reason !== null) this.#network.fail(`${this.#name} was lost twice: ${reason}`);
    this.#reason = reason;
    this.#host.note(`loses ${this.#name}: ${reason.message}`);
  }

  toString(): string {
    return this.#name;
  }
}

/** The connections of a simulation. */
export class ConnectionLedger {
  readonly #network: SimulatedNetwork;
  readonly #records: ConnectionRecord[] = [];

  /** @param network The network in which the connections are. */
  constructor(network: SimulatedNetwork) {
    this.#network = network;
  }

  /**
   * Records a call of `connectionMade`.
   *
   * @param host The host of the protocol.
   * @param name The connection, for the trace and the message of a violation.
   */
  made(host: SimulatedHost, name: string): ConnectionRecord {
    const record = new ConnectionRecord(this.#network, host, name);
    this.#records.push(record);
    return record;
  }

  /** Whether no connection is open, except those of crashed processes. */
  get isAllLost(): boolean {
    return !this.#records.some(({ isOpen }) => isOpen);
  }

  /** Checks that no connection is open, except those of crashed processes. */
  checkAllLost(): void {
    for (const record of this.#records) {
      if (record.isOpen) this.#network.fail(`${record} was never lost`);
    }
  }
}
