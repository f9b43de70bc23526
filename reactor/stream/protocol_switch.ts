/**
 * Transports whose protocol can be replaced while the connection is open.
 *
 * A protocol that has finished its part of a connection, such as the negotiation of a tunnel, can
 * pass the rest of the connection to another protocol.
 *
 * @module
 */

import { UnsupportedError } from "../errors.ts";
import type { IProtocol, ITransport } from "../interfaces/mod.ts";

/** The key of {@linkcode SwitchableTransport}'s method: no other object has it by accident. */
export const replaceProtocol: unique symbol = Symbol("replaceProtocol");

/** A transport whose protocol can be replaced. */
export interface SwitchableTransport extends ITransport {
  /**
   * Replaces the protocol that receives the further events of the connection.
   *
   * @param protocol The new protocol. Its `makeConnection` is not called.
   * @returns The former protocol. It receives no further events.
   */
  [replaceProtocol](protocol: IProtocol): IProtocol;
}

/**
 * Replaces the protocol of a connection.
 *
 * @param action The verb for the error message, such as `join`.
 * @param transport The connection.
 * @param protocol The protocol that receives the further events. Its `makeConnection` is not
 *   called.
 * @returns The former protocol. It receives no further events, `connectionLost` included: the new
 *   protocol calls it.
 * @throws {UnsupportedError} If the transport cannot replace its protocol.
 */
export function switchProtocol(
  action: string,
  transport: ITransport,
  protocol: IProtocol,
): IProtocol {
  checkSwitchable(action, transport);
  return transport[replaceProtocol](protocol);
}

/**
 * Checks that the protocol of a connection can be replaced.
 *
 * @param action The verb for the error message, such as `join`.
 * @param transport The connection.
 * @throws {UnsupportedError} If the transport cannot replace its protocol.
 */
export function checkSwitchable(
  action: string,
  transport: ITransport,
): asserts transport is SwitchableTransport {
  if (replaceProtocol in transport) return;
  throw new UnsupportedError(
    `Cannot ${action} ${transport}: its class, ${transport.constructor.name}, cannot pass a ` +
      "connection to another protocol; use the transport of a connection or of a ProtocolWrapper",
  );
}
