/**
 * A port that listens for stream connections. Twisted's `tcp.Port`.
 *
 * @module
 */

import { alike } from "../lifecycle/log_throttle.ts";
import { checkFactory } from "../lifecycle/argument_checks.ts";
import { Deferred } from "../../defer/deferred.ts";
import { succeed } from "../../defer/succeed.ts";
import { msg } from "../../log/mod.ts";
import { AcceptPauses } from "./accept_pauses.ts";
import { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionContext } from "./connection_context.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { buildProtocol, startFactory, stopFactory } from "./factory_calls.ts";
import {
  Handshake,
  type HandshakeDriver,
  type HandshakeEvents,
  type TLSWrapper,
} from "../tls/handshake.ts";
import type {
  Address,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  StreamPortStats,
} from "../interfaces/mod.ts";
import { type DrainTarget, PortDrain } from "./port_drain.ts";
import { ConnectionLimiter } from "./connection_limiter.ts";
import { ConnectionRates, RatePause } from "./connection_rates.ts";
import { isPeerNaming, whenPeerIsNamed } from "./peer_naming.ts";
import type { ReactorResource } from "../lifecycle/open_resources.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "./stream_acceptor.ts";
import type { StreamDriver } from "./stream_driver.ts";
import type { StreamPortLimits } from "./stream_port_limits.ts";
import { StreamPortProblems } from "./stream_port_problems.ts";
import { asError, callLogged, logUserError, nameInLog } from "../../defer/guarded_call.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";
import { checkTimeout } from "../../internal/validation.ts";
import { connectionOver } from "./unix_connection.ts";

