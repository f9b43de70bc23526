import { asError } from "../defer/guarded_call.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import type { Address, IProtocol, IProtocolFactory } from "../reactor/interfaces/mod.ts";
import { buildProtocol } from "../reactor/stream/factory_calls.ts";
import { isHandshakeListener } from "../reactor/stream/protocol_capabilities.ts";
import { lastSuccessor } from "../reactor/stream/successor.ts";
import type { StringTransport } from "./string_transport.ts";
import { StringTransportWithDisconnection } from "./string_transport_with_disconnection.ts";

const encoder = new TextEncoder();

/** The port or connector of a {@linkcode FakeConnection}. */
export interface FakeConnectionOwner {
  /** The factory that builds the protocol. */
  readonly factory: IProtocolFactory;
  /** Whether the connection is encrypted from the start, by `listenTLS` or `connectTLS`. */
  readonly secure: boolean;
  /**
   * Called when the connection has been lost, after the protocol's `connectionLost`.
   *
   * @param connection The connection.
   * @param reason The error that `connectionLost` has received.
   */
  connectionLost(connection: FakeConnection, reason: Error): void;
}

/**
 * A connection of a {@linkcode MemoryReactor}: a protocol of the recorded factory on a
 * {@linkcode StringTransport}. `FakeConnector.succeed()` and `FakePort.connect()` make it.
 *
 * The test acts as the peer. Unlike a reactor, it receives the errors of the protocol's methods.
 */
export class FakeConnection {
  /** The transport, which has the data that the protocol has written. */
  readonly transport: StringTransport;
  readonly #owner: FakeConnectionOwner;
  #protocol: IProtocol | null = null;
  #isLost = false;

  /**
   * Creates a connection whose protocol has not been built yet.
   *
   * @param owner The port or connector.
   * @param transport The transport.
   */
  constructor(owner: FakeConnectionOwner, transport: StringTransport) {
    this.transport = transport;
    this.#owner = owner;
  }

  /**
   * The protocol that receives the calls; `null` before {@linkcode open}, and if the factory has
   * refused the connection.
   */
  get protocol(): IProtocol | null {
    return this.#protocol;
  }

  /** Whether the connection has been lost. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Builds the protocol and connects it. The port or connector calls this method. */
  open(): void {
    const { transport } = this;
    const { factory, secure } = this.#owner;
    if (transport instanceof StringTransportWithDisconnection) {
      transport.protocol ??= { connectionLost: (reason) => this.lose(reason) };
    }
    let built: IProtocol | null;
    try {
      built = buildProtocol(factory, transport.getPeer());
    } catch (error) {
      this.lose(asError(error));
      throw error;
    }
    if (built === null) {
      this.lose(new ConnectionDone("Connection was closed: the factory built no protocol"));
      return;
    }
    this.#protocol = built;
    if (secure) transport.completeHandshake();
    built.makeConnection(transport);
    this.#protocol = lastSuccessor(built);
    if (secure) this.#handshakeCompleted();
  }

  /**
   * Passes data of the peer to the protocol's `dataReceived`.
   *
   * @param data The bytes, or a string that is encoded as UTF-8.
   * @throws {Error} If the connection has been lost. Also the error of `dataReceived`.
   */
  receive(data: Uint8Array | string): void {
    if (this.#isLost) throw new Error(`Cannot receive data on ${this}: its connection is lost`);
    const bytes = typeof data === "string" ? encoder.encode(data) : data.slice();
    this.#protocol?.dataReceived(bytes);
  }

  /**
   * Completes a handshake that the protocol has started with `startTLS`, and calls the protocol's
   * `handshakeCompleted`, if it has that method.
   *
   * @param session The result of the handshake.
   * @throws {Error} If TLS has not been started. Also the error of `handshakeCompleted`.
   */
  completeHandshake(session?: Parameters<StringTransport["completeHandshake"]>[0]): void {
    if (!this.transport.tlsStarted) {
      throw new Error(`Cannot complete a handshake on ${this}: the protocol has not started TLS`);
    }
    this.transport.completeHandshake(session);
    this.#handshakeCompleted();
  }

  /**
   * Loses the connection: calls `connectionLost` of the protocol, and then `clientConnectionLost`
   * of a client's factory. Does nothing if the connection has been lost.
   *
   * @param reason The reason. The default is the reason of the protocol's `abortConnection()`, or a
   *   `ConnectionDone` if the protocol has not called it.
   */
  lose(reason: Error = this.transport.abortReason ?? new ConnectionDone()): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.transport.disconnect();
    try {
      this.#protocol?.connectionLost(reason);
    } finally {
      this.#owner.connectionLost(this, reason);
    }
  }

  /**
   * Aborts the connection, as a port does when the time of `drain()` has passed.
   *
   * @param reason The reason that `connectionLost` receives.
   */
  abort(reason: Error): void {
    this.transport.abortConnection(reason);
    this.lose(reason);
  }

  /** Returns the address of the peer. */
  getPeer(): Address {
    return this.transport.getPeer();
  }

  /** Describes the connection for a log: `FakeConnection with 192.0.2.1:80`. */
  toString(): string {
    return `${this.constructor.name} with ${this.getPeer()}`;
  }

  #handshakeCompleted(): void {
    const protocol = this.#protocol;
    if (this.#isLost || protocol === null || !isHandshakeListener(protocol)) return;
    protocol.handshakeCompleted();
    this.#protocol = lastSuccessor(protocol);
  }
}
