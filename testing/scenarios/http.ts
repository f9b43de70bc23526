/**
 * Clients that send pipelined requests to an `HTTPFactory`, with bodies of a known length and
 * chunked ones, in pieces. The handler reads each body at once or as a stream, and answers after a
 * while, with a text or a stream. Clients now and then do not read for a second, and a few of them
 * for longer than `sendTimeout`.
 *
 * Invariants:
 *
 * - A handler gets each request at most once, and its body completely or with an error.
 * - A client gets the responses in the order of its requests, each completely and with the right
 *   body. The status is 200, or 408 after a fault has delayed the request.
 * - A request is answered within its deadline, and a response is sent within `sendTimeout`, unless
 *   a fault explains the delay: no pause is left without its end.
 * - When a connection is lost, the body that its handler waits for fails, and the stream of its
 *   response is cancelled.
 * - After the network has healed, each client gets a response within the timeouts of one dead
 *   connection and one attempt.
 * - A program that gets SIGTERM ends within the linger time of a connection.
 * - Exactly one `connectionLost` for each `connectionMade`; no timed call is left.
 *
 * @module
 */

import { Deferred, gatherResults } from "../../defer/mod.ts";
import { connectProtocol, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { HTTPFactory } from "../../protocol/http/mod.ts";
import type { IDelayedCall } from "../../reactor/interfaces/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../simulation/mod.ts";
import {
  HTTPClientProtocol,
  type ReceivedResponse,
  requestBody,
  responseBody,
} from "./support/http_requests.ts";
import { OwnCalls } from "./support/own_calls.ts";
import { explainsSilence, slowReads } from "./support/past_faults.ts";
import { TERMINATED, Terminator } from "./support/terminating.ts";
import { WatchedConnections } from "./support/watched_connections.ts";

const PORT = 80;
const LINGER = 3;
const CONNECT_TIMEOUT = 5;
const SEND_TIMEOUT = 4;
const BODY_TIMEOUT = 6;
const SETTINGS = {
  headTimeout: 6,
  bodyTimeout: BODY_TIMEOUT,
  sendTimeout: SEND_TIMEOUT,
  keepAliveTimeout: 5,
  bodyHighWater: 4096,
  maxPipelined: 4096,
};
const MOST_IN_FLIGHT = 3;
/** The longest time in which a handler does not read, or does not answer, in seconds. */
const SLOWEST = 0.4;
/** The longest time between two pieces of a body, and between two requests, in seconds. */
const LONGEST_WAIT = 0.5;
/**
 * The time in which a client does not read, in seconds. One of {@linkcode LONG_ONE_IN} pauses takes
 * much longer.
 */
const READ_PAUSE = 1;
const LONG_PAUSE = SEND_TIMEOUT + 4;
const LONG_ONE_IN = 12;
const MOST_PIECES = 4;
/** Seconds in which a request is answered, unless there is a fault. */
const DEADLINE = 30;
const RECOVERY = DEADLINE + CONNECT_TIMEOUT + LINGER + 2 * LONGEST_WAIT + DEADLINE;

/** The states that some seed must reach. */
export const states = [
  "a request is answered",
  "a pipelined request is answered",
  "a request is lost",
  "a body fails",
  "a response is cancelled",
  "a request comes too late",
  "a response is not read in time",
  TERMINATED,
] as const;

/** What all programs of one simulation share. */
interface World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  /** The requests whose handlers have been called. */
  readonly handled: Set<number>;
  lastRequest: number;
  /** When the last client that does not read for longer than `sendTimeout` has read again. */
  unreadUntil: number;
}

/** Runs the scenario. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const connections = new WatchedConnections(network);
  const world: World = {
    network,
    connections,
    handled: new Set(),
    lastRequest: 0,
    unreadUntil: -1,
  };
  network.addHost("server", (host) => new Server(host, world).listen());
  const names = ["client1", "client2"];
  const clients = new Map<string, Program>();
  for (const name of names) {
    network.addHost(name, (host) => {
      const program = new Program(host, world);
      clients.set(name, program);
      program.connect();
    });
  }
  const terminator = new Terminator(network, connections, 2 * LINGER + 0.1);
  await network.sleep(network.parameter("seconds", 30, 5));
  terminator.stop();
  network.heal();
  const last = world.lastRequest;
  await gatherResults(names.map((name) => {
    const isAnswered = () => (clients.get(name)?.answered ?? 0) > last;
    const what = `${name} gets a response after the network has healed`;
    return network.eventually(RECOVERY, what, isAnswered);
  }));
  await network.shutDown();
  connections.checkAllLost();
}

/** Returns whether a delay since a moment has a reason outside of the protocols. */
function explains({ network, unreadUntil }: World, since: number): boolean {
  return unreadUntil > since || explainsSilence(network, since) ||
    slowReads(network) > SEND_TIMEOUT - 2 * READ_PAUSE;
}

