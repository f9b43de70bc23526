/** A connection of this library as the transport of NATS's own client. */

import { StreamProtocol } from "@torsion/reactor";
import {
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  setTransportFactory,
  type Transport,
} from "@nats-io/nats-core/internal";

/** The transports that clients are about to ask for, in that order. */
const starting: Transport[] = [];
setTransportFactory({
  factory: (): Transport => {
    const transport = starting.shift();
    if (transport === undefined) throw new Error("Cannot connect to NATS: use a NATSTransport");
    return transport;
  },
});

/**
 * A connection to NATS. With it, the client works on any endpoint and reactor, and only the service
 * of this library connects again. (The client's own transport for Node leaves a socket open for
 * each attempt at a server that accepts and does not answer.)
 */
export class NATSTransport extends StreamProtocol implements Transport {
  readonly lang = "nats.js";
  readonly version = "3.4.0";
  closeError?: Error;
  isClosed = false;
  readonly #lost = Promise.withResolvers<void>();

  /**
   * Starts the client.
   *
   * @throws {Error} If NATS does not accept it, or the connection is lost.
   */
  startClient(options: ConnectionOptions): Promise<NatsConnection> {
    starting.push(this);
    return NatsConnectionImpl.connect({ ...options, reconnect: false });
  }

  override connectionMade(): void {
    this.transport.setTcpNoDelay(true);
  }

  /** NATS never closes one direction alone. */
  override readConnectionLost(): void {
    super.readConnectionLost();
    this.transport.loseConnection();
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    this.isClosed = true;
    this.closeError = reason;
    this.#lost.resolve();
  }

  /** The endpoint has connected. */
  connect(): Promise<void> {
    return Promise.resolve();
  }

  /** Always `false`: whether the connection is encrypted is a matter of the endpoint. */
  isEncrypted(): boolean {
    return false;
  }

  send(frame: Uint8Array): void {
    this.transport.write(frame);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    try {
      yield* this.readable.values({ preventCancel: true });
    } catch {
      // The client learns of the loss by closed().
    } finally {
      // A client that reads no more has found an error in what it has read.
      this.transport.abortConnection();
    }
  }

  /** Called with the reason if NATS refuses the client, because of its login for example. */
  close(error?: Error): Promise<void> {
    if (error === undefined) this.transport.loseConnection();
    else this.transport.abortConnection(error);
    return this.closed();
  }

  /** Called when NATS is silent. */
  disconnect(): void {
    this.transport.abortConnection();
  }

  closed(): Promise<void> {
    return this.#lost.promise;
  }

  discard(): void {
    this.transport.abortConnection();
  }
}
