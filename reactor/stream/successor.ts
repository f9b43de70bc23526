/**
 * Protocols that stand between a connection and another protocol only for a while.
 *
 * An endpoint wraps a protocol to learn when its `connectionMade` has returned, or to begin TLS
 * before the protocol is connected. A wrapper that is no longer needed names its successor, and the
 * connection calls that instead: a wrapper left in place would cost two calls for each chunk.
 *
 * @module
 */

import type { IProtocol } from "../interfaces/mod.ts";

/** The key of {@linkcode TemporaryProtocol}'s property: no protocol has it by accident. */
export const successor: unique symbol = Symbol("successor");

/** A protocol that can be replaced by another one. */
export interface TemporaryProtocol extends IProtocol {
  /** The protocol that receives all further calls; `null` while the wrapper is needed. */
  readonly [successor]: IProtocol | null;
}

/**
 * Returns the protocol that receives the further calls of a connection. A connection looks for it
 * after `makeConnection` and after `handshakeCompleted`.
 *
 * @param protocol The protocol that has received the calls so far.
 * @returns The last successor, or `protocol` itself if it has none.
 */
export function lastSuccessor(protocol: IProtocol): IProtocol {
  const next = isTemporary(protocol) ? protocol[successor] : null;
  return next === null ? protocol : lastSuccessor(next);
}

function isTemporary(protocol: IProtocol): protocol is TemporaryProtocol {
  return successor in protocol;
}