/** The program of the server. */
class Server {
  readonly #host: SimulatedHost;
  readonly #world: World;
  readonly #own: OwnCalls;
  /** The peers for whose bytes handlers wait, and to whom responses are streamed. */
  readonly #waits = new Set<{ readonly peer: string }>();

  constructor(host: SimulatedHost, world: World) {
    this.#host = host;
    this.#world = world;
    this.#own = new OwnCalls(host.reactor);
  }

  listen(): void {
    const { connections, network } = this.#world;
    const factory = new HTTPFactory(
      (request, { peer }) => this.#handle(request, String(peer)),
      SETTINGS,
    );
    const buildProtocol = factory.buildProtocol.bind(factory);
    factory.buildProtocol = (addr) => {
      const channel = buildProtocol(addr);
      const { connectionLost } = channel;
      channel.connectionLost = (reason) => {
        if (reason.message.includes("has not read what was sent")) {
          network.sometimes("a response is not read in time", true);
          if (!explains(this.#world, network.seconds() - SEND_TIMEOUT)) {
            network.fail(`${this.#host}: a response stalls without a fault`);
          }
        }
        connectionLost.call(channel, reason);
        this.#own.later(1, () => this.#checkNoWait(String(addr)));
      };
      return connections.watch(this.#host, channel);
    };
    this.#host.reactor.listenTCP(PORT, factory, { linger: LINGER });
  }

  /** Checks that nothing waits for a connection that was lost a second ago. */
  #checkNoWait(lost: string): void {
    if (![...this.#waits].some(({ peer }) => peer === lost)) return;
    this.#world.network.fail(`${this.#host}: a handler waits for a connection that is lost`);
  }

  async #handle(request: Request, peer: string): Promise<Response> {
    const { network, handled } = this.#world;
    const number = Number(new URL(request.url).pathname.slice(1));
    if (handled.has(number)) network.fail(`${this.#host}: a request is handled twice`);
    handled.add(number);
    const { random } = this.#host;
    const [collects, streams, delay] = [random.below(2), random.below(2), random.fraction()];
    const body =
      await (collects === 0 ? this.#wait(peer, () => request.text()) : this.#read(request, peer));
    if (body !== requestBody(number)) network.fail(`${this.#host}: a body has changed`);
    await this.#sleep(delay * SLOWEST);
    const text = responseBody(number);
    return new Response(streams === 0 ? text : this.#stream(text, peer));
  }

  /** Counts a wait for the connection, and notes its error. */
  async #wait<T>(peer: string, f: () => Promise<T> | undefined): Promise<T | undefined> {
    const wait = { peer };
    this.#waits.add(wait);
    try {
      return await f();
    } catch (error) {
      this.#world.network.sometimes("a body fails", true);
      throw error;
    } finally {
      this.#waits.delete(wait);
    }
  }

  async #read(request: Request, peer: string): Promise<string> {
    const reader = request.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = "";;) {
      const piece = await this.#wait(peer, () => reader?.read());
      if (piece === undefined || piece.done) return text;
      text += piece.value;
      if (this.#host.random.below(4) === 0) await this.#sleep(SLOWEST / 4);
    }
  }

  #stream(text: string, peer: string): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    const size = Math.ceil(text.length / MOST_PIECES);
    let at = 0;
    const wait = { peer };
    this.#waits.add(wait);
    return new ReadableStream({
      pull: async (controller) => {
        if (this.#host.random.below(2) === 0) await this.#sleep(SLOWEST / 4);
        controller.enqueue(encoder.encode(text.slice(at, at += size)));
        if (at < text.length) return;
        this.#waits.delete(wait);
        controller.close();
      },
      cancel: () => {
        this.#waits.delete(wait);
        this.#world.network.sometimes("a response is cancelled", true);
      },
    }, { highWaterMark: 0 });
  }

  #sleep(seconds: number): Deferred<void> {
    const slept = new Deferred<void>();
    this.#own.later(seconds, () => slept.callback());
    return slept;
  }
}

/** The connection of a client. */
class Client extends HTTPClientProtocol {
  readonly #program: Program;
  readonly #own: OwnCalls;
  /** The requests that are not answered, in their order, with their times. */
  readonly #inFlight: { readonly number: number; readonly sentAt: number }[] = [];
  #deadline: IDelayedCall | null = null;
  #isSending = false;
  #isLast = false;

  constructor(program: Program) {
    super();
    this.#program = program;
    this.#own = program.own;
  }

  override connectionMade(): void {
    this.#sendLater();
    this.#pauseLater();
  }

