/**
 * Port forwarding: each connection to a port is forwarded over a second connection to another port,
 * in both directions. Twisted's `twisted.protocols.portforward`.
 *
 * The two connections are joined as {@linkcode joinConnections} joins them: a slow reader pauses
 * the sender at its source, and the end of each direction is forwarded. Twisted closes both
 * connections when one has closed, and loses the data in transit in the other direction.
 *
 * @module
 */

import { messageOf } from "../internal/foreign_value.ts";
import { checkFunction, checkInteger, quote } from "../internal/validation.ts";
import * as log from "../log/mod.ts";
import type {
  Address,
  ConnectTCPOptions,
  IConnector,
  IHalfCloseableProtocol,
  IProtocolFactory,
  IReactorTCP,
  IReactorTime,
} from "../reactor/interfaces/mod.ts";
import { alike, LogThrottle } from "../reactor/lifecycle/log_throttle.ts";
import { lendMemory, memoryFilled } from "../reactor/stream/memory_lender.ts";
import { ClientFactory, ServerFactory } from "./factory.ts";
import { connectProducers, forwardData, forwardLoss, forwardReadEnd } from "./forwarded_events.ts";
import { ForwardedMemory } from "./forwarded_memory.ts";
import { Protocol } from "./protocol.ts";
import { encodeProxyHeader } from "./proxy_protocol/encode_proxy_header.ts";
import {
  ConnectorAttempt,
  EndpointAttempt,
  type ProxyAttempt,
  type ProxyFactoryOptions,
} from "./proxy_attempt.ts";

