/**
 * Connections whose peer is named by their first bytes, as by the header of a proxy.
 *
 * A port counts connections by the host of the peer (`maxConnectionsPerHost`). Behind a proxy, all
 * connections have the same peer, so that such a connection is counted when its client is known.
 *
 * @module
 */

import type { Address, IProtocolFactory, ITransport } from "../interfaces/mod.ts";

/** The factories whose protocols name the peers of their connections. */
const FACTORIES = new WeakSet<IProtocolFactory>();

/**
 * Declares that the protocols of a factory name the peer of each connection.
 *
 * @param factory The factory, which ports use directly.
 */
export function declarePeerNaming(factory: IProtocolFactory): void {
  FACTORIES.add(factory);
}

/** Returns whether the connections of a factory are counted by host only when they are named. */
export function isPeerNaming(factory: IProtocolFactory): boolean {
  return FACTORIES.has(factory);
}

/** The counts of connections whose peers are not named yet. */
const COUNTS = new WeakMap<ITransport, (peer: Address) => boolean>();

/**
 * Sets the function that counts a connection when its peer is named.
 *
 * @param transport The connection.
 * @param count Counts the connection. Returns whether it may stay open; if not, it has logged the
 *   refusal.
 */
export function whenPeerIsNamed(transport: ITransport, count: (peer: Address) => boolean): void {
  COUNTS.set(transport, count);
}

/**
 * Counts a connection under the host of its peer, which has become known. Called once.
 *
 * @param transport The connection. Transports that no port has made are not counted.
 * @param peer The address of the peer.
 * @returns Whether the connection may stay open. If not, the refusal has been logged.
 */
export function countUnderPeer(transport: ITransport, peer: Address): boolean {
  return COUNTS.get(transport)?.(peer) ?? true;
}
