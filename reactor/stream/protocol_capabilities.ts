/**
 * The optional methods of a protocol. A protocol has a capability if it has the methods, where
 * Twisted looks for an interface. A wrapper has the capabilities of the protocol that it wraps.
 *
 * @module
 */

import type {
  IBufferedProtocol,
  IDrainableProtocol,
  IFileDescriptorReceiver,
  IHalfCloseableProtocol,
  IHandshakeListener,
  IProtocol,
} from "../interfaces/mod.ts";

/** The key of {@linkcode OptionalMethodsForwarder}' method: no protocol has it by accident. */
export const supportsMethod: unique symbol = Symbol("supportsMethod");

/**
 * A protocol that has all optional methods, and forwards them to another protocol, which may not
 * have them, and may change.
 */
export interface OptionalMethodsForwarder extends IProtocol {
  /** Returns whether the method is to be called. */
  [supportsMethod](method: string): boolean;
}

/** Returns whether a method of a protocol exists and is to be called. */
export function supports(protocol: IProtocol, method: string): boolean {
  return method in protocol && (!isForwarder(protocol) || protocol[supportsMethod](method));
}

/** Returns whether the optional methods of a protocol may change. */
export function isForwarder(protocol: IProtocol): protocol is OptionalMethodsForwarder {
  return supportsMethod in protocol;
}

/** Returns whether a protocol provides the memory into which its connection reads. */
export function isBuffered<P extends IProtocol>(protocol: P): protocol is P & IBufferedProtocol {
  return supports(protocol, "getBuffer") && supports(protocol, "bufferUpdated");
}

/** Returns whether a protocol handles the close of each direction on its own. */
export function isHalfCloseable<P extends IProtocol>(
  protocol: P,
): protocol is P & IHalfCloseableProtocol {
  return supports(protocol, "readConnectionLost") && supports(protocol, "writeConnectionLost");
}

/** Returns whether a protocol is notified of a completed TLS handshake. */
export function isHandshakeListener<P extends IProtocol>(
  protocol: P,
): protocol is P & IHandshakeListener {
  return supports(protocol, "handshakeCompleted");
}

/** Returns whether a protocol is notified that its port is draining. */
export function isDrainable<P extends IProtocol>(protocol: P): protocol is P & IDrainableProtocol {
  return supports(protocol, "drainRequested");
}

/** Returns whether a protocol receives file descriptors. */
export function isDescriptorReceiver<P extends IProtocol>(
  protocol: P,
): protocol is P & IFileDescriptorReceiver {
  return supports(protocol, "fileDescriptorReceived");
}
