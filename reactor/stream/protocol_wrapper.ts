import type { IProtocol, ITransport } from "../interfaces/mod.ts";
import { logPrefixOf } from "../../defer/guarded_call.ts";
import { forwardOptionalMethods } from "./forwarded_methods.ts";
import { successor, type TemporaryProtocol } from "./successor.ts";

/** The events that a {@linkcode ProtocolWrapper} reports. */
export interface ProtocolWrapperEvents {
  /** The protocol is about to receive its connection. */
  making?(transport: ITransport): void;
  /** The protocol's `connectionMade` has returned. */
  made?(): void;
  /** The connection is lost, and the protocol's `connectionLost` has been called. */
  lost?(reason: Error): void;
}

/**
 * A protocol that passes every call on to a wrapped protocol, and reports the state of its
 * connection. Once the wrapped protocol is connected, the connection calls it directly, unless
 * `lost` is to be reported. Twisted's `_WrappingProtocol` and `_ReconnectingProtocolProxy`.
 */
export class ProtocolWrapper<P extends IProtocol> implements TemporaryProtocol {
  /** The wrapped protocol. */
  readonly protocol: P;
  readonly #events: ProtocolWrapperEvents;
  #isMade = false;

  /** Use {@linkcode wrapProtocol}, which also adds the wrapped protocol's optional methods. */
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
    // If connectionMade() is async, the result is a promise, although the interface declares void.
    // It is returned, so that the caller can watch for its rejection.
    return result as void;
  }

  connectionMade(): void {
    // Nothing to do: makeConnection() of the wrapped protocol has already called its
    // connectionMade().
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

/**
 * Wraps a protocol. The wrapper has the same optional methods as the protocol.
 *
 * @param protocol The protocol to wrap.
 * @param events The events to report.
 */
export function wrapProtocol<P extends IProtocol>(
  protocol: P,
  events: ProtocolWrapperEvents,
): ProtocolWrapper<P> {
  const wrapper = new ProtocolWrapper(protocol, events);
  forwardOptionalMethods(wrapper, protocol);
  return wrapper;
}
