/**
 * A server that drains its ports and listens again.
 *
 * @module
 */

import { type Deferred, gatherResults } from "../../../defer/mod.ts";
import { Factory, LineReceiver } from "../../../protocol/mod.ts";
import { DrainTimeout } from "../../../reactor/errors.ts";
import type {
  Address,
  IDelayedCall,
  IDrainableProtocol,
  IListeningPort,
  ListenTCPOptions,
} from "../../../reactor/interfaces/mod.ts";
import type { SimulatedHost } from "../../simulation/mod.ts";
import { type DrainWorld, PORTS } from "./drain_world.ts";

/** Seconds without a byte after which a connection is closed. */
const IDLE_TIMEOUT = 8;
/** The deadlines of drains, in seconds. The longest request takes less than the longest one. */
const DEADLINES = [0, 0.1, 1, 4, Infinity];
const SHUTDOWN_DEADLINE = 3;
/** The limits of ports. At a limit, clients wait, or are refused and ask elsewhere. */
const LIMITS = [
  {},
  {},
  { maxConnections: 1 },
  { maxConnections: 2 },
  { maxConnections: 1, overflow: "refuse" },
  { maxConnectionsPerHost: 1 },
] as const;

/** A port with its connections. */
class OpenPort {
  readonly listener: Listener;
  readonly workers = new Set<Worker>();
  /** Connections that were aborted at the deadline of a drain. */
  aborted = 0;
  #port: IListeningPort | null = null;
  #drains = 0;

  constructor(listener: Listener) {
    this.listener = listener;
  }

  /** Sets the port, when it is open. */
  set port(port: IListeningPort) {
    this.#port = port;
  }

