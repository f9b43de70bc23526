/**
 * Clients of RESP that keep a connection to a server with `RESPClientFactory` and `ClientService`,
 * make requests with one deadline for connecting and for the answer, and subscribe to a channel.
 * The server answers late or never, and closes some connections, before or after it has carried out
 * a command.
 *
 * Invariants:
 *
 * - Each request has one outcome, at its deadline at the latest: the answer to its own command, or
 *   a `RequestFailure`.
 * - A command whose failure says `sent: false` never reaches the server, and no command reaches it
 *   twice.
 * - A subscription continues on each new connection. It gets messages in their order, each once.
 * - After the network has healed, each client gets answers and messages within the timeouts of one
 *   dead connection, one attempt and one wait of the backoff.
 * - A program that gets SIGTERM ends within the linger time of a connection.
 * - Exactly one `connectionLost` for each `connectionMade`; no timed call is left.
 *
 * @module
 */

import { Deferred, gatherResults } from "../../defer/mod.ts";
import { backoffPolicy, ClientService, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import {
  isRequestFailure,
  RequestCancelled,
  RequestLost,
  RequestTimeout,
} from "../../protocol/mod.ts";
import {
  asInteger,
  CommandTable,
  PushReply,
  type RESPClient,
  RESPClientFactory,
  type RESPCommand,
  RESPServerProtocol,
} from "../../protocol/resp/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../simulation/mod.ts";
import { OwnCalls } from "./support/own_calls.ts";
import { TERMINATED, Terminator } from "./support/terminating.ts";
import { WatchedConnections } from "./support/watched_connections.ts";

const PORT = 6379;
const HEARTBEAT = { interval: 2, maxMissed: 2 };
const LINGER = 3;
const ATTEMPT_TIMEOUT = 5;
const MAX_DELAY = 8;
/** The longest time between two requests of a client, and between two messages. */
const LONGEST_WAIT = 2;
/** The longest time in which the server answers, in seconds. */
const SLOWEST = 3;
/**
 * The time within which a client gets an answer and a message after the network has healed: a dead
 * connection is noticed, an attempt that lost its packets times out, its connection is closed, the
 * longest wait passes, an attempt succeeds, and the answers before its own come first.
 */
const RECOVERY = 4 * HEARTBEAT.interval + ATTEMPT_TIMEOUT + LINGER + (MAX_DELAY + 1) +
  LONGEST_WAIT + 6 * SLOWEST;

/** The states that some seed must reach. */
export const states = [
  "a request is answered",
  "a request waits for a connection, and is answered",
  "a request times out before it is sent",
  "a request times out after it was sent",
  "a request is lost before it is sent",
  "a request is lost after it was sent",
  "a command is carried out although its connection is lost",
  "a request is cancelled by the stop of the service",
  "a subscription is confirmed again",
  TERMINATED,
] as const;

/** What all programs of one simulation share. */
interface World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  /** The numbers of the commands that the server has received. */
  readonly received: Set<number>;
  /** The numbers of the commands that failed with `sent: false`. */
  readonly unsent: Set<number>;
  lastCommand: number;
  lastMessage: number;
  isHealed: boolean;
}

/** Makes the factory of a client. A variant with a planted bug passes another function. */
export type MakeFactory = (
  ...args: ConstructorParameters<typeof RESPClientFactory>
) => RESPClientFactory;