  override responseReceived({ status, body, isLast }: ReceivedResponse): void {
    const { world, host } = this.#program;
    const { network } = world;
    const request = this.#inFlight.shift();
    if (request === undefined) return network.fail(`${host}: a response without a request`);
    const { number, sentAt } = request;
    if (this.#isLast) network.fail(`${host}: a response after the last one`);
    this.#isLast = isLast;
    this.#watch();
    if (status === 200) {
      if (body !== responseBody(number)) network.fail(`${host}: a response is wrong`);
      if (!world.handled.has(number)) network.fail(`${host}: a response without a handler`);
      network.sometimes("a request is answered", true);
      if (this.#inFlight.length > 0) network.sometimes("a pipelined request is answered", true);
      this.#program.answered = number;
    } else if (status !== 408 || !isLast) {
      network.fail(`${host}: a response has the status ${status}`);
    } else {
      network.sometimes("a request comes too late", true);
      if (!explains(world, sentAt)) network.fail(`${host}: 408 without a fault`);
    }
    this.#sendLater();
  }

  override connectionLost(): void {
    this.#deadline?.cancel();
    this.#deadline = null;
    if (this.#inFlight.length > 0) {
      this.#program.world.network.sometimes("a request is lost", true);
    }
    this.#program.connectLater();
  }

  get #isOpen(): boolean {
    return this.transport.connected && !this.transport.disconnecting;
  }

  /** Does not read for a while, again and again. */
  #pauseLater(): void {
    const { host: { random }, world } = this.#program;
    this.#own.later(random.fraction() * 10 * READ_PAUSE, () => {
      if (!this.#isOpen) return;
      this.transport.pauseProducing();
      const isLong = random.below(LONG_ONE_IN) === 0;
      if (isLong) world.unreadUntil = world.network.seconds() + LONG_PAUSE;
      this.#own.later(isLong ? LONG_PAUSE : READ_PAUSE, () => {
        if (!this.#isOpen) return;
        this.transport.resumeProducing();
        this.#pauseLater();
      });
    });
  }

  #sendLater(): void {
    if (this.#isSending || this.#isLast || this.#inFlight.length >= MOST_IN_FLIGHT) return;
    this.#isSending = true;
    const wait = this.#program.host.random.fraction() * LONGEST_WAIT;
    this.#own.later(wait, () => this.#send());
  }

  #send(): void {
    if (!this.#isOpen || this.#isLast) return;
    const { world, host } = this.#program;
    const number = ++world.lastRequest;
    const body = requestBody(number);
    const isChunked = host.random.below(2) === 0;
    const framing = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
    this.#inFlight.push({ number, sentAt: world.network.seconds() });
    if (this.#inFlight.length === 1) this.#watch();
    this.transport.write(`POST /${number} HTTP/1.1\r\nHost: server\r\n${framing}\r\n\r\n`);
    const size = Math.ceil(body.length / host.random.between(1, MOST_PIECES));
    this.#sendPieces(body, size, isChunked);
  }

  #sendPieces(body: string, size: number, isChunked: boolean): void {
    if (!this.#isOpen) return;
    const piece = body.slice(0, size);
    const frame = `${piece.length.toString(16)}\r\n${piece}\r\n`;
    this.transport.write(isChunked ? frame : piece);
    if (piece.length < body.length) {
      const wait = this.#program.host.random.fraction() * LONGEST_WAIT;
      this.#own.later(wait, () => this.#sendPieces(body.slice(size), size, isChunked));
      return;
    }
    if (isChunked) this.transport.write("0\r\n\r\n");
    this.#isSending = false;
    this.#sendLater();
  }

  /** Sets the deadline of the first request that is not answered. */
  #watch(): void {
    this.#deadline?.cancel();
    this.#deadline = null;
    if (this.#inFlight.length === 0) return;
    const { world, host } = this.#program;
    const { network } = world;
    this.#deadline = host.reactor.callLater(DEADLINE, () => {
      this.#deadline = null;
      if (!explains(world, network.seconds() - DEADLINE)) {
        network.fail(`${host}: a request is not answered, without a fault`);
      }
      this.transport.abortConnection();
    });
  }
}

/** The program of a client: one connection after the other. */
class Program {
  readonly host: SimulatedHost;
  readonly world: World;
  readonly own: OwnCalls;
  /** The number of the last request that was answered. */
  answered = 0;

  constructor(host: SimulatedHost, world: World) {
    this.host = host;
    this.world = world;
    this.own = new OwnCalls(host.reactor);
  }

  connect(): void {
    const options = { linger: LINGER, timeout: CONNECT_TIMEOUT };
    const endpoint = new TCP4ClientEndpoint(this.host.reactor, "10.0.0.1", PORT, options);
    const client = this.world.connections.watch(this.host, new Client(this));
    connectProtocol(endpoint, client).addErrback(() => this.connectLater());
  }

  connectLater(): void {
    this.own.later(this.host.random.fraction() * LONGEST_WAIT, () => this.connect());
  }
}