  /** Drains the port, and checks what drain() promises. */
  drain(seconds: number): Deferred<number> {
    const { listener } = this;
    if (this.#port === null) throw new Error("The port is not open");
    this.#drains++;
    listener.host.note(`drains ${this} within ${seconds} s`);
    const drained = this.#port.drain(seconds);
    listener.checkDeadline(seconds, () => drained.called);
    return drained.addCallback((reported) => {
      this.#checkDrained(reported);
      return reported;
    });
  }

  stopListening(): Deferred<void> {
    if (this.#port === null) throw new Error("The port is not open");
    return this.#port.stopListening();
  }

  #checkDrained(reported: number): void {
    const { world: { network } } = this.listener;
    network.sometimes("a drain ends without an abort", reported === 0);
    network.sometimes("a drain aborts connections", reported > 0);
    network.sometimes("a port has two drains", this.#drains > 1);
    if (this.workers.size > 0) network.fail(`${this} is drained, and has open connections`);
    // If a port has several drains, each of them counts the connections that it has aborted.
    if (this.#drains > 1 || reported === this.aborted) return;
    network.fail(`the drain of ${this} reports ${reported} of ${this.aborted} aborted connections`);
  }

  toString(): string {
    return String(this.#port);
  }
}

/** One connection: it answers requests, in any order. */
class Worker extends LineReceiver implements IDrainableProtocol {
  readonly #port: OpenPort;
  readonly #pending = new Map<string, () => void>();
  #isLeaving = false;
  /** The last answer. If the deadline is in the same turn, the answer is not sent. */
  #answered = { id: "", at: -1 };

  constructor(port: OpenPort) {
    super();
    this.#port = port;
  }

  override connectionMade(): void {
    const { listener: { world, maxConnections }, workers } = this.#port;
    workers.add(this);
    world.network.sometimes("a port reaches its limit", workers.size === maxConnections);
    if (workers.size > maxConnections) {
      world.network.fail(`${this.#port} has ${workers.size} of ${maxConnections} connections`);
    }
  }

  /** A request: `do ID MILLISECONDS`. */
  override textReceived(line: string): void {
    const [, id = "", milliseconds] = line.split(" ");
    if (this.#isLeaving) return this.sendLine(`no ${id}`);
    const { world, host } = this.#port.listener;
    world.accepted(id);
    const work = host.reactor.callLater(Number(milliseconds) / 1000, () => {
      this.#pending.delete(id);
      this.#answered = { id, at: host.reactor.seconds() };
      this.sendLine(`done ${id}`);
      this.#leaveIfIdle();
    });
    this.#pending.set(id, () => work.cancel());
  }

  drainRequested(): void {
    const { network } = this.#port.listener.world;
    this.#isLeaving = true;
    network.sometimes("a busy connection drains", this.#pending.size > 0);
    this.#leaveIfIdle();
  }

  override connectionLost(reason: Error): void {
    const { listener: { world, host }, workers } = this.#port;
    workers.delete(this);
    for (const cancel of this.#pending.values()) cancel();
    if (!(reason instanceof DrainTimeout)) return;
    this.#port.aborted++;
    for (const id of this.#pending.keys()) world.cut(id);
    if (this.#answered.at === host.reactor.seconds()) world.cut(this.#answered.id);
  }

  #leaveIfIdle(): void {
    if (!this.#isLeaving || this.#pending.size > 0) return;
    this.sendLine("bye");
    this.transport.loseConnection();
  }
}

/** The ports that are opened at one address, one after the other. */
class Listener extends Factory<Worker> {
  readonly world: DrainWorld;
  readonly host: SimulatedHost;
  /** The number of connections that each port may have at the same time. */
  readonly maxConnections: number;
  readonly #listen: () => IListeningPort;
  readonly #ports: OpenPort[] = [];
  /** The port that listens; `null` while it drains. */
  #current: OpenPort | null = null;
  #isClosing = false;
  readonly #checks: IDelayedCall[] = [];

  constructor(world: DrainWorld, host: SimulatedHost, port: number) {
    super();
    this.world = world;
    this.host = host;
    const options: ListenTCPOptions = {
      idleTimeout: IDLE_TIMEOUT,
      ...host.random.pick(LIMITS),
    };
    this.maxConnections = options.maxConnections ?? Infinity;
    const tls = { ...options, cert: "cert", key: "key", maxHandshakes: host.random.between(1, 2) };
    const { reactor } = host;
    this.#listen = port === PORTS[1]
      ? () => reactor.listenTLS(port, this, tls)
      : () => reactor.listenTCP(port, this, options);
  }

  override buildProtocol(_addr: Address): Worker | null {
    const { world, host } = this;
    if (this.#current !== null) return world.connections.watch(host, new Worker(this.#current));
    world.network.fail("a draining port has made a connection");
    return null;
  }

  /** Opens the port. */
  open(): void {
    const port = new OpenPort(this);
    this.#current = port;
    this.#ports.push(port);
    port.port = this.#listen();
  }

  /** Drains the port in a random way, and opens it again. */
  drain(): void {
    const { random } = this.host;
    const port = this.#current;
    if (port === null) return;
    this.#current = null;
    const way = random.below(5);
    if (way === 0) return this.#cancelDrain(port);
    port.drain(random.pick(DEADLINES)).addCallback(() => this.#reopen());
    if (way === 1) port.drain(random.pick(DEADLINES));
  }

  /** Closes the port for good, and drains all ports that were open before. */
  close(seconds: number): Deferred<unknown> {
    this.#isClosing = true;
    this.#current = null;
    return gatherResults(this.#ports.map((port) => port.drain(seconds)));
  }

  /** Checks that a drain has ended just after its deadline. */
  checkDeadline(seconds: number, hasEnded: () => boolean): void {
    if (seconds === Infinity) return;
    const { reactor } = this.host;
    const check = () => {
      if (!hasEnded()) this.world.network.fail(`a drain of ${seconds} s has passed its deadline`);
    };
    // If the process was paused at the deadline, many calls are due in the same turn. The check is
    // made in a later one.
    this.#checks.push(reactor.callLater(seconds, () => {
      if (!hasEnded()) this.#checks.push(reactor.callLater(0.001, check));
    }));
  }

  /** Cancels the checks that are due later. */
  cancelChecks(): void {
    for (const call of this.#checks) if (call.active()) call.cancel();
  }

  /** Closes the port, and leaves its connections open. */
  #cancelDrain(port: OpenPort): void {
    const { network } = this.world;
    const draining = port.drain(1).addErrback(() =>
      network.sometimes("a drain is cancelled", true)
    );
    draining.cancel();
    port.stopListening().addCallback(() => this.#reopen());
  }

  #reopen(): void {
    if (this.#isClosing) return;
    this.open();
    this.world.network.sometimes("a port listens again", true);
  }
}

/** A server with two ports. */
export class DrainServer {
  readonly #world: DrainWorld;
  readonly #host: SimulatedHost;
  readonly #listeners: readonly Listener[];
  #next: IDelayedCall | null = null;

  /**
   * @param world What is checked.
   * @param host The host of the server.
   */
  constructor(world: DrainWorld, host: SimulatedHost) {
    this.#world = world;
    this.#host = host;
    this.#listeners = PORTS.map((port) => new Listener(world, host, port));
  }

  /** Opens the ports, drains them again and again, and closes them when the reactor stops. */
  start(): void {
    const { reactor } = this.#host;
    for (const listener of this.#listeners) listener.open();
    this.#drainLater();
    reactor.addSystemEventTrigger("before", "shutdown", () => {
      this.#next?.cancel();
      return gatherResults(this.#listeners.map((listener) => listener.close(SHUTDOWN_DEADLINE)));
    });
    reactor.addSystemEventTrigger("during", "shutdown", () => {
      for (const listener of this.#listeners) listener.cancelChecks();
    });
  }

  #drainLater(): void {
    const { reactor, random } = this.#host;
    this.#next = reactor.callLater(random.between(500, 3000) / 1000, () => {
      if (!this.#world.isQuiet) random.pick(this.#listeners).drain();
      this.#drainLater();
    });
  }
}
