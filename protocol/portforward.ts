/**
 * Port forwarding: each connection to a port is connected on to another, and bytes go both ways. Twisted's
 * `twisted.protocols.portforward`.
 *
 * Each side is the other's push producer: a reader that is slow pauses what is sent to it at its source, and the forwarder holds little
 * more than a write buffer's high-water mark for each direction, whatever goes through.
 *
 * Ends are passed on as they come, which Twisted's does not do: it closes both connections when one has ended, and what was under way in
 * the other direction is lost.
 *
 * - When one side sends no more, the other is told so once all has gone out, and may answer at leisure.
 * - When one side is gone in order, the other is closed once all has gone out.
 * - When one side breaks, the other is aborted: its peer must not take half of what was sent for the whole.
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

/** The part of a forwarding protocol that the one on the other side uses. */
export type ForwardingPeer = Pick<ForwardingProtocol, "peer" | "setPeer" | "transport">;

const GIVEN: WriteOptions = { transfer: true };

/**
 * One of the two connections. Twisted's `Proxy`, a name that means something else in JavaScript.
 *
 * @typeParam F The factory that builds it.
 */
export class ForwardingProtocol<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F>
  implements IHalfCloseableProtocol {
  /** The other connection; null while there is none. */
  peer: ForwardingPeer | null = null;
  #readEnded = false;

  /** Takes the other connection. */
  setPeer(peer: ForwardingPeer): void {
    this.peer = peer;
  }

  /**
   * Passes bytes on. A chunk is given to the other transport, which frees it when it has been sent: override this to look at what
   * passes, and copy what is to be kept.
   */
  override dataReceived(data: Uint8Array): void {
    this.peer?.transport.write(data, GIVEN);
  }

  /** This side sends no more: the other is told, behind what was sent. */
  readConnectionLost(): void {
    this.#readEnded = true;
    const transport = this.peer?.transport;
    transport?.unregisterProducer();
    transport?.loseWriteConnection();
  }

  /** The other side sends no more, and all that it sent has gone out here. */
  writeConnectionLost(): void {}

  /** Ends the other connection, in the way in which this one ended. */
  override connectionLost(reason: Error): void {
    const { peer } = this;
    if (peer === null) return;
    this.peer = peer.peer = null;
    peer.transport.unregisterProducer();
    // One that had ended its sending before it broke has sent all that it had to.
    if (this.#readEnded || isInstance(reason, ConnectionDone)) peer.transport.loseConnection();
    else peer.transport.abortConnection(reason);
  }
}

/** The connection to where is forwarded to. Twisted's `ProxyClient`. */
export class ProxyClient extends ForwardingProtocol {
  /** Joins the two connections. */
  override connectionMade(): void {
    const { peer, transport } = this;
    if (peer === null) throw new Error(`${this.constructor.name} has no peer to forward from`);
    peer.setPeer(this);
    transport.registerProducer(peer.transport, true);
    peer.transport.registerProducer(transport, true);
    peer.transport.resumeProducing();
  }
}

/** Makes the connection on, for one connection that came. Twisted's `ProxyClientFactory`. */
export class ProxyClientFactory extends ClientFactory<ProxyClient> {
  /** What is made. */
  override protocol: new () => ProxyClient = ProxyClient;
  /** The connection that came; null until {@linkcode setServer}. */
  server: ProxyServer | null = null;

  /** Takes the connection that came. */
  setServer(server: ProxyServer): void {
    this.server = server;
  }

  /** Builds the protocol of the connection on, and gives it the connection that came. */
  override buildProtocol(addr: Address): ProxyClient | null {
    const client = super.buildProtocol(addr);
    if (this.server !== null) client?.setPeer(this.server);
    return client;
  }

  /** There is nothing to forward to: the connection that came is closed. */
  override clientConnectionFailed(_connector: IConnector, reason: Error): void {
    return this.server?.peerUnreachable(reason);
  }
}

/** The connection that came. Twisted's `ProxyServer`. */
export class ProxyServer extends ForwardingProtocol<ProxyFactory> {
  /** Makes the factory of the connection on. */
  clientProtocolFactory: new () => ProxyClientFactory = ProxyClientFactory;
  #connector: IConnector | null = null;

  /** Connects on, and receives nothing before that is done: what is sent before waits with its sender. */
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

  /** Ends the other connection, or the attempt to make it. Twisted's connects in vain. */
  override connectionLost(reason: Error): void {
    const isConnecting = this.peer === null && this.#connector?.state === "connecting";
    super.connectionLost(reason);
    if (isConnecting) this.#connector?.stopConnecting();
  }

  /**
   * The connection on could not be made: says so in the log, and closes this one. Override it to tell the client why.
   *
   * @param reason Why.
   */
  peerUnreachable(reason: Error): void {
    // An attempt that was given up because the client had left is nobody's business.
    if (!this.transport.connected) return;
    this.factory?.logUnreachable(this.transport.getPeer(), reason);
    this.transport.loseConnection();
  }
}

/**
 * Forwards each connection to another port. Twisted's `ProxyFactory`, which reaches for the process's reactor; here it is handed in.
 *
 * @example Port 2000 here is port 80 of another host
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { ProxyFactory } from "@torsion/reactor/protocol";
 *
 * reactor.listenTCP(2000, new ProxyFactory(reactor, "example.org", 80));
 * await reactor.run();
 * ```
 */
export class ProxyFactory extends ServerFactory<ProxyServer> {
  /** What is made for each connection. */
  override protocol: new () => ProxyServer = ProxyServer;
  /** What connects. */
  readonly reactor: IReactorTCP;
  /** Where to forward to. */
  readonly host: string;
  /** The port there. */
  readonly port: number;
  /** How it is connected. */
  readonly options: ConnectTCPOptions;
  readonly #unreachable: LogThrottle | null;

  /**
   * Names where to forward to; nothing connects yet.
   *
   * @param reactor What connects.
   * @param host A name or an address.
   * @param port The port number.
   * @param options How it connects, and the bounds of the connections on.
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
   * Logs that a connection could not be forwarded: the first at once, and those that follow within a second in one line, as any client can
   * bring it about.
   *
   * @param peer Whose connection it is.
   * @param reason Why.
   */
  logUnreachable(peer: Address, reason: Error): void {
    const line = `Cannot forward ${peer}: ${messageOf(reason)}`;
    const write = (count: number): void => log.warn(`${line}${alike(count)}`, { reason, count });
    if (this.#unreachable === null) write(1);
    else this.#unreachable.add(write);
  }

  /** Logs what is due. */
  override stopFactory(): void {
    this.#unreachable?.flush();
  }
}

/** A reactor that only connects is none. */
function isClock(reactor: object): reactor is IReactorTime {
  return "seconds" in reactor && "callLater" in reactor;
}
