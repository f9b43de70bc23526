/**
 * Clients that send texts and bytes of many sizes to a `WebSocketFactory`, which greets them and
 * echoes each message. Servers now and then pause the receiving of messages, and both sides close
 * connections with a code.
 *
 * Invariants:
 *
 * - The greeting comes first. Messages and their echoes are complete, unchanged and in order, until
 *   a Close frame or the end of the connection.
 * - If a server answers the Close frame of a client, it has received all messages before it.
 * - No peer violates RFC 6455, and no handshake is refused.
 * - A handshake, an answer to a Ping and one to a Close frame come in time, unless a fault explains
 *   the delay.
 * - After the network has healed, each client gets an echo within the timeouts of one dead
 *   connection and one attempt.
 * - A program that gets SIGTERM ends within the linger time of a connection.
 * - Exactly one `connectionLost` for each `connectionMade`; no timed call is left.
 *
 * @module
 */

import { gatherResults } from "../../defer/mod.ts";
import { connectProtocol, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { FramingError, HeartbeatTimeout } from "../../protocol/mod.ts";
import {
  WebSocketClientEndpoint,
  type WebSocketCloseInfo,
  type WebSocketData,
  WebSocketFactory,
  WebSocketHandshakeError,
  WebSocketProtocol,
} from "../../protocol/websocket/mod.ts";
import { ConnectTimeoutError } from "../../reactor/errors.ts";
import type { SimulatedHost, SimulatedNetwork } from "../simulation/mod.ts";
import { OwnCalls } from "./support/own_calls.ts";
import { explainsSilence, slowReads } from "./support/past_faults.ts";
import { TERMINATED, Terminator } from "./support/terminating.ts";
import { WatchedConnections } from "./support/watched_connections.ts";

const PORT = 80;
const LINGER = 3;
const CONNECT_TIMEOUT = 5;
const HANDSHAKE_TIMEOUT = 5;
const PING_INTERVAL = 3;
const MAX_MISSED_PINGS = 2;
const CLOSE_TIMEOUT = 4;
/** Seconds of silence after which a connection is aborted. */
const SILENCE = PING_INTERVAL * (MAX_MISSED_PINGS + 1);
const GREETING = "hello";
const MOST_LENGTH = 8000;
/** The longest time between two messages, and the longest pause of a server, in seconds. */
const LONGEST_WAIT = 0.8;
/** One of this many messages is followed by a Close frame of the client, or of the server. */
const CLOSE_ONE_IN = 20;
const CLIENT_DONE = 3001;
const SERVER_DONE = 3002;
const RECOVERY = SILENCE + PING_INTERVAL + CONNECT_TIMEOUT + HANDSHAKE_TIMEOUT + CLOSE_TIMEOUT +
  2 * LINGER + 5 * LONGEST_WAIT;

/** The states that some seed must reach. */
export const states = [
  "a message is echoed",
  "a server answers the Close frame of a client",
  "a client answers the Close frame of a server",
  "both sides send a Close frame",
  "a connection is lost",
  "a Ping is not answered",
  TERMINATED,
] as const;

/** What all programs of one simulation share. */
interface World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  /** The number of messages that servers have received, for each connection. */
  readonly received: Map<string, number>;
  lastConnection: number;
}

