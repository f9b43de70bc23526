/**
 * A client of servers that drain: it asks until it gets its answers.
 *
 * @module
 */

import {
  backoffPolicy,
  ClientService,
  type IStreamClientEndpoint,
  TCP4ClientEndpoint,
  TLSClientEndpoint,
} from "../../../endpoints/mod.ts";
import { LineReceiver } from "../../../protocol/mod.ts";
import type { IDelayedCall } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedHost } from "../../simulation/mod.ts";
import { type DrainRequest, type DrainWorld, PORTS, SERVERS } from "./drain_world.ts";

/** Seconds after which a client gives up a connection without an answer. */
const ANSWER_TIMEOUT = 6;
const CONNECT_TIMEOUT = 3;
/** Requests in flight on one connection. */
const MOST_IN_FLIGHT = 2;
/** Requests of one process. */
const MOST_REQUESTS = 25;
/** The time that a request takes, in milliseconds. */
const LONGEST_WORK = 1500;

/** One connection to a server. */
class Asker extends LineReceiver {
  readonly #client: DrainClient;
  readonly #inFlight = new Map<string, DrainRequest>();
  #timeout: IDelayedCall | null = null;
  /** Whether the server accepts no more requests on this connection. */
  #isLeaving = false;

  constructor(client: DrainClient) {
    super();
    this.#client = client;
  }

  /** Whether another request may be sent. */
  get isReady(): boolean {
    return this.transport.connected && !this.transport.disconnecting && !this.#isLeaving &&
      this.#inFlight.size < MOST_IN_FLIGHT;
  }

  ask(request: DrainRequest): void {
    this.#inFlight.set(request.id, request);
    this.sendLine(`do ${request.id} ${this.#client.host.random.between(0, LONGEST_WORK)}`);
    this.#timeout?.reset(ANSWER_TIMEOUT);
  }

  override connectionMade(): void {
    const { host } = this.#client;
    this.#timeout = host.reactor.callLater(ANSWER_TIMEOUT, () => this.#giveUp());
    this.#client.connection = this;
    this.#client.askNext();
  }

  override textReceived(line: string): void {
    const [verb, id = ""] = line.split(" ");
    const request = this.#inFlight.get(id);
    if (verb === "bye") this.#isLeaving = true;
    else if (request === undefined) this.#client.world.network.fail(`${line} answers no request`);
    else {
      this.#inFlight.delete(id);
      this.#isLeaving ||= verb === "no";
      if (verb === "done") this.#client.answered(request);
      else this.#client.refused(request);
    }
    this.#timeout?.reset(ANSWER_TIMEOUT);
    this.#client.askNext();
  }

  override connectionLost(): void {
    if (this.#timeout?.active()) this.#timeout.cancel();
    for (const request of this.#inFlight.values()) this.#client.refused(request);
  }

  /** The server does not answer: perhaps it has not even accepted the connection. */
  #giveUp(): void {
    const { world } = this.#client;
    world.network.sometimes("a client gives up a connection", true);
    for (const id of this.#inFlight.keys()) world.cut(id);
    this.transport.abortConnection();
  }
}

/** A client with a connection to one server after the other. */
export class DrainClient {
  readonly world: DrainWorld;
  readonly host: SimulatedHost;
  /** The last connection. */
  connection: Asker | null = null;
  /** Requests that are to be sent. */
  readonly #waiting: DrainRequest[] = [];
  readonly #requests: DrainRequest[] = [];
  #attempts = 0;

  /**
   * @param world What is checked.
   * @param host The host of the client.
   */
  constructor(world: DrainWorld, host: SimulatedHost) {
    this.world = world;
    this.host = host;
    world.clients.set(host.name, this);
  }

  /** Whether all requests are answered. */
  get isIdle(): boolean {
    return this.#requests.every(({ isAnswered }) => isAnswered);
  }

  /** Connects, and makes requests. */
  start(): void {
    const { reactor, random } = this.host;
    const endpoint: IStreamClientEndpoint = {
      connect: (factory) => this.#nextEndpoint().connect(factory),
    };
    const factory = this.world.connections.factory(this.host, () => new Asker(this));
    const service = new ClientService(endpoint, factory, {
      clock: reactor,
      retryPolicy: backoffPolicy({ initialDelay: 0.05, maxDelay: 2, jitter: random.fraction }),
    });
    service.startService();
    const makeRequest = (): IDelayedCall => {
      this.#makeRequest();
      return reactor.callLater(random.between(100, 600) / 1000, () => next = makeRequest());
    };
    let next = makeRequest();
    reactor.addSystemEventTrigger("before", "shutdown", () => {
      next.cancel();
      return service.stopService();
    });
  }

  /** Sends a request if a connection is ready. */
  askNext(): void {
    while (this.connection?.isReady) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      this.connection.ask(request);
    }
  }

  answered(request: DrainRequest): void {
    if (request.isAnswered) this.world.network.fail(`${request.id} was answered twice`);
    request.isAnswered = true;
    this.world.network.sometimes("a request is answered", true);
  }

  /** Sends a request again later: it was refused, or its connection was lost. */
  refused(request: DrainRequest): void {
    this.world.network.sometimes("a client asks again", true);
    this.#waiting.push(request);
    this.askNext();
  }

  #makeRequest(): void {
    if (this.world.isQuiet || this.#requests.length >= MOST_REQUESTS) return;
    const number = Number(this.host.disk.get("requests") ?? 0) + 1;
    this.host.disk.set("requests", number);
    const request = { id: `${this.host.name}:${number}`, isAnswered: false };
    this.#requests.push(request);
    this.#waiting.push(request);
    this.askNext();
  }

  /** Returns the endpoints of all servers and ports in turn. */
  #nextEndpoint(): IStreamClientEndpoint {
    const { reactor } = this.host;
    const attempt = this.#attempts++;
    const [first, second] = SERVERS;
    const address = this.world.network.addressOf(attempt % 2 === 0 ? first : second);
    const options = { timeout: CONNECT_TIMEOUT };
    return this.host.random.below(2) === 0
      ? new TCP4ClientEndpoint(reactor, address, PORTS[0], options)
      : new TLSClientEndpoint(reactor, address, PORTS[1], options);
  }
}
