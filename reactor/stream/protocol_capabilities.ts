/**
 * What a protocol can do beyond what every protocol can: told by its methods, as in Twisted by its interfaces.
 *
 * @module
 */

import type {
  IDrainableProtocol,
  IHalfCloseableProtocol,
  IHandshakeListener,
  IProtocol,
} from "../interfaces/mod.ts";

/** Whether a protocol wants to be told of each direction's end. */
export function isHalfCloseable<P extends IProtocol>(
  protocol: P,
): protocol is P & IHalfCloseableProtocol {
  return "readConnectionLost" in protocol && "writeConnectionLost" in protocol;
}

/** Whether a protocol wants to be told that a handshake is done. */
export function isHandshakeListener<P extends IProtocol>(
  protocol: P,
): protocol is P & IHandshakeListener {
  return "handshakeCompleted" in protocol;
}

/** Whether a protocol wants to be told that its port is drained. */
export function isDrainable<P extends IProtocol>(protocol: P): protocol is P & IDrainableProtocol {
  return "drainRequested" in protocol;
}
