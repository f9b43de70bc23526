/**
 * Port forwarding: each connection to a port is forwarded over a second connection to another port,
 * in both directions. Twisted's `twisted.protocols.portforward`.
 *
 * Each connection is the push producer of the other one: a slow reader pauses the sender at its
 * source. The forwarder buffers little more than the high-water mark of a write buffer for each
 * direction.
 *
 * The end of each direction is forwarded as well. Twisted closes both connections when one has
 * closed, and loses the data in transit in the other direction.
 *
 * - When one peer closes its writing side, the writing side of the other connection is closed once
 *   all data has been sent. Data still flows in the other direction.
 * - When one connection closes cleanly, the other one is closed once all data has been sent.
 * - When one connection breaks, the other one is aborted, so that its peer does not take a part for
 *   the whole.
 *
 * @module
 */

import { isInstance, messageOf } from "../internal/foreign_value.ts";
import * as log from "../log/mod.ts";
import type {
  Address,
  ConnectTCPOptions,
  IConnector,
  IHalfCloseableProtocol,
  IProtocolFactory,
  IReactorTCP,
  IReactorTime,
  WriteOptions,
} from "../reactor/interfaces/mod.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import { alike, LogThrottle } from "../reactor/lifecycle/log_throttle.ts";
import { ClientFactory, ServerFactory } from "./factory.ts";
import { Protocol } from "./protocol.ts";

/** The members of a forwarding protocol that the protocol of the other connection uses. */
export type ForwardingPeer = Pick<ForwardingProtocol, "peer" | "setPeer" | "transport">;

const TRANSFERRED: WriteOptions = { transfer: true };

/**
 * One of the two connections that are joined. Twisted's `Proxy`, a name that JavaScript uses
 * otherwise.
 *
 * @typeParam F The factory that builds it.
 */
export class ForwardingProtocol<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F>
  implements IHalfCloseableProtocol {
  /** The protocol of the other connection; null until it is connected, and after it is lost. */
  peer: ForwardingPeer | null = null;
  #readEnded = false;

  /**
   * Sets the protocol of the other connection.
   *
   * @param peer The protocol.
   */
  setPeer(peer: ForwardingPeer): void {
    this.peer = peer;
  }

  /**
   * Forwards a chunk. Its memory is transferred to the other transport, which frees it when it has
   * been sent. Override this method to look at the data, and copy what you keep.
   */
  override dataReceived(data: Uint8Array): void {
    this.peer?.transport.write(data, TRANSFERRED);
  }

  /**
   * The peer has closed its writing side: closes that of the other connection, after the data that
   * was sent.
   */
  readConnectionLost(): void {
    this.#readEnded = true;
    const transport = this.peer?.transport;
    transport?.unregisterProducer();
    transport?.loseWriteConnection();
  }

  /** This connection's writing side is closed, because the other peer closed its own. */
  writeConnectionLost(): void {}

  /** Closes the other connection if this one closed cleanly, and aborts it if this one broke. */
  override connectionLost(reason: Error): void {
    const { peer } = this;
    if (peer === null) return;
    this.peer = peer.peer = null;
    peer.transport.unregisterProducer();
    // If the peer closed its writing side before its connection broke, it had sent all its data, so
    // the other connection is closed in the normal way.
    if (this.#readEnded || isInstance(reason, ConnectionDone)) peer.transport.loseConnection();
    else peer.transport.abortConnection(reason);
  }
}

/** The connection to the destination. Twisted's `ProxyClient`. */
export class ProxyClient extends ForwardingProtocol {
  /** Joins the two connections, and resumes the client's. */
  override connectionMade(): void {
    const { peer, transport } = this;
    if (peer === null) {
      throw new Error(
        `Cannot forward a connection with ${this.constructor.name}: setPeer() has not been called`,
      );
    }
    peer.setPeer(this);
    transport.registerProducer(peer.transport, true);
    peer.transport.registerProducer(transport, true);
    peer.transport.resumeProducing();
  }
}

/**
 * Builds the protocol of the connection to the destination, for one client. Twisted's
 * `ProxyClientFactory`.
 */
export class ProxyClientFactory extends ClientFactory<ProxyClient> {
  /** The class of the protocol to build. */
  override protocol: new () => ProxyClient = ProxyClient;
  /** The protocol of the client's connection; null until {@linkcode setServer} is called. */
  server: ProxyServer | null = null;

  /**
   * Sets the protocol of the client's connection.
   *
   * @param server The protocol.
   */
  setServer(server: ProxyServer): void {
    this.server = server;
  }

  /** Builds the protocol of the connection to the destination, and gives it that of the client. */
  override buildProtocol(addr: Address): ProxyClient | null {
    const client = super.buildProtocol(addr);
    if (this.server !== null) client?.setPeer(this.server);
    return client;
  }

  /** The destination cannot be reached: closes the client's connection. */
  override clientConnectionFailed(_connector: IConnector, reason: Error): void {
    return this.server?.peerUnreachable(reason);
  }
}

/** The connection from a client. Twisted's `ProxyServer`. */
export class ProxyServer extends ForwardingProtocol<ProxyFactory> {
  /** The class of the factory for the connection to the destination. */
  clientProtocolFactory: new () => ProxyClientFactory = ProxyClientFactory;
  #connector: IConnector | null = null;

  /**
   * Connects to the destination. The transport is paused until then, so the client's data waits.
   */
  override connectionMade(): void {
    const { factory } = this;
    this.transport.pauseProducing();
    const client = new this.clientProtocolFactory();
    client.setServer(this);
    this.#connector = factory.reactor.connectTCP(
      factory.host,
      factory.port,
      client,
      factory.options,
    );
  }

  /** Ends the other connection, or the attempt to connect it. Twisted does not end the attempt. */
  override connectionLost(reason: Error): void {
    const isConnecting = this.peer === null && this.#connector?.state === "connecting";
    super.connectionLost(reason);
    if (isConnecting) this.#connector?.stopConnecting();
  }

  /**
   * Called when the destination cannot be reached. By default it logs the reason and closes the
   * client's connection. Override it to send the client an error first.
   *
   * @param reason The reason: a `ConnectError`.
   */
  peerUnreachable(reason: Error): void {
    // The client has disconnected, and its `connectionLost` has cancelled the attempt to connect.
    if (!this.transport.connected) return;
    this.factory.logUnreachable(this.transport.getPeer(), reason);
    this.transport.loseConnection();
  }
}

