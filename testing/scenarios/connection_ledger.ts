/**
 * A check that several scenarios share: each connection that is made is lost exactly once.
 *
 * @module
 */

import { Factory } from "../../protocol/mod.ts";
import type { IProtocol, ITransport } from "../../reactor/interfaces/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../simulation/mod.ts";

/** A connection, from `connectionMade` on. */
export interface LedgerEntry {
  readonly host: SimulatedHost;
  /** The reactor of the process, which a restart of the host replaces. */
  readonly reactor: unknown;
  /** When the last byte arrived, or the connection was made, in virtual seconds. */
  lastByteAt: number;
  isLost: boolean;
}

/** The connections of all hosts. Each call of a protocol's methods is checked when it is made. */
export class ConnectionLedger {
  readonly #network: SimulatedNetwork;
  readonly #entries = new Set<LedgerEntry>();

  /** @param network The network that fails if a connection is called wrongly. */
  constructor(network: SimulatedNetwork) {
    this.#network = network;
  }

  /**
   * Returns a factory whose protocols are watched.
   *
   * @param host The host of the program.
   * @param make Makes a protocol.
   */
  factory<P extends IProtocol>(host: SimulatedHost, make: () => P): Factory<P> {
    return Factory.forProtocol(() => this.watch(host, make()));
  }

  /** Watches the connection of a protocol, and returns the protocol. */
  watch<P extends IProtocol>(host: SimulatedHost, protocol: P): P {
    const network = this.#network;
    const { makeConnection, dataReceived, connectionLost } = protocol;
    let entry: LedgerEntry | null = null;
    protocol.makeConnection = (transport: ITransport) => {
      if (entry !== null) network.fail(`${host}: a connection was made twice`);
      entry = { host, reactor: host.reactor, lastByteAt: network.seconds(), isLost: false };
      this.#entries.add(entry);
      return makeConnection.call(protocol, transport);
    };
    protocol.dataReceived = (data: Uint8Array) => {
      if (entry === null || entry.isLost) network.fail(`${host}: data came without a connection`);
      else entry.lastByteAt = network.seconds();
      return dataReceived.call(protocol, data);
    };
    protocol.connectionLost = (reason: Error) => {
      if (entry === null) network.fail(`${host}: a connection was lost that was not made`);
      else if (entry.isLost) network.fail(`${host}: a connection was lost twice`);
      else entry.isLost = true;
      return connectionLost.call(protocol, reason);
    };
    return protocol;
  }

  /** Returns the connections that the running process of a host has open. */
  open(host: SimulatedHost): LedgerEntry[] {
    return [...this.#entries].filter((entry) =>
      entry.reactor === host.reactor && !entry.isLost && host.isUp
    );
  }

  /** Fails the simulation if a connection is open. Call it after `network.shutDown()`. */
  checkAllLost(): void {
    for (const host of this.#network.hosts) {
      const count = this.open(host).length;
      if (count > 0) {
        this.#network.fail(`${host}: ${count} connections got no connectionLost at the shutdown`);
      }
    }
  }
}
