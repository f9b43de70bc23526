/**
 * The optional methods of a protocol. A protocol has a capability if it has the methods, where
 * Twisted looks for an interface.
 *
 * @module
 */

import type {
  IDrainableProtocol,
  IHalfCloseableProtocol,
  IHandshakeListener,
  IProtocol,
} from "../interfaces/mod.ts";

/** Returns whether a protocol handles the close of each direction on its own. */
export function isHalfCloseable<P extends IProtocol>(
  protocol: P,
): protocol is P & IHalfCloseableProtocol {
  return "readConnectionLost" in protocol && "writeConnectionLost" in protocol;
}

/** Returns whether a protocol is notified of a completed TLS handshake. */
export function isHandshakeListener<P extends IProtocol>(
  protocol: P,
): protocol is P & IHandshakeListener {
  return "handshakeCompleted" in protocol;
}

/** Returns whether a protocol is notified that its port is draining. */
export function isDrainable<P extends IProtocol>(protocol: P): protocol is P & IDrainableProtocol {
  return "drainRequested" in protocol;
}