/** Runs the scenario. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const connections = new WatchedConnections(network);
  const world: World = { network, connections, received: new Map(), lastConnection: 0 };
  network.addHost("server", (host) => {
    const factory = new WebSocketFactory(
      ({ url }) => connections.watch(host, new ServerEnd(host, world, url.pathname)),
      { handshakeTimeout: HANDSHAKE_TIMEOUT },
    );
    host.reactor.listenTCP(PORT, factory, { linger: LINGER });
  });
  const names = ["client1", "client2"];
  const programs = new Map<string, Program>();
  for (const name of names) {
    network.addHost(name, (host) => {
      const program = new Program(host, world);
      programs.set(name, program);
      program.connect();
    });
  }
  const within = 2 * LINGER + 0.1;
  const terminator = new Terminator(network, connections, within);
  await network.sleep(network.parameter("seconds", 20, 5));
  terminator.stop();
  network.heal();
  const healedAt = network.seconds();
  await gatherResults(names.map((name) => {
    const isEchoed = () => (programs.get(name)?.echoedAt ?? -1) > healedAt;
    const what = `${name} gets an echo after the network has healed`;
    return network.eventually(RECOVERY, what, isEchoed);
  }));
  await network.shutDown();
  connections.checkAllLost();
}

/** Returns a message of a connection: text, or bytes. */
function messageOf(number: number): WebSocketData {
  const length = number * 7919 % (number % 3 === 0 ? MOST_LENGTH : 200);
  // The text may end in half of a character.
  if (number % 2 === 0) return `${number}:`.padEnd(length, "é€😀").toWellFormed();
  return Uint8Array.from({ length }, (_, i) => i * number);
}

