/**
 * Adds the optional methods of a protocol or a factory to its wrapper. A connection or a port looks
 * for these methods, so a wrapper has them only if the wrapped object does.
 *
 * @module
 */

import type { IProtocol, IProtocolFactory } from "../interfaces/mod.ts";
import {
  isBuffered,
  isDescriptorReceiver,
  isDrainable,
  isHalfCloseable,
  isHandshakeListener,
} from "./protocol_capabilities.ts";

/**
 * Adds the methods of half-close to a wrapper, if its protocol has them.
 *
 * @param wrapper The wrapper.
 * @param protocol The protocol whose methods the wrapper calls.
 */
export function forwardHalfClose(wrapper: IProtocol, protocol: IProtocol): void {
  if (!isHalfCloseable(protocol)) return;
  Object.assign(wrapper, {
    readConnectionLost: () => protocol.readConnectionLost(),
    writeConnectionLost: () => protocol.writeConnectionLost(),
  });
}

/**
 * Adds all optional methods of a protocol to a wrapper.
 *
 * @param wrapper The wrapper.
 * @param protocol The protocol whose methods the wrapper calls.
 */
export function forwardOptionalMethods(wrapper: IProtocol, protocol: IProtocol): void {
  forwardHalfClose(wrapper, protocol);
  if (isBuffered(protocol)) {
    Object.assign(wrapper, {
      getBuffer: (sizeHint: number) => protocol.getBuffer(sizeHint),
      bufferUpdated: (count: number) => protocol.bufferUpdated(count),
    });
  }
  if (isHandshakeListener(protocol)) {
    Object.assign(wrapper, { handshakeCompleted: () => protocol.handshakeCompleted() });
  }
  if (isDrainable(protocol)) {
    Object.assign(wrapper, { drainRequested: () => protocol.drainRequested() });
  }
  if (isDescriptorReceiver(protocol)) {
    Object.assign(wrapper, {
      fileDescriptorReceived: (fileDescriptor: number) =>
        protocol.fileDescriptorReceived(fileDescriptor),
    });
  }
}

/**
 * Adds `handshakeFailed` to a factory that wraps another one, if that has it: without the method, a
 * port logs failed handshakes itself. A method of the wrapper's own class is kept.
 *
 * @param wrapper The factory.
 * @param wrapped The factory whose method it calls.
 */
export function forwardFailedHandshakes(
  wrapper: IProtocolFactory,
  wrapped: IProtocolFactory,
): void {
  if (wrapped.handshakeFailed === undefined || wrapper.handshakeFailed !== undefined) return;
  wrapper.handshakeFailed = (addr, reason) => wrapped.handshakeFailed?.(addr, reason);
}