/** Runs the scenario. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, (...args) => new RESPClientFactory(...args));

/** Runs the scenario with the given factories. */
export async function runWith(network: SimulatedNetwork, makeFactory: MakeFactory): Promise<void> {
  const world: World = {
    network,
    connections: new WatchedConnections(network),
    received: new Set(),
    unsent: new Set(),
    lastCommand: 0,
    lastMessage: 0,
    isHealed: false,
  };
  network.addHost("server", (host) => new Server(host, world).start());
  const clients = new Map<string, Program>();
  const names: string[] = [];
  for (let i = 1; i <= network.parameter("clients", 3); i++) {
    const name = `client${i}`;
    names.push(name);
    network.addHost(name, (host) => void clients.set(name, new Program(host, world, makeFactory)));
  }
  const terminator = new Terminator(network, world.connections, 2 * LINGER + 0.1);
  await network.sleep(network.parameter("seconds", 60, 5));
  terminator.stop();
  network.heal();
  world.isHealed = true;
  const [command, message] = [world.lastCommand, world.lastMessage];
  await gatherResults(
    names.map((name) =>
      network.eventually(
        RECOVERY,
        `${name} gets answers and messages after the network has healed`,
        () => {
          const client = clients.get(name);
          return client !== undefined && client.answered > command && client.message > message;
        },
      )
    ),
  );
  await network.shutDown();
  world.connections.checkAllLost();
  for (const client of clients.values()) client.checkEnd();
  for (const number of world.unsent) {
    if (world.received.has(number)) network.fail("a command that was not sent reached the server");
  }
}

/** The connection of the server. */
class Connection extends RESPServerProtocol {
  isSubscribed = false;
}

/** The program of the server. */
class Server {
  readonly #host: SimulatedHost;
  readonly #world: World;
  readonly #own: OwnCalls;
  readonly #connections = new Set<Connection>();
  readonly #commands = new CommandTable<Connection>({
    PING: { arity: 1, run: () => "PONG" },
    RUN: { arity: 2, run: (command, client) => this.#run(command, client) },
    SUBSCRIBE: { arity: 2, run: (command, client) => this.#subscribe(command, client) },
  });

  constructor(host: SimulatedHost, world: World) {
    this.#host = host;
    this.#world = world;
    this.#own = new OwnCalls(host.reactor);
  }

  start(): void {
    const { connections } = this.#world;
    const factory = connections.factory(this.#host, () => {
      const connection = new Connection(this.#commands);
      this.#connections.add(connection);
      return connection;
    });
    this.#host.reactor.listenTCP(PORT, factory, { linger: LINGER });
    this.#publish();
  }

  #run(command: RESPCommand, client: Connection): number | Deferred<number> {
    const number = Number(command.text(0));
    const { network, received, isHealed } = this.#world;
    if (received.has(number)) network.fail("a command reached the server twice");
    received.add(number);
    const chance = isHealed ? 100 : this.#host.random.below(100);
    if (chance < 2) client.transport.abortConnection();
    else if (chance < 4) client.transport.loseConnection();
    const answer = new Deferred<number>();
    // Some commands are never answered.
    if (chance === 4) return answer;
    const seconds = chance < 20 ? SLOWEST : 0.2;
    this.#own.later(this.#host.random.fraction() * seconds, () => answer.callback(number));
    return answer;
  }

  #subscribe(command: RESPCommand, client: Connection): PushReply {
    client.isSubscribed = true;
    return new PushReply([["subscribe", command.text(0), 1]]);
  }

  /** Publishes a number, again and again. */
  #publish(): void {
    this.#own.later(this.#host.random.fraction() * LONGEST_WAIT, () => {
      const number = ++this.#world.lastMessage;
      for (const connection of this.#connections) {
        if (!connection.transport.connected) this.#connections.delete(connection);
        else if (connection.isSubscribed) connection.push(["message", "news", `${number}`]);
      }
      this.#publish();
    });
  }
}

/** The program of a client, from one start of its host to the next. */
class Program {
  readonly host: SimulatedHost;
  /** The number of the last command that was answered, and of the last message. */
  answered = 0;
  message = 0;
  readonly #world: World;
  readonly #own: OwnCalls;
  readonly #service: ClientService<RESPClient>;
  /** The requests that have no outcome. */
  #pending = 0;
  #isStopping = false;

