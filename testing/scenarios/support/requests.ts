/**
 * What the scenarios of `RequestQueue` and `KeyedRequestQueue` share: clients that make requests of
 * all kinds, and the checks of how each request ends.
 *
 * The clients follow the example of `Heartbeat`: its heartbeats are sent as requests. A client that
 * has lost its connection connects again.
 *
 * @module
 */

import { CancelledError, type Deferred, gatherResults, TimeoutError } from "../../../defer/mod.ts";
import { connectProtocol, TCP4ClientEndpoint } from "../../../endpoints/mod.ts";
import {
  Heartbeat,
  isRequestFailure,
  LineOnlyReceiver,
  RequestLost,
  RequestQueueFull,
  RequestSendFailed,
} from "../../../protocol/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";
import { TERMINATED, Terminator } from "./terminating.ts";
import { WatchedConnections } from "./watched_connections.ts";
import { OwnCalls } from "./own_calls.ts";
import { Server, SLOWEST } from "./request_server.ts";
import {
  type Asked,
  NEW,
  numberIn,
  PING,
  type QueueUnderTest,
  Refused,
  type RequestWorld,
  type TestedQueue,
} from "./request_world.ts";

const PORT = 2000;
/** Seconds until a request times out, unless it has another timeout. */
const TIMEOUT = 2;
const HEARTBEAT = { interval: 3, maxMissed: 2 };
const RETRY = 1;
const LINGER = 5;
const CONNECT_TIMEOUT = 5;
/** The most requests in flight. */
const MOST_IN_FLIGHT = 6;
/**
 * The time within which a client gets an answer after the network has healed: a dead connection is
 * noticed, another one is made, and the slow answers that the server owes come first.
 */
const RECOVERY = 4 * HEARTBEAT.interval + RETRY + CONNECT_TIMEOUT + MOST_IN_FLIGHT * SLOWEST;

/** The states that some seed must reach with each kind of queue. */
export const states = [
  "a request is answered",
  "a request is refused",
  "a request times out in flight",
  "a request is cancelled in flight",
  "a request is abandoned before it is sent",
  "the answer to an abandoned request arrives",
  "the queue is full",
  "a connection is lost with requests in flight",
  "a connection is lost with requests that wait",
  TERMINATED,
];

/** Runs the scenario with a queue. */
export async function runRequests(network: SimulatedNetwork, queue: QueueUnderTest): Promise<void> {
  // A heartbeat for which no id is free is logged.
  network.allowErrors((error) => isOutOfIds(error) && !queue.isOrdered);
  const world: RequestWorld = {
    network,
    connections: new WatchedConnections(network),
    queue,
    asked: [],
    served: new Set(),
    answered: new Map(),
    isHealed: false,
  };
  network.addHost("server", (host) => {
    const factory = world.connections.factory(host, () => new Server(host, world));
    host.reactor.listenTCP(PORT, factory, { linger: LINGER });
  });
  const names: string[] = [];
  for (let i = 1; i <= network.parameter("clients", 2); i++) {
    names.push(`client${i}`);
    network.addHost(`client${i}`, (host) => new Program(host, world).start());
  }
  const terminator = new Terminator(network, world.connections, LINGER + 0.1);
  await network.sleep(network.parameter("seconds", 60, 5));
  terminator.stop();
  network.heal();
  world.isHealed = true;
  const healedAt = network.seconds();
  await gatherResults(names.map((name) => {
    const isAnswered = () => (world.answered.get(name) ?? -1) > healedAt;
    const what = `${name} gets answers after the network has healed`;
    return network.eventually(RECOVERY, what, isAnswered);
  }));
  await network.shutDown();
  world.connections.checkAllLost();
}

/** Whether an error is that of a `KeyedRequestQueue` that finds no free id. */
function isOutOfIds(error: unknown): boolean {
  return error instanceof RequestSendFailed && error.cause instanceof RangeError &&
    /^Cannot send a request with the id \d+: a request with this id is already in flight$/
      .test(error.cause.message);
}

