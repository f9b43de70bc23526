import type { IHalfCloseableProtocol, IProtocol, ITransport } from "../reactor/interfaces/mod.ts";
import { logPrefixOf } from "../defer/guarded_call.ts";
import {
  isDrainable,
  isHalfCloseable,
  isHandshakeListener,
} from "../reactor/stream/protocol_capabilities.ts";
import { successor, type TemporaryProtocol } from "../reactor/stream/successor.ts";

/** What whoever stands between reactor and protocol wants to know. */
export interface ProtocolWrapperEvents {
  /** The protocol is about to get its connection. */
  making?(transport: ITransport): void;
  /** The protocol's `connectionMade` has returned. */
  made?(): void;
  /** The connection is gone, and the protocol has been told. */
  lost?(reason: Error): void;
}

/**
 * A protocol that passes every call on to another one, and reports how far its connection is. Once
 * the wrapped protocol is connected, a connection calls it directly, unless `lost` is to be reported.
 * Twisted's `_WrappingProtocol` and `_ReconnectingProtocolProxy`.
 */
export class ProtocolWrapper<P extends IProtocol> implements TemporaryProtocol {
  /** Who gets all of it. */
  readonly protocol: P;
  readonly #events: ProtocolWrapperEvents;
  #isMade = false;

  /** Use {@linkcode wrapProtocol}, which knows what the protocol can do. */
  constructor(protocol: P, events: ProtocolWrapperEvents) {
    this.protocol = protocol;
    this.#events = events;
  }

  get [successor](): P | null {
    return this.#isMade && this.#events.lost === undefined ? this.protocol : null;
  }

  makeConnection(transport: ITransport): void {
    this.#events.making?.(transport);
    const result: unknown = this.protocol.makeConnection(transport);
    this.#isMade = true;
    this.#events.made?.();
    // A promise, when connectionMade is async; typed as void like the interface.
    return result as void;
  }

  connectionMade(): void {
    // The protocol's own makeConnection calls its connectionMade.
  }

  dataReceived(data: Uint8Array): void {
    return this.protocol.dataReceived(data);
  }

  connectionLost(reason: Error): void {
    try {
      return this.protocol.connectionLost(reason);
    } finally {
      this.#events.lost?.(reason);
    }
  }

  logPrefix(): string {
    return logPrefixOf(this.protocol);
  }
}

class HalfCloseableProtocolWrapper<P extends IHalfCloseableProtocol> extends ProtocolWrapper<P>
  implements IHalfCloseableProtocol {
  readConnectionLost(): void {
    return this.protocol.readConnectionLost();
  }

  writeConnectionLost(): void {
    return this.protocol.writeConnectionLost();
  }
}

/**
 * Puts a relay in front of a protocol. It can do what the protocol can.
 *
 * @param protocol Who gets all of it.
 * @param events What the caller wants to know.
 */
export function wrapProtocol<P extends IProtocol>(
  protocol: P,
  events: ProtocolWrapperEvents,
): ProtocolWrapper<P> {
  const relay = isHalfCloseable(protocol)
    ? new HalfCloseableProtocolWrapper(protocol, events)
    : new ProtocolWrapper(protocol, events);
  return Object.assign(
    relay,
    isHandshakeListener(protocol)
      ? { handshakeCompleted: () => protocol.handshakeCompleted() }
      : {},
    isDrainable(protocol) ? { drainRequested: () => protocol.drainRequested() } : {},
  );
}
