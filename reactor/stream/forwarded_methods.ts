/**
 * The optional methods of a protocol, on a protocol that stands in front of it. A connection looks
 * for these methods, so a wrapper has them only if its protocol does.
 *
 * @module
 */

import type { IProtocol } from "../interfaces/mod.ts";
import {
  isBuffered,
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
}
