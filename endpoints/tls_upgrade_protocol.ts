import type {
  IHandshakeListener,
  IProtocol,
  ITransport,
  StartTLSOptions,
} from "../reactor/interfaces/mod.ts";
import { AsyncResults } from "../protocol/async_results.ts";
import { asError, logPrefixOf } from "../defer/guarded_call.ts";
import { isDrainable, isHandshakeListener } from "../reactor/stream/protocol_capabilities.ts";
import { forwardHalfClose } from "../reactor/stream/forwarded_methods.ts";
import { successor, type TemporaryProtocol } from "../reactor/stream/successor.ts";

/** The calls that a {@linkcode TLSUpgradeProtocol} makes. */
export interface TLSUpgradeEvents<P extends IProtocol> {
  /**
   * Builds the protocol of the application, because the handshake is done; `null` closes the
   * connection.
   */
  build(): P | null;
  /**
   * Reports that the options of TLS are invalid. The connection is aborted. Without this method,
   * the error is logged and loses the connection.
   */
  unusable?(error: Error): void;
  /** Reports that the protocol's `connectionMade` has returned. */
  secured?(protocol: P): void;
  /** Reports that the connection was lost before its handshake was done. */
  failed(reason: Error): void;
  /**
   * Reports that the connection was lost after its handshake, also if `connectionMade` threw. The
   * protocol's `connectionLost` has been called.
   */
  lost?(reason: Error): void;
}

/**
 * A protocol that starts TLS, and builds the protocol of the application when the handshake is
 * done. Then it passes on every call, until the connection calls the application's protocol
 * directly.
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
   * @param options The options of TLS.
   * @param events The calls to make.
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
    // Nothing to do: after the handshake, makeConnection() of the application's protocol calls its
    // connectionMade().
  }

  handshakeCompleted(): void {
    const transport = this.#transport;
    if (transport === null) return;
    this.#isSecured = true;
    const protocol = this.#events.build();
    if (protocol === null) return transport.loseConnection();
    this.#protocol = protocol;
    // The connection looks for these methods before it calls the application's protocol directly.
    forwardHalfClose(this, protocol);
    const results = new AsyncResults("Error while calling handshakeCompleted");
    results.add(protocol.makeConnection(transport));
    this.#events.secured?.(protocol);
    if (isHandshakeListener(protocol)) results.add(protocol.handshakeCompleted());
    this.#isMade = true;
    // If one of the methods is async, the result is a promise, although the interface declares
    // void. It is returned, so that the caller can watch for its rejection.
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

  /** Aborts the connection, and with it a handshake in progress. */
  cancel(): void {
    this.#transport?.abortConnection();
  }
}