/** The connection of a client. */
class Client extends LineOnlyReceiver {
  readonly #program: Program;
  #heartbeat: Heartbeat | null = null;
  readonly queue: TestedQueue;
  readonly maxInFlight: number;
  /** The requests on this connection that have no outcome. */
  readonly pending = new Set<Asked>();
  /** The number of the last request that was answered. */
  lastAnswered = 0;
  lostWith: Error | null = null;

  constructor(program: Program, queue: QueueUnderTest) {
    super();
    this.#program = program;
    const { reactor, random } = program.host;
    this.maxInFlight = random.between(1, MOST_IN_FLIGHT);
    this.queue = queue.make((line) => this.sendLine(line), program.host, {
      clock: reactor,
      timeout: TIMEOUT,
      maxInFlight: this.maxInFlight,
      maxWaiting: random.between(1, 10),
    });
  }

  override connectionMade(): void {
    this.#heartbeat = new Heartbeat(this.#program.host.reactor, this.transport, {
      ...HEARTBEAT,
      send: () => this.#program.ping(this),
    });
    this.#heartbeat.start();
  }

  override dataReceived(data: Uint8Array): void {
    this.#heartbeat?.alive();
    super.dataReceived(data);
  }

  override textReceived(line: string): void {
    this.#program.answerArrives(numberIn(line));
    this.queue.received(line);
  }

  override connectionLost(reason: Error): void {
    this.#heartbeat?.stop();
    this.lostWith = reason;
    if (this.queue.inFlight > 0) {
      this.#program.sometimes("a connection is lost with requests in flight");
    }
    if (this.queue.waiting > 0) {
      this.#program.sometimes("a connection is lost with requests that wait");
    }
    this.queue.connectionLost(reason);
    this.#program.lost(this);
  }
}

/** The program of a client. */
class Program {
  readonly host: SimulatedHost;
  readonly #world: RequestWorld;
  readonly #own: OwnCalls;
  #client: Client | null = null;

  constructor(host: SimulatedHost, world: RequestWorld) {
    this.host = host;
    this.#world = world;
    this.#own = new OwnCalls(host.reactor);
  }

  start(): void {
    this.#connect();
    this.#act();
  }

  sometimes(state: string): void {
    this.#world.network.sometimes(state, true);
  }

  /** Sends a heartbeat, which the server answers as any request. */
  ping({ queue, maxInFlight }: Client): Deferred<string> {
    const asked = { number: PING, askedAt: 0, maxInFlight, ...NEW };
    return queue.request(asked, {});
  }

  /** Called before the queue gets an answer. */
  answerArrives(number: number): void {
    if (this.#world.asked[number]?.isSettled) {
      this.sometimes("the answer to an abandoned request arrives");
    }
  }

  /** Called when a connection is lost. */
  lost(client: Client): void {
    if (client.pending.size > 0) this.#fail("a request outlasts its connection");
    if (this.#client === client) this.#client = null;
    client.queue.request({ number: PING, askedAt: 0, maxInFlight: 1, ...NEW }, {}).addCallbacks(
      () => this.#fail("a request is answered without a connection"),
      (error) => {
        const isRight = error instanceof RequestLost && error.cause === client.lostWith;
        if (!isRight || error.sent) this.#fail("a late request fails without the reason");
      },
    );
    this.#own.later(RETRY, () => this.#connect());
  }

  #fail(what: string): void {
    this.#world.network.fail(`${this.host}: ${what}`);
  }

  #connect(): void {
    const { reactor } = this.host;
    const endpoint = new TCP4ClientEndpoint(reactor, "10.0.0.1", PORT, {
      timeout: CONNECT_TIMEOUT,
    });
    const client = this.#world.connections.watch(this.host, new Client(this, this.#world.queue));
    connectProtocol(endpoint, client).addCallbacks((client) => {
      if (client.lostWith === null) this.#client = client;
    }, () => this.#own.later(RETRY, () => this.#connect()));
  }