/**
 * Forwards each connection to another port. Twisted's `ProxyFactory`, which uses the process's
 * reactor; here the reactor is a parameter.
 *
 * @example Forward local port 2000 to port 80 of another host
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { ProxyFactory } from "@torsion/reactor/protocol";
 *
 * reactor.listenTCP(2000, new ProxyFactory(reactor, "example.org", 80));
 * await reactor.run();
 * ```
 */
export class ProxyFactory extends ServerFactory<ProxyServer> {
  /** The class of the protocol to build for each client. */
  override protocol: new () => ProxyServer = ProxyServer;
  /** The reactor that connects to the destination. */
  readonly reactor: IReactorTCP;
  /** The destination's host: a name or an address. */
  readonly host: string;
  /** The destination's port number. */
  readonly port: number;
  /** Options of the connections to the destination. */
  readonly options: ConnectTCPOptions;
  readonly #unreachable: LogThrottle | null;

  /**
   * Creates a factory that has not connected yet.
   *
   * @param reactor The reactor that connects to the destination.
   * @param host The destination's host: a name or an address.
   * @param port The destination's port number.
   * @param options Options of the connections to the destination, such as `timeout`.
   */
  constructor(
    reactor: IReactorTCP,
    host: string,
    port: number,
    options: ConnectTCPOptions = {},
  ) {
    super();
    this.reactor = reactor;
    this.#unreachable = isClock(reactor) ? new LogThrottle(reactor) : null;
    this.host = host;
    this.port = port;
    this.options = options;
  }

  /**
   * Logs that a connection could not be forwarded. The first is logged at once; those within the
   * next second share one line, because any client can cause them.
   *
   * @param peer The client's address.
   * @param reason The reason: a `ConnectError`.
   */
  logUnreachable(peer: Address, reason: Error): void {
    const line = `Cannot forward the connection from ${peer}: ${messageOf(reason)}`;
    const write = (count: number): void => log.warn(`${line}${alike(count)}`, { reason, count });
    if (this.#unreachable === null) write(1);
    else this.#unreachable.add(write);
  }

  /** Logs the counts that have not been logged yet. */
  override stopFactory(): void {
    this.#unreachable?.flush();
  }
}

/** Returns whether a reactor has a clock: one may implement `IReactorTCP` alone. */
function isClock(reactor: object): reactor is IReactorTime {
  return "seconds" in reactor && "callLater" in reactor;
}