  constructor(host: SimulatedHost, world: World, makeFactory: MakeFactory) {
    this.host = host;
    this.#world = world;
    this.#own = new OwnCalls(host.reactor);
    const { reactor, random } = host;
    const factory = makeFactory({
      clock: reactor,
      timeout: Infinity,
      maxInFlight: random.between(1, 6),
      maxTimeouts: 3,
      heartbeat: HEARTBEAT,
    });
    const endpoint = new TCP4ClientEndpoint(reactor, "10.0.0.1", PORT, { linger: LINGER });
    const watched = this.#watched(factory);
    this.#service = new ClientService(endpoint, watched, {
      clock: reactor,
      attemptTimeout: ATTEMPT_TIMEOUT,
      prepareConnection: factory.prepare,
      retryPolicy: backoffPolicy({ maxDelay: MAX_DELAY, jitter: random.fraction }),
    });
    reactor.addSystemEventTrigger("before", "shutdown", () => {
      this.#isStopping = true;
      return this.#service.stopService();
    });
    factory.subscribe("news", {
      message: ({ text }) => this.#received(Number(text)),
      resubscribed: () => this.#sometimes("a subscription is confirmed again"),
    });
    this.#service.startService();
    this.#act();
  }

  /** Checks that nothing waits, after the reactor has stopped. */
  checkEnd(): void {
    const isRunning = this.#own.reactor === this.host.reactor;
    if (isRunning && this.#pending > 0) this.#fail("a request waits for ever");
  }

  #sometimes(state: typeof states[number]): void {
    this.#world.network.sometimes(state, true);
  }

  #fail(what: string): void {
    this.#world.network.fail(`${this.host}: ${what}`);
  }

  #watched(factory: RESPClientFactory): RESPClientFactory {
    const buildProtocol = factory.buildProtocol.bind(factory);
    return Object.assign(factory, {
      buildProtocol: (...args: Parameters<typeof buildProtocol>) =>
        this.#world.connections.watch(this.host, buildProtocol(...args)),
    });
  }

  #received(number: number): void {
    if (number <= this.message) this.#fail("a message comes twice, or out of order");
    this.message = number;
  }

  /** Makes some requests, again and again. */
  #act(): void {
    const { random } = this.host;
    for (let left = random.below(4); left > 0; left--) this.#ask();
    this.#own.later(random.fraction() * LONGEST_WAIT, () => this.#act());
  }

  #ask(): void {
    const number = ++this.#world.lastCommand;
    const timeout = this.host.random.between(500, 8000) / 1000;
    let [isAsked, isSettled] = [false, false];
    this.#pending++;
    const answer = this.#service.request((client) => {
      isAsked = true;
      return client.command(["RUN", number], { read: asInteger });
    }, { timeout });
    const hadConnection = isAsked;
    this.#own.later(timeout + 0.001, () => {
      if (!isSettled) this.#fail("a request outlasts its deadline");
    });
    answer.addBoth((outcome) => {
      if (isSettled) this.#fail("a request has two outcomes");
      isSettled = true;
      this.#pending--;
      if (outcome instanceof Error) return this.#failed(number, outcome);
      if (outcome !== number) this.#fail("a request got the answer to another one");
      if (!this.#world.received.has(number)) this.#fail("a command was answered and not received");
      this.answered = Math.max(this.answered, number);
      this.#sometimes("a request is answered");
      if (!hadConnection) this.#sometimes("a request waits for a connection, and is answered");
    });
  }

  /** Checks the failure of a request. */
  #failed(number: number, error: Error): void {
    if (!isRequestFailure(error)) return this.#fail(`a request fails without \`sent\`: ${error}`);
    if (!error.sent) this.#world.unsent.add(number);
    if (error instanceof RequestTimeout) {
      this.#sometimes(
        `a request times out ${error.sent ? "after it was sent" : "before it is sent"}`,
      );
    } else if (error instanceof RequestLost) {
      this.#sometimes(
        `a request is lost ${error.sent ? "after it was sent" : "before it is sent"}`,
      );
      if (this.#world.received.has(number)) {
        this.#sometimes("a command is carried out although its connection is lost");
      }
    } else if (error instanceof RequestCancelled && this.#isStopping) {
      this.#sometimes("a request is cancelled by the stop of the service");
    } else this.#fail(`a request fails without a reason: ${error}`);
  }
}
