/**
 * The contract of protocols, which all scenarios check: one `connectionLost` for each
 * `connectionMade`, and no call before or after that.
 *
 * @module
 */

import { Factory } from "../../../protocol/mod.ts";
import type { IProtocol, ITransport } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";

/** A connection, from `connectionMade` on. */
interface WatchedConnection {
  readonly host: SimulatedHost;
  /** The reactor of the process, which a restart of the host replaces. */
  readonly reactor: unknown;
  readonly peer: string;
}

/** The connections of all hosts. Each call of a protocol's methods is checked when it is made. */
export class WatchedConnections {
  readonly #network: SimulatedNetwork;
  /** The connections that were made and not lost, also those of processes that have crashed. */
  readonly #open = new Map<IProtocol, WatchedConnection>();

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

  /**
   * Watches the connection of a protocol.
   *
   * @param host The host of the program.
   * @param protocol The protocol, which has no connection yet.
   * @returns The protocol.
   */
  watch<P extends IProtocol>(host: SimulatedHost, protocol: P): P {
    const network = this.#network;
    const { makeConnection, dataReceived, connectionLost } = protocol;
    let wasMade = false;
    protocol.makeConnection = (transport: ITransport) => {
      if (wasMade) network.fail(`${host}: a connection was made twice`);
      wasMade = true;
      const peer = String(transport.getPeer());
      this.#open.set(protocol, { host, reactor: host.reactor, peer });
      return makeConnection.call(protocol, transport);
    };
    protocol.dataReceived = (data: Uint8Array) => {
      if (!this.#open.has(protocol)) network.fail(`${host}: data came without a connection`);
      return dataReceived.call(protocol, data);
    };
    protocol.connectionLost = (reason: Error) => {
      const connection = this.#open.get(protocol);
      if (connection === undefined) {
        network.fail(`${host}: a connection was lost that was not open: ${reason}`);
      }
      this.#open.delete(protocol);
      host.note(`loses its connection with ${connection?.peer}: ${reason.message}`);
      return connectionLost.call(protocol, reason);
    };
    return protocol;
  }

  /** Returns whether the connection of a protocol is open, and its process has not crashed. */
  isOpen(protocol: IProtocol): boolean {
    const connection = this.#open.get(protocol);
    return connection !== undefined && isAlive(connection);
  }

  /** Returns the number of connections that the running process of a host has open. */
  countOf(host: SimulatedHost): number {
    let count = 0;
    for (const each of this.#open.values()) if (each.host === host && isAlive(each)) count++;
    return count;
  }

  /** Whether no connection is open, except those of processes that have crashed. */
  get isAllLost(): boolean {
    for (const connection of this.#open.values()) if (isAlive(connection)) return false;
    return true;
  }

  /** Fails the simulation if a connection is open. Call it after `network.shutDown()`. */
  checkAllLost(): void {
    for (const connection of this.#open.values()) {
      if (!isAlive(connection)) continue;
      const { host, peer } = connection;
      this.#network.fail(`${host}: the connection with ${peer} got no connectionLost`);
    }
  }
}

/** Whether the process of a connection runs: a crashed process loses its connections silently. */
function isAlive({ host, reactor }: WatchedConnection): boolean {
  return host.isUp && host.reactor === reactor;
}