/** The members of a forwarding protocol that the protocol of the other connection uses. */
export type ForwardingPeer = Pick<ForwardingProtocol, "peer" | "setPeer" | "transport">;

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
  #hasReadEnded = false;
  readonly #memory = new ForwardedMemory();

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
   * been sent. Override this method to look at the data, and copy what you keep. An override also
   * receives large amounts, which are otherwise forwarded without chunks.
   */
  override dataReceived(data: Uint8Array): void {
    if (this.peer !== null) forwardData(this.peer.transport, data);
  }

  /** Lends memory for a large read, unless a subclass looks at the data. */
  [lendMemory](sizeHint: number): Uint8Array<ArrayBuffer> | null {
    const isPlain = this.dataReceived === ForwardingProtocol.prototype.dataReceived;
    return isPlain ? this.#memory.lend(sizeHint) : null;
  }

  /** Forwards the bytes that were read into the borrowed memory. */
  [memoryFilled](count: number): void {
    if (this.peer !== null) this.#memory.forward(this.peer.transport, count);
  }

  /**
   * The peer has closed its writing side: closes that of the other connection, after the data that
   * was sent.
   */
  readConnectionLost(): void {
    this.#hasReadEnded = true;
    this.#memory.release();
    if (this.peer !== null) forwardReadEnd(this.peer.transport);
  }

  /** This connection's writing side is closed, because the other peer closed its own. */
  writeConnectionLost(): void {}

  /** Closes the other connection if this one closed cleanly, and aborts it if this one broke. */
  override connectionLost(reason: Error): void {
    const { peer } = this;
    this.#memory.abandon();
    if (peer === null) return;
    this.peer = peer.peer = null;
    forwardLoss(peer.transport, reason, this.#hasReadEnded);
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
    connectProducers(transport, peer.transport);
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
  #attempt: ProxyAttempt | null = null;

  /**
   * Connects to the destination. The transport is paused until then, so the client's data waits.
   */
  override connectionMade(): void {
    this.transport.pauseProducing();
    const client = new this.clientProtocolFactory();
    client.setServer(this);
    this.#attempt = this.factory.connect(client, this);
  }

  /**
   * Sets the protocol of the connection to the destination, which has just been made, and sends the
   * PROXY header, if the factory requires one.
   */
  override setPeer(peer: ForwardingPeer): void {
    super.setPeer(peer);
    const { proxyHeader: version } = this.factory;
    if (version === null) return;
    const { transport } = this;
    const addresses = { source: transport.getPeer(), destination: transport.getHost() };
    peer.transport.write(encodeProxyHeader({ version, ...addresses }));
  }

  /** Ends the other connection, or the attempt to connect it. Twisted does not end the attempt. */
  override connectionLost(reason: Error): void {
    const isConnecting = this.peer === null;
    super.connectionLost(reason);
    if (isConnecting) this.#attempt?.cancel();
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
    this.factory.logUnreachable(this.transport.getPeer(), reason, this.transport.clock);
    this.transport.loseConnection();
  }
}

/** Options of a {@linkcode ProxyFactory} that forwards to one port. */
export interface ProxyPortOptions
  extends ConnectTCPOptions, Pick<ProxyFactoryOptions, "proxyHeader"> {}

/**
 * Forwards each connection to another port, or to an endpoint that a function chooses. Twisted's
 * `ProxyFactory`, which uses the process's reactor; here the reactor is a parameter.
 *
 * @example Forward local port 2000 to port 80 of another host
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { ProxyFactory } from "@torsion/reactor/protocol";
 *
 * reactor.listenTCP(2000, new ProxyFactory(reactor, "example.org", 80));
 * await reactor.run();
 * ```
 *
 * @example Distribute connections over two servers
 * ```ts no-eval
 * import { ProxyFactory, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
 *
 * const hosts = ["10.0.0.1", "10.0.0.2"];
 * const servers = hosts.map((host) => new TCP4ClientEndpoint(reactor, host, 80));
 * let count = 0;
 * const choose = () => servers[count++ % servers.length] ?? null;
 *
 * reactor.listenTCP(2000, new ProxyFactory({ choose, attempts: 2 }));
 * await reactor.run();
 * ```
 */
export class ProxyFactory extends ServerFactory<ProxyServer> {
  /** The class of the protocol to build for each client. */
  override protocol: new () => ProxyServer = ProxyServer;
  /** The version of the PROXY header that is sent to the destination; `null` for none. */
  readonly proxyHeader: 1 | 2 | null;
  readonly #destination: PortDestination | ProxyFactoryOptions;
  #unreachable: LogThrottle | null = null;

  /**
   * Creates a factory that forwards to one port.
   *
   * @param reactor The reactor that connects to the destination.
   * @param host The destination's host: a name or an address.
   * @param port The destination's port number.
   * @param options Options of the connections to the destination, such as `timeout`, and the
   *   version of the PROXY header.
   * @throws {RangeError} when there is no such version.
   */
  constructor(reactor: IReactorTCP, host: string, port: number, options?: ProxyPortOptions);
  /**
   * Creates a factory that forwards each connection to an endpoint of its own.
   *
   * @param options The function that chooses the endpoint.
   * @throws {TypeError} when `choose` is not a function.
   * @throws {RangeError} when `attempts` is out of range, or there is no such PROXY header.
   */
  constructor(options: ProxyFactoryOptions);
  constructor(
    first: IReactorTCP | ProxyFactoryOptions,
    host?: string,
    port?: number,
    { proxyHeader, ...options }: ProxyPortOptions = {},
  ) {
    super();
    if (host === undefined || port === undefined) {
      const chosen = checkedOptions(first);
      this.proxyHeader = checkedVersion(chosen.proxyHeader);
      this.#destination = chosen;
    } else {
      this.proxyHeader = checkedVersion(proxyHeader);
      // The cast is safe: the first signature requires a reactor with a host and a port.
      this.#destination = { reactor: first as IReactorTCP, host, port, options };
    }
  }

  /**
   * The reactor that connects to the destination.
   *
   * @throws {Error} when the factory chooses the destination of each connection.
   */
  get reactor(): IReactorTCP {
    return this.#port("reactor").reactor;
  }

  /**
   * The destination's host: a name or an address.
   *
   * @throws {Error} when the factory chooses the destination of each connection.
   */
  get host(): string {
    return this.#port("host").host;
  }

  /**
   * The destination's port number.
   *
   * @throws {Error} when the factory chooses the destination of each connection.
   */
  get port(): number {
    return this.#port("port").port;
  }

  /**
   * Options of the connections to the destination.
   *
   * @throws {Error} when the factory chooses the destination of each connection.
   */
  get options(): ConnectTCPOptions {
    return this.#port("options").options;
  }

  /**
   * Starts to connect to the destination of a client. Called by the protocol of the client's
   * connection.
   *
   * @param client The factory of the protocol for the connection to the destination.
   * @param server The protocol of the client's connection.
   * @returns The attempt.
   */
  connect(client: ProxyClientFactory, server: ProxyServer): ProxyAttempt {
    const destination = this.#destination;
    if ("choose" in destination) return new EndpointAttempt(destination, client, server);
    const { reactor, host, port, options } = destination;
    return new ConnectorAttempt(reactor.connectTCP(host, port, client, options));
  }

  /**
   * Logs that a connection could not be forwarded. The first is logged at once; those within the
   * next second share one line, because any client can cause them.
   *
   * @param peer The client's address.
   * @param reason The reason: a `ConnectError`.
   * @param clock The clock of the client's connection. Without a clock, every line is logged.
   */
  logUnreachable(peer: Address, reason: Error, clock?: IReactorTime): void {
    const line = `Cannot forward the connection from ${peer}: ${messageOf(reason)}`;
    const write = (count: number): void => log.warn(`${line}${alike(count)}`, { reason, count });
    if (clock !== undefined) this.#unreachable ??= new LogThrottle(clock);
    if (this.#unreachable === null) write(1);
    else this.#unreachable.add(write);
  }

  /** Logs the counts that have not been logged yet. */
  override stopFactory(): void {
    this.#unreachable?.flush();
  }

  #port(member: string): PortDestination {
    const destination = this.#destination;
    if (!("choose" in destination)) return destination;
    throw new Error(
      `Cannot get the ${member} of ${this.constructor.name}: it chooses an endpoint for each client`,
    );
  }
}

function checkedVersion(version: unknown): 1 | 2 | null {
  if (version === undefined) return null;
  if (version === 1 || version === 2) return version;
  throw new RangeError(`ProxyFactory() proxyHeader must be 1 or 2, got ${quote(version)}`);
}

/** A destination that is one port. */
interface PortDestination {
  readonly reactor: IReactorTCP;
  readonly host: string;
  readonly port: number;
  readonly options: ConnectTCPOptions;
}

function checkedOptions(options: object): ProxyFactoryOptions {
  const { choose, attempts = 1 } = options as Partial<ProxyFactoryOptions>;
  checkFunction("ProxyFactory() choose", choose);
  checkInteger("ProxyFactory() attempts", attempts, 1, Number.MAX_SAFE_INTEGER);
  return options as ProxyFactoryOptions;
}
