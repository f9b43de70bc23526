/**
 * A check that several scenarios share: each connection that is made is lost exactly once.
 *
 * @module
 */

import { Factory } from "../../../protocol/mod.ts";
import type { IProtocol, ITransport } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";

/** A connection, from `connectionMade` on. */
export interface WatchedConnection {
  readonly host: SimulatedHost;
  /** The reactor of the process, which a restart of the host replaces. */
  readonly reactor: unknown;
}

/** The connections of all hosts. Each call of a protocol's methods is checked when it is made. */
export class WatchedConnections {
  readonly #network: SimulatedNetwork;
  readonly #open = new Set<WatchedConnection>();

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
    let connection: WatchedConnection | null = null;
    const isOpen = () => connection !== null && this.#open.has(connection);
    protocol.makeConnection = (transport: ITransport) => {
      if (connection !== null) network.fail(`${host}: a connection was made twice`);
      connection = { host, reactor: host.reactor };
      this.#open.add(connection);
      return makeConnection.call(protocol, transport);
    };
    protocol.dataReceived = (data: Uint8Array) => {
      if (!isOpen()) network.fail(`${host}: data came without a connection`);
      return dataReceived.call(protocol, data);
    };
    protocol.connectionLost = (reason: Error) => {
      if (!isOpen()) network.fail(`${host}: a connection was lost that was not open`);
      if (connection !== null) this.#open.delete(connection);
      return connectionLost.call(protocol, reason);
    };
    return protocol;
  }

  /** Returns the number of connections that the running process of a host has open. */
  countOf(host: SimulatedHost): number {
    let count = 0;
    for (const each of this.#open) if (each.host === host && each.reactor === host.reactor) count++;
    return host.isUp ? count : 0;
  }

  /** Fails the simulation if a connection is open. Call it after `network.shutDown()`. */
  checkAllLost(): void {
    for (const host of this.#network.hosts) {
      if (this.countOf(host) > 0) {
        this.#network.fail(`${host}: a connection got no connectionLost at the shutdown`);
      }
    }
  }
}
