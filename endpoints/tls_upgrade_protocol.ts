import type {
  IHandshakeListener,
  IProtocol,
  ITransport,
  StartTLSOptions,
} from "../reactor/interfaces/mod.ts";
import { AsyncResults } from "../protocol/async_results.ts";
import { asError, logPrefixOf } from "../defer/guarded_call.ts";
import {
  isDrainable,
  isHalfCloseable,
  isHandshakeListener,
} from "../reactor/stream/protocol_capabilities.ts";
import { successor, type TemporaryProtocol } from "../reactor/stream/successor.ts";

/** What a gate asks, and tells. */
export interface TLSUpgradeEvents<P extends IProtocol> {
  /** The handshake is done: builds what gets the connection; `null` turns that away. */
  build(): P | null;
  /** The options of TLS cannot be used. The connection is aborted. Without this method the error is the connection's: logged, and its end. */
  unusable?(error: Error): void;
  /** The protocol's `connectionMade` has returned. */
  secured?(protocol: P): void;
  /** The connection is gone, and its handshake was not done. */
  failed(reason: Error): void;
  /** The connection is gone, and the protocol, if there is one, has been told: also when its `connectionMade` threw. */
  lost?(reason: Error): void;
}

/**
 * A protocol that starts TLS, and builds the protocol of the application when the handshake is done.
 * Then it passes on every call, until the connection calls the application's protocol directly.
 */
export class TLSUpgradeProtocol<P extends IProtocol>
  implements IHandshakeListener, TemporaryProtocol {
  readonly #options: StartTLSOptions;
  readonly #events: TLSUpgradeEvents<P>;
  #transport: ITransport | null = null;
  #isSecured = false;
  #protocol: P | null = null;
  /** Whether the protocol has its connection, and its methods have returned. */
  #isMade = false;

  /**
   * @param options How TLS begins.
   * @param events What it asks, and who wants to know.
   */
  constructor(options: StartTLSOptions, events: TLSUpgradeEvents<P>) {
    this.#options = options;
    this.#events = events;
  }

  get [successor](): P | null {
    return this.#isMade ? this.#protocol : null;
  }

  makeConnection(transport: ITransport): void {
    this.#transport = transport;
    try {
      transport.startTLS(this.#options);
    } catch (error) {
      if (this.#events.unusable === undefined) throw error;
      this.#events.unusable(asError(error));
      transport.abortConnection();
    }
  }

  connectionMade(): void {
    // The protocol's own makeConnection calls its connectionMade.
  }

  handshakeCompleted(): void {
    const transport = this.#transport;
    if (transport === null) return;
    this.#isSecured = true;
    const protocol = this.#events.build();
    if (protocol === null) return transport.loseConnection();
    this.#protocol = protocol;
    this.copyOptionalMethods(protocol);
    const results = new AsyncResults("While calling handshakeCompleted");
    results.add(protocol.makeConnection(transport));
    this.#events.secured?.(protocol);
    if (isHandshakeListener(protocol)) results.add(protocol.handshakeCompleted());
    this.#isMade = true;
    // A promise, when one of them is async; typed as void like the interface.
    return results.combined() as void;
  }

  dataReceived(data: Uint8Array): void {
    return this.#protocol?.dataReceived(data);
  }

  connectionLost(reason: Error): void {
    if (!this.#isSecured) return this.#events.failed(reason);
    try {
      return this.#protocol?.connectionLost(reason);
    } finally {
      this.#events.lost?.(reason);
    }
  }

  drainRequested(): void {
    const protocol = this.#protocol;
    if (!this.#isSecured) this.cancel();
    else if (protocol !== null && isDrainable(protocol)) return protocol.drainRequested();
  }

  logPrefix(): string {
    const protocol = this.#protocol;
    return protocol === null ? "TLS handshake" : logPrefixOf(protocol);
  }

  /** Ends a handshake under way, and the connection with it. */
  cancel(): void {
    this.#transport?.abortConnection();
  }

  /**
   * Has it be able to do what a protocol can that will be behind it: for who looks at it before the handshake is done. What only some
   * protocols can do is told by their methods being there.
   */
  copyOptionalMethods(protocol: P): void {
    if (!isHalfCloseable(protocol)) return;
    Object.assign(this, {
      readConnectionLost: () => protocol.readConnectionLost(),
      writeConnectionLost: () => protocol.writeConnectionLost(),
    });
  }
}