/** A listening port for every kind of stream. */
export class StreamPort<A extends Address = Address>
  implements IListeningPort<A>, StreamAcceptorSink, ConnectionOwner, ReactorResource {
  readonly context: ConnectionContext;
  readonly limits: ConnectionLimits;
  readonly role = "server";
  readonly #factory: IProtocolFactory;
  readonly #overflow: StreamPortLimits["overflow"];
  readonly #bind: () => StreamAcceptor<A>;
  readonly #secure: TLSWrapper | null;
  #factoryStarted = false;
  #acceptor: StreamAcceptor<A> | null = null;
  #address: A | null = null;
  /** The Deferreds to fire when the port has closed; `null` while it listens. */
  #stopping: Deferred<void>[] | null = null;
  readonly #limiter: ConnectionLimiter;
  readonly #rates: ConnectionRates;
  readonly #ratePause: RatePause;
  readonly #problems: StreamPortProblems;
  /** The hosts of the connections whose factory names their peers. */
  readonly #namedHosts = new Map<Connection, string>();
  #accepted = 0;
  #accepting = false;
  readonly #pauses: AcceptPauses;
  #drains: PortDrain[] = [];

  /**
   * @param context The parts of the reactor that a port uses.
   * @param factory The factory that builds the protocols.
   * @param limits The limits of the port and its connections.
   * @param bind Binds the address. Throws a `CannotListenError`.
   * @param secure Adds TLS to each connection; its handshake comes before the protocol. `null`
   *   without TLS.
   * @throws {TypeError} when `factory` is not a factory.
   */
  constructor(
    context: ConnectionContext,
    factory: IProtocolFactory,
    limits: StreamPortLimits,
    bind: () => StreamAcceptor<A>,
    secure: TLSWrapper | null = null,
  ) {
    checkFactory("listen", factory);
    this.context = context;
    this.limits = limits.connection;
    this.#factory = factory;
    this.#overflow = limits.overflow;
    this.#limiter = new ConnectionLimiter(limits);
    this.#rates = new ConnectionRates(limits, context.reactor);
    this.#ratePause = new RatePause(context.reactor, () => this.#acceptNext());
    this.#problems = new StreamPortProblems(context.reactor, context.resources.traffic, this);
    this.#bind = bind;
    this.#secure = secure;
    this.#pauses = new AcceptPauses(context.reactor, () => this.#acceptNext());
    creationTracker?.maker(this);
  }

  /** The number of open connections, including those in their handshake. */
  get connectionCount(): number {
    return this.#limiter.open;
  }

  get stats(): StreamPortStats {
    return this.#problems.stats(this.#accepted);
  }

  startListening(): void {
    if (this.#acceptor !== null) {
      throw new Error(`Cannot listen on ${this.#address}: the port is listening already`);
    }
    const acceptor = this.#bind();
    this.#acceptor = acceptor;
    this.#address = acceptor.address;
    this.context.resources.add(this);
    acceptor.attach(this);
    if (this.#isNoisy) msg(`${this.#factoryName()} starting on ${acceptor.address}`);
    this.#startFactory(acceptor);
    this.context.reactor.callWhenRunning(() => this.#acceptNext());
  }

  stopListening(): Deferred<void> {
    if (this.#acceptor === null) return succeed(undefined);
    const stopped = new Deferred<void>();
    if (this.#stopping === null) {
      this.#stopping = [stopped];
      this.#close(this.#acceptor);
    } else {
      this.#stopping.push(stopped);
    }
    return stopped;
  }

  drain(seconds: number): Deferred<number> {
    checkTimeout("drain() seconds", seconds);
    const target: DrainTarget = {
      clock: this.context.reactor,
      connections: () => this.#connections(),
      handshakes: () => this.#handshakes(),
      isDrained: () => this.#acceptor === null && this.#limiter.open === 0,
    };
    const drain = new PortDrain(target, seconds);
    this.#drains.push(drain);
    const { open } = this.#limiter;
    msg(`(${this.#factoryName()} on ${this.#address} is draining: ${open} connections are open)`);
    // If the factory's doStop() throws, the drain fails with that error.
    this.stopListening().addErrback((error) => drain.fail(error));
    for (const connection of this.#connections()) connection.drain();
    this.#checkDrains();
    return drain.done;
  }

  fileno(): number {
    return this.#acceptor?.fd ?? -1;
  }

  getHost(): A {
    if (this.#address === null) {
      throw new Error("Cannot return the address of the port: it has never listened");
    }
    return this.#address;
  }

  /**
   * Describes the port for a log: `EchoFactory on 0.0.0.0:2000`, `EchoFactory on 0.0.0.0:2000
   * (closed)`.
   */
  toString(): string {
    const state = this.#acceptor === null
      ? " (closed)"
      : this.#stopping === null
      ? ""
      : " (closing)";
    return `${this.#factoryName()} on ${this.#address}${state}`;
  }

  /** Describes the port for `reactor.describe()`: its open connections and its counters. */
  describe(): string {
    const { accepted, refused, failedHandshakes, failedAccepts } = this.stats;
    return `${this}: open ${this.#limiter.open}, accepted ${accepted}, refused ${refused}, ` +
      `failed handshakes ${failedHandshakes}, failed accepts ${failedAccepts}`;
  }

  /** Stops listening, for `await using`: see {@linkcode stopListening}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopListening();
  }

  shutDown(): void {
    this.stopListening()
      .addErrback((error) => logUserError(error, `Error while closing ${this.#address}`));
  }

  unref(): void {
    this.#acceptor?.unref();
  }

  accepted(driver: StreamDriver): void {
    this.#accepting = false;
    this.#pauses.accepted();
    this.#admit(driver);
    this.#acceptNext();
  }

  acceptFailed(error: Error): void {
    this.#accepting = false;
    this.#problems.acceptFailed();
    this.#pauses.failed(error, String(this.#address));
  }

  turnedAway(): void {
    this.#accepting = false;
    this.#accepted++;
    this.#pauses.turnedAway();
    this.#problems.turnedAway();
    this.#acceptNext();
  }

  refused(peer: Address, why: string): void {
    this.#accepted++;
    this.#problems.refused(peer, { reason: "backlog", text: why });
  }

  released(): void {
    this.#problems.flush();
    const stopping = this.#stopping ?? [];
    this.#acceptor = this.#stopping = null;
    this.#accepting = false;
    if (this.#isNoisy) msg(`(${this.#factoryName()} on ${this.#address} closed)`);
    const failure = this.#stopFactory();
    // If doStop() called startListening(), the port is open again and must remain in the reactor's
    // list of resources.
    if (this.#acceptor === null) this.context.resources.delete(this);
    for (const stopped of stopping) {
      if (failure === null) stopped.callback();
      else stopped.errback(failure);
    }
    this.#checkDrains();
  }

  logSuffix(connection: Connection): string {
    return `${connection.session},${hostOf(connection.getPeer())}`;
  }

  logFailure(log: (count: number) => void): void {
    // A closed port writes no summary lines, so its failures are logged one by one.
    if (this.#acceptor === null) log(1);
    else this.#problems.userError(log);
  }

  connectionLost(connection: Connection): void {
    this.#limiter.leave(this.#namedHosts.get(connection) ?? this.#hostOf(connection.getPeer()));
    this.#namedHosts.delete(connection);
    this.#left();
  }

  /**
   * Counts an open connection under its peer, which has become known, unless that exceeds a limit:
   * a refused connection does not count under its host.
   *
   * @returns Whether the connection may stay open.
   */
  #count(connection: Connection, peer: Address): boolean {
    const host = hostOf(peer);
    const reason = this.#limiter.reasonToRefuseHost(host) ?? this.#rates.reasonToRefuseHost(host);
    if (reason !== null) {
      this.#problems.refused(peer, reason);
      return false;
    }
    this.#rates.nameHost(host);
    this.#limiter.nameHost(host);
    this.#namedHosts.set(connection, host);
    return true;
  }

  /** Returns the host under which a new connection is counted; `null` if it is named later. */
  #hostOf(peer: Address): string | null {
    return isPeerNaming(this.#factory) ? null : hostOf(peer);
  }

  /** Checks the drains and accepts the next connection, because a connection has closed. */
  #left(): void {
    this.#checkDrains();
    this.#acceptNext();
  }

  /** Starts the factory. If that throws, closes the socket. */
  #startFactory(acceptor: StreamAcceptor): void {
    try {
      startFactory(this.#factory);
      this.#factoryStarted = true;
    } finally {
      if (!this.#factoryStarted) {
        this.#stopping = [];
        acceptor.close();
      }
    }
  }

  /**
   * Stops the factory.
   *
   * @returns The exception of its doStop(), for the caller of stopListening() as in Twisted.
   */
  #stopFactory(): Error | null {
    if (!this.#factoryStarted) return null;
    this.#factoryStarted = false;
    try {
      stopFactory(this.#factory);
      return null;
    } catch (error) {
      return asError(error);
    }
  }

  #close(acceptor: StreamAcceptor): void {
    this.#pauses.stop();
    this.#ratePause.stop();
    acceptor.close();
    // Only open connections outlive the port. A connection whose handshake has not completed is not
    // open yet, so it is cancelled.
    for (const handshake of this.#handshakes()) handshake.cancel();
  }

  // Connections and handshakes are found among all resources of the reactor, because a separate set
  // would cost memory for each of them.

  /** Returns the open connections of the port. */
  #connections(): Connection[] {
    return this.context.resources.list().filter((resource): resource is Connection =>
      resource instanceof Connection && resource.connected && resource.isOf(this)
    );
  }

  /** Returns the handshakes of the port that have not released their drivers. */
  #handshakes(): Handshake[] {
    return this.context.resources.list().filter((resource): resource is Handshake =>
      resource instanceof Handshake && resource.isOf(this)
    );
  }

  #checkDrains(): void {
    if (this.#drains.length === 0) return;
    // The list is replaced first, because the callback of a completed drain may start another drain
    // or listen again.
    const drains = this.#drains;
    this.#drains = [];
    this.#drains.push(...drains.filter((drain) => !drain.check()));
  }

  #acceptNext(): void {
    if (
      this.#accepting || this.#pauses.isPaused || this.#stopping !== null || this.#acceptor === null
    ) return;
    if (this.#overflow === "pause") {
      if (this.#limiter.isFull) return this.#logHandshakeLimit();
      const { wait } = this.#rates;
      if (wait > 0) return this.#ratePause.start(wait);
    }
    this.#accepting = true;
    this.#acceptor.accept(this.#pauses.turnsAway);
  }

  /**
   * Logs that `maxHandshakes` has paused the port. A pause by a limit on connections is not logged,
   * because the application expects it.
   */
  #logHandshakeLimit(): void {
    const limit = this.#limiter.reachedHandshakeLimit;
    if (limit !== null) this.#problems.pausedByHandshakes(this.#address, limit);
  }

  #admit(driver: StreamDriver): void {
    const session = this.#accepted++;
    const peer = driver.getPeer();
    const host = this.#hostOf(peer);
    const reason = this.#limiter.reasonToRefuse(host) ?? this.#rates.reasonToRefuse(host);
    if (reason !== null) {
      this.#problems.refused(peer, reason);
      driver.abort();
      return;
    }
    this.#rates.enter(host);
    if (this.#secure === null) this.#connect(driver, session, 0);
    else this.#startHandshake(this.#secure(driver), session);
  }

  /** Opens a connection that was accepted `age` seconds ago. */
  #connect(driver: StreamDriver, session: number, age: number): void {
    const peer = driver.getPeer();
    const protocol = this.#buildProtocol(peer);
    if (protocol === null) {
      this.#problems.refusedByFactory(peer);
      driver.close();
      return;
    }
    const connection = connectionOver(this, driver, protocol, session);
    if (isPeerNaming(this.#factory)) this.#countWhenNamed(connection);
    this.#limiter.enter(this.#hostOf(peer));
    connection.open(age);
  }

  // The closures of the next two methods would take memory for each connection, even if it does not
  // need them, in a method that is called for each.

  #countWhenNamed(connection: Connection): void {
    whenPeerIsNamed(connection, (named) => this.#count(connection, named));
  }

  #logBuildFailure(error: unknown, peer: Address): void {
    this.logFailure((count) =>
      logUserError(error, `Error while calling buildProtocol for ${peer}${alike(count)}`)
    );
  }

  /** Starts a handshake, which counts as a connection until it completes. */
  #startHandshake(driver: HandshakeDriver, session: number): void {
    const peer = driver.getPeer();
    const host = this.#hostOf(peer);
    const { reactor } = this.context;
    const accepted = reactor.seconds();
    this.#limiter.enterHandshake(host);
    const events: HandshakeEvents = {
      completed: (secured) => this.#connect(secured, session, reactor.seconds() - accepted),
      failed: (reason) => {
        this.#problems.handshakeFailed(peer, accepted, reason);
        this.#reportHandshake(peer, reason);
      },
      released: () => {
        this.#limiter.leaveHandshake(host);
        this.#left();
      },
    };
    new Handshake(this.context.resources, driver, events, this).start();
  }

  /** Reports a failed handshake to the factory, or to the log. */
  #reportHandshake(peer: Address, reason: Error): void {
    const factory = this.#factory;
    if (factory.handshakeFailed === undefined) return this.#problems.logHandshake(reason);
    const notify = () => factory.handshakeFailed?.(peer, reason);
    callLogged(notify, [], `Error while calling handshakeFailed for ${peer}`);
  }

  #buildProtocol(peer: Address): IProtocol | null {
    try {
      return buildProtocol(this.#factory, peer);
    } catch (error) {
      this.#logBuildFailure(error, peer);
      return null;
    }
  }

  get #isNoisy(): boolean {
    return this.#factory.noisy !== false;
  }

  #factoryName(): string {
    return nameInLog(this.#factory);
  }
}

/**
 * Returns the key by which connections are counted: the host of an internet address, or "" for all
 * others.
 */
function hostOf(address: Address): string {
  return "host" in address ? String(address.host) : "";
}