function isEqual(one: WebSocketData, other: WebSocketData): boolean {
  if (typeof one === "string" || typeof other === "string") return one === other;
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

/** One end of a connection. */
abstract class End extends WebSocketProtocol {
  protected readonly host: SimulatedHost;
  protected readonly world: World;
  protected readonly own: OwnCalls;

  constructor(host: SimulatedHost, world: World, own: OwnCalls) {
    super({
      pingInterval: PING_INTERVAL,
      maxMissedPings: MAX_MISSED_PINGS,
      closeTimeout: CLOSE_TIMEOUT,
      getRandomValues: (bytes) => fillFrom(host, bytes),
    });
    this.host = host;
    this.world = world;
    this.own = own;
  }

  override webSocketClosed({ code, wasClean, cause }: WebSocketCloseInfo): void {
    const { network } = this.world;
    if (cause instanceof FramingError) network.fail(`${this.host}: a violation: ${cause}`);
    const isKnown = [1006, CLIENT_DONE, SERVER_DONE].includes(code);
    if (!isKnown) network.fail(`${this.host}: a connection is closed with the code ${code}`);
    if (!wasClean) network.sometimes("a connection is lost", true);
    const isSilent = cause instanceof HeartbeatTimeout;
    if (isSilent) network.sometimes("a Ping is not answered", true);
    if (isSilent && !explains(this.world, SILENCE)) {
      network.fail(`${this.host}: a peer that lives is taken for dead`);
    }
    const isLate = /did not (?:answer a Close frame|close the connection)/.test(cause.message);
    if (isLate && !explains(this.world, CLOSE_TIMEOUT)) {
      network.fail(`${this.host}: a connection does not close, without a fault`);
    }
  }
}

/** Returns whether a fault explains that nothing has arrived for some seconds. */
function explains({ network }: World, seconds: number): boolean {
  return explainsSilence(network, network.seconds() - seconds) ||
    slowReads(network) > seconds - 2 * LONGEST_WAIT;
}

/** One random number for all bytes is enough here, and takes less time. */
function fillFrom({ random }: SimulatedHost, bytes: Uint8Array): void {
  bytes.fill(random.between(1, 255));
}

/** The server's end of a connection. */
class ServerEnd extends End {
  readonly #name: string;
  #count = 0;

  constructor(host: SimulatedHost, world: World, name: string) {
    super(host, world, new OwnCalls(host.reactor));
    this.#name = name;
  }

  override connectionMade(): void {
    this.send(GREETING);
  }

  override messageReceived(data: WebSocketData): void {
    const { random } = this.host;
    const { network, received } = this.world;
    if (this.paused) network.fail(`${this.host}: a paused end gets a message`);
    if (!isEqual(data, messageOf(this.#count))) {
      network.fail(`${this.host}: a message is wrong or missing`);
    }
    received.set(this.#name, ++this.#count);
    this.send(data);
    if (random.below(CLOSE_ONE_IN) === 0) return this.close(SERVER_DONE, "done");
    if (random.below(4) > 0) return;
    this.pauseProducing();
    this.own.later(random.fraction() * LONGEST_WAIT, () => {
      if (this.paused) this.resumeProducing();
    });
  }
}

/** The client's end of a connection. */
class ClientEnd extends End {
  readonly #program: Program;
  readonly #name: string;
  #sent = 0;
  /** The number of echoes; -1 before the greeting. */
  #echoes = -1;
  #isClosing = false;

  constructor(program: Program, name: string) {
    super(program.host, program.world, program.own);
    this.#program = program;
    this.#name = name;
  }

  override connectionMade(): void {
    this.#sendLater();
  }

  override messageReceived(data: WebSocketData): void {
    const { network } = this.world;
    const expected = this.#echoes < 0 ? GREETING : messageOf(this.#echoes);
    if (!isEqual(data, expected)) network.fail(`${this.host}: an echo is wrong or missing`);
    if (++this.#echoes > this.#sent) network.fail(`${this.host}: an echo of nothing`);
    if (this.#echoes === 0) return;
    network.sometimes("a message is echoed", true);
    this.#program.echoedAt = network.seconds();
  }

  override webSocketClosed(close: WebSocketCloseInfo): void {
    super.webSocketClosed(close);
    const { network, received } = this.world;
    if (close.wasClean && close.code === CLIENT_DONE) {
      network.sometimes("a server answers the Close frame of a client", true);
      if ((received.get(this.#name) ?? 0) !== this.#sent) {
        network.fail(`${this.host}: a Close frame is answered, and a message is missing`);
      }
    } else if (close.wasClean) {
      const what = this.#isClosing
        ? "both sides send a Close frame"
        : "a client answers the Close frame of a server";
      network.sometimes(what, true);
    }
    this.#program.connectLater();
  }

  #sendLater(): void {
    const { random } = this.host;
    this.own.later(random.fraction() * LONGEST_WAIT, () => {
      if (!this.isOpen) return;
      for (let left = random.between(1, 3); left > 0; left--) this.send(messageOf(this.#sent++));
      if (random.below(CLOSE_ONE_IN) > 0) return this.#sendLater();
      this.#isClosing = true;
      this.close(CLIENT_DONE, "done");
    });
  }
}

/** The program of a client: one connection after the other. */
class Program {
  readonly host: SimulatedHost;
  readonly world: World;
  readonly own: OwnCalls;
  /** When the last echo arrived, in seconds of the network. */
  echoedAt = -1;

  constructor(host: SimulatedHost, world: World) {
    this.host = host;
    this.world = world;
    this.own = new OwnCalls(host.reactor);
  }

  connect(): void {
    const { host, world } = this;
    const options = { linger: LINGER, timeout: CONNECT_TIMEOUT };
    const endpoint = new TCP4ClientEndpoint(host.reactor, "10.0.0.1", PORT, options);
    const name = `/${++world.lastConnection}`;
    const client = new WebSocketClientEndpoint(endpoint, `ws://server${name}`, {
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      getRandomValues: (bytes) => fillFrom(host, bytes),
    });
    const end = world.connections.watch(host, new ClientEnd(this, name));
    connectProtocol(client, end).addErrback((error) => this.#failed(error));
  }

  connectLater(): void {
    this.own.later(this.host.random.fraction() * LONGEST_WAIT, () => this.connect());
  }

  #failed(error: unknown): void {
    const { network } = this.world;
    if (error instanceof WebSocketHandshakeError) {
      const isLost = error.message.endsWith("the server closed the connection");
      if (!isLost) network.fail(`${this.host}: a handshake is refused: ${error}`);
    }
    const isLate = error instanceof ConnectTimeoutError &&
      error.message.startsWith("Cannot open a WebSocket");
    if (isLate && !explains(this.world, HANDSHAKE_TIMEOUT)) {
      network.fail(`${this.host}: a handshake takes too long: ${error}`);
    }
    this.connectLater();
  }
}