  /** Makes some requests, again and again. */
  #act(): void {
    const { random } = this.host;
    for (let left = random.below(4); left > 0; left--) {
      if (this.#client !== null) this.#ask(this.#client);
    }
    this.#own.later(random.between(100, 2000) / 1000, () => this.#act());
  }

  /** Makes a request with random options. */
  #ask(client: Client): void {
    const { random } = this.host;
    const choice = random.below(10);
    const timeout = choice === 0 ? Infinity : choice === 1 ? random.below(1000) / 1000 : undefined;
    const aborting = choice === 2 ? new AbortController() : null;
    const asked: Asked = {
      number: Math.max(this.#world.asked.length, 1),
      askedAt: this.#world.network.seconds(),
      maxInFlight: client.maxInFlight,
      ...NEW,
    };
    this.#world.asked[asked.number] = asked;
    client.pending.add(asked);
    const isFull = client.queue.waiting > 0;
    const answer = client.queue.request(asked, { timeout, signal: aborting?.signal });
    if (timeout !== Infinity) {
      this.#own.later(timeout ?? TIMEOUT, () => {
        if (!asked.isSettled) this.#fail("a request outlasts its timeout");
      });
    }
    if (aborting !== null || choice === 3) {
      this.#own.later(random.below(500) / 1000, () => {
        if (asked.isSettled) return;
        asked.isCancelled = true;
        if (aborting === null) answer.cancel();
        else aborting.abort();
      });
    }
    answer.addBoth((result) => {
      if (asked.isSettled) this.#fail("a request has two outcomes");
      asked.isSettled = true;
      client.pending.delete(asked);
      this.#settled(client, asked, result, isFull, timeout ?? TIMEOUT);
    });
  }

  /** Checks the outcome of a request. */
  #settled(
    client: Client,
    asked: Asked,
    result: unknown,
    isFull: boolean,
    timeout: number,
  ): void {
    const { number, isSent, isCancelled } = asked;
    if (typeof result === "string") return this.#answered(client, asked, result);
    if (result instanceof Refused) {
      if (result.message !== String(number)) this.#fail("a request got the refusal of another one");
      return this.sometimes("a request is refused");
    }
    if (!isRequestFailure(result)) return this.#fail(`a request fails without \`sent\`: ${result}`);
    if (result.sent !== isSent) this.#fail("a failure is wrong about whether the request was sent");
    if (result instanceof RequestQueueFull) {
      if (!isFull || isSent) this.#fail("a request fails although the queue is not full");
      return this.sometimes("the queue is full");
    }
    if (result instanceof RequestLost) {
      if (result.cause !== client.lostWith) this.#fail("a request is lost with another reason");
      return;
    }
    if (isOutOfIds(result) && !this.#world.queue.isOrdered) {
      if (isSent) this.#fail("a request that was sent fails because no id is free");
      return this.sometimes("all ids are in use");
    }
    if (!isSent) this.sometimes("a request is abandoned before it is sent");
    if (result instanceof TimeoutError && !isCancelled) {
      const elapsed = this.#world.network.seconds() - asked.askedAt;
      // The clock of a host counts microseconds, and is wrong by up to 100 millionths.
      if (elapsed < timeout * 0.9998 - 1e-5) this.#fail("a request times out too early");
      if (isSent) this.sometimes("a request times out in flight");
    } else if (result instanceof CancelledError && isCancelled) {
      if (isSent) this.sometimes("a request is cancelled in flight");
    } else this.#fail(`a request fails without a reason: ${result}`);
  }

  #answered(client: Client, { number, askedAt }: Asked, answer: string): void {
    if (answer !== String(number)) this.#fail("a request got the answer to another one");
    this.sometimes("a request is answered");
    const isLate = number < client.lastAnswered;
    if (isLate && this.#world.queue.isOrdered) this.#fail("an answer comes out of order");
    if (isLate) this.sometimes("an answer overtakes another one");
    client.lastAnswered = number;
    const before = this.#world.answered.get(this.host.name) ?? -1;
    this.#world.answered.set(this.host.name, Math.max(before, askedAt));
  }
}
