/**
 * Connections with a `Heartbeat`: an idle one and a busy one with heartbeats at both ends, one that
 * receives a stream, and one that downloads over a slow link, so that the answers to its heartbeats
 * wait behind the data.
 *
 * A third of the seeds is calm: latency, loss and pauses stay below the timeout of the heartbeat.
 * In another third, the client of the stream is cut off for less than the timeout, and its process
 * is suspended when the data arrives. In the others every fault happens.
 *
 * Invariants:
 *
 * - A dead peer is noticed: no connection stays open for longer than `interval * (maxMissed + 1)`
 *   without a byte. The pauses of the own process are added, once for the calls that come late,
 *   and once for the data that is awaited after them.
 * - In a calm simulation, and in one with suspensions, no connection is aborted by its heartbeat,
 *   and in the others none without a fault: the peer lives, and the bytes of a busy connection
 *   count. (Data of an earlier connection that still fills the slow link counts as a fault.)
 * - `HeartbeatTimeout` has the true silence and the number of unanswered heartbeats.
 * - After the network has healed, each client receives bytes within the timeouts of one dead
 *   connection and one attempt.
 * - A program that gets SIGTERM ends within the linger time of a connection.
 * - Exactly one `connectionLost` for each `connectionMade`; no timed call is left.
 *
 * @module
 */

import { gatherResults } from "../../defer/mod.ts";
import { connectProtocol, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { Heartbeat, HeartbeatTimeout, LineOnlyReceiver } from "../../protocol/mod.ts";
import type { IDelayedCall } from "../../reactor/interfaces/mod.ts";
import type { FaultRates, SimulatedHost, SimulatedNetwork } from "../simulation/mod.ts";
import { TERMINATED, Terminator } from "./support/terminating.ts";
import { WatchedConnections } from "./support/watched_connections.ts";
import { OwnCalls } from "./support/own_calls.ts";
import { explainsSilence, pausedTime, slowReads } from "./support/past_faults.ts";

const PORT = 2000;
const INTERVAL = 4;
const MAX_MISSED = 2;
/** Seconds of silence after which a connection is aborted. */
const TIMEOUT = INTERVAL * (MAX_MISSED + 1);
const RETRY = 1;
const LINGER = 5;
const CONNECT_TIMEOUT = 5;
/** The error of a host's clock during one timeout, and of its microseconds. */
const CLOCK_ERROR = 0.01;
/** Bytes per second of the slow link, and the bytes of one download. */
const SLOW = 5_000;
const DOWNLOAD = 100_000;
/** The seconds between two messages of a stream. */
const STREAM_INTERVAL = 0.5;
/** The longest time between two downloads, in seconds. */
const LONGEST_REST = 15;
/** A new connection of the slow link waits for the packets of the last one. */
const RECOVERY = TIMEOUT + INTERVAL + RETRY + CONNECT_TIMEOUT + DOWNLOAD / SLOW + 3;

/** The longest single pause, in seconds. */
const LONGEST_PAUSE = 5;
/** The faults of a calm simulation. The longest pause takes 5 s, and the longest way 0.75 s. */
const CALM: FaultRates = {
  delay: 0.1,
  split: 0.05,
  loss: 0.005,
  "short write": 0.05,
  "short read": 0.05,
  pause: 6,
  skew: 0.3,
};
const SUSPENDING: FaultRates = { ...CALM, pause: 0 };
const MOST_LATENCY = 0.5;

/** The uses of a connection. */
const KINDS = ["idle", "busy", "stream", "download"] as const;
type Kind = typeof KINDS[number];

/** The states that some seed must reach. */
export const states = [
  "a client notices that the server is dead",
  "the server notices that a client is dead",
  "a heartbeat is answered",
  "the answer to a heartbeat comes too late, but other bytes arrive",
  "data that arrived in a pause is read before the abort",
  TERMINATED,
];

/** Makes a heartbeat. A variant with a planted bug passes another function. */
export type MakeHeartbeat = (...args: ConstructorParameters<typeof Heartbeat>) => Heartbeat;

/** What all programs of one simulation share. */
interface World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  readonly makeHeartbeat: MakeHeartbeat;
  readonly heartbeatAnswered: (heartbeat: Heartbeat) => void;
  readonly mood: "calm" | "suspending" | "rough";
  /** Seconds for which the scenario has suspended the client of the stream. */
  suspended: number;
  /** The open connections with a heartbeat. */
  readonly beating: Set<Peer>;
  /** When each client has received a byte. */
  readonly receivedAt: Map<string, number>;
  readonly slowLink: SlowLink;
}

/** The link from the server to the client that downloads, in seconds of the network. */
class SlowLink {
  readonly #network: SimulatedNetwork;
  #freeAt = 0;
  #congestedUntil = 0;

  constructor(network: SimulatedNetwork) {
    this.#network = network;
  }

  /** Whether the data of an earlier connection delays that of the current one, or has done so. */
  get isCongested(): boolean {
    return this.#network.seconds() < this.#congestedUntil + TIMEOUT;
  }

  /** Records a new connection, whose data comes after that of the last one. */
  connected(): void {
    if (this.#freeAt > this.#network.seconds()) this.#congestedUntil = this.#freeAt;
  }

  /** Records that a download is sent. */
  sends(): void {
    this.connected();
    this.#freeAt = Math.max(this.#freeAt, this.#network.seconds()) + DOWNLOAD / SLOW;
    if (this.#congestedUntil > this.#network.seconds()) this.#congestedUntil = this.#freeAt;
  }
}

/** Runs the scenario. */
export const scenario = (network: SimulatedNetwork): Promise<void> =>
  runWith(network, (...args) => new Heartbeat(...args));

/**
 * Runs the scenario with the given heartbeats.
 *
 * @param network The network.
 * @param makeHeartbeat Makes a heartbeat.
 * @param heartbeatAnswered Called when the answer to a heartbeat has arrived.
 */
export async function runWith(
  network: SimulatedNetwork,
  makeHeartbeat: MakeHeartbeat,
  heartbeatAnswered: (heartbeat: Heartbeat) => void = () => {},
): Promise<void> {
  const world: World = {
    network,
    connections: new WatchedConnections(network),
    makeHeartbeat,
    heartbeatAnswered,
    mood: network.random.pick(["calm", "suspending", "rough"] as const),
    suspended: 0,
    beating: new Set(),
    receivedAt: new Map(),
    slowLink: new SlowLink(network),
  };
  if (world.mood === "calm") network.setFaults(CALM);
  if (world.mood === "suspending") network.setFaults(SUSPENDING);
  network.addHost("server", (host) => {
    const factory = world.connections.factory(host, () => new Peer(host, world, null));
    host.reactor.listenTCP(PORT, factory, { linger: LINGER });
  });
  for (const kind of KINDS) {
    network.addHost(kind, (host) => new Client(host, world, kind).connect());
  }
  network.setLink("server", "download", { bandwidth: SLOW });
  network.always("a dead peer is noticed in time", () => {
    for (const peer of world.beating) if (!peer.isInTime()) return false;
    return true;
  });
  const terminator = new Terminator(network, world.connections, LINGER + 0.1);
  const seconds = network.parameter("seconds", 60, 5);
  for (let i = 0; i < seconds; i++) {
    await network.sleep(1);
    if (network.random.below(5) === 0) changeLatency(network);
    if (world.mood === "suspending" && network.random.below(15) === 0) await suspend(world);
  }
  terminator.stop();
  network.heal();
  const healedAt = network.seconds();
  await gatherResults(KINDS.map((kind) => {
    const isAlive = () => (world.receivedAt.get(kind) ?? -1) > healedAt;
    return network.eventually(
      RECOVERY,
      `${kind} receives after the network has healed`,
      isAlive,
    );
  }));
  await network.shutDown();
  world.connections.checkAllLost();
}

function changeLatency(network: SimulatedNetwork): void {
  const { random } = network;
  const kind = random.pick(KINDS);
  const [from, to] = random.below(2) === 0 ? ["server", kind] : [kind, "server"];
  network.setLink(from, to, { latency: random.fraction() * MOST_LATENCY });
}

/**
 * Cuts the client of the stream off, so that TCP retransmits 12.6 s after the previous attempt, and
 * suspends its process while the timeout passes and the data arrives.
 */
async function suspend(world: World): Promise<void> {
  const { network, receivedAt } = world;
  if (network.seconds() - (receivedAt.get("stream") ?? 0) > STREAM_INTERVAL) return;
  {
    using _ = network.partition(["stream"], ["server"]);
    await network.sleep(10);
  }
  await network.sleep(1);
  const seconds = 2.5 + 2 * network.random.fraction();
  world.suspended += seconds;
  network.host("stream").pause();
  await network.sleep(seconds);
  network.host("stream").resume();
}

/** One end of a connection. */
class Peer extends LineOnlyReceiver {
  override MAX_LENGTH = 2 * DOWNLOAD;
  readonly #host: SimulatedHost;
  readonly #reactor: unknown;
  readonly #world: World;
  /** The client; `null` at the server. */
  readonly #client: Client | null;
  #heartbeat: Heartbeat | null = null;
  #streaming: IDelayedCall | null = null;
  #lastByteAt = 0;
  /** The seconds of slow reads, in all programs, before the last byte. */
  #slowBefore = 0;

  constructor(host: SimulatedHost, world: World, client: Client | null) {
    super();
    this.#host = host;
    this.#reactor = host.reactor;
    this.#world = world;
    this.#client = client;
  }

  /** Whether the peer is alive, or its death cannot have been noticed yet. */
  isInTime(): boolean {
    const { network, beating } = this.#world;
    const now = network.seconds();
    if (now - this.#lastByteAt < TIMEOUT + CLOCK_ERROR) return true;
    if (this.#host.reactor !== this.#reactor || !this.#host.isUp) {
      beating.delete(this);
      return true;
    }
    const paused = pausedTime(network, this.#host.name, this.#lastByteAt, now) +
      this.#world.suspended;
    return now - this.#lastByteAt < TIMEOUT + CLOCK_ERROR + 2 * paused;
  }

  override connectionMade(): void {
    this.#lastByteAt = this.#world.network.seconds();
    if (this.#client !== null) this.beat();
  }

  /** Starts the heartbeat. */
  beat(): void {
    this.#heartbeat = this.#world.makeHeartbeat(this.#host.reactor, this.transport, {
      interval: INTERVAL,
      maxMissed: MAX_MISSED,
      send: () => this.sendLine(`ping ${this.#world.network.seconds()}`),
    });
    this.#heartbeat.start();
    this.#lastByteAt = this.#world.network.seconds();
    this.#slowBefore = slowReads(this.#world.network);
    this.#world.beating.add(this);
  }

  override dataReceived(data: Uint8Array): void {
    const { network, receivedAt } = this.#world;
    const silence = network.seconds() - this.#lastByteAt;
    if (silence > TIMEOUT && this.#heartbeat?.missed === MAX_MISSED) {
      network.sometimes("data that arrived in a pause is read before the abort", true);
    }
    this.#lastByteAt = network.seconds();
    this.#slowBefore = slowReads(network);
    receivedAt.set(this.#host.name, this.#lastByteAt);
    this.#heartbeat?.alive();
    super.dataReceived(data);
  }

  override textReceived(line: string): void {
    const [command = "", argument = ""] = line.split(" ", 2);
    if (command === "ping") this.sendLine(`pong ${argument}`);
    else if (command === "pong") this.#answered(Number(argument));
    else if (command === "beat") this.beat();
    else if (command === "stream") this.#sendStream();
    else if (command === "get") this.#sendDownload();
    else if (line.length === DOWNLOAD) this.#client?.got(this);
    else if (command === "echo") this.sendLine("data");
  }

  override connectionLost(reason: Error): void {
    this.#heartbeat?.stop();
    if (this.#streaming?.active()) this.#streaming.cancel();
    this.#world.beating.delete(this);
    if (reason instanceof HeartbeatTimeout) this.#killed(reason);
    this.#client?.lost();
  }

  #sendDownload(): void {
    this.#world.slowLink.sends();
    this.sendLine("x".repeat(DOWNLOAD));
  }

  #sendStream(): void {
    this.sendLine("data");
    this.#streaming = this.#host.reactor.callLater(STREAM_INTERVAL, () => this.#sendStream());
  }

  #answered(sentAt: number): void {
    const { network, heartbeatAnswered } = this.#world;
    if (this.#heartbeat !== null) heartbeatAnswered(this.#heartbeat);
    network.sometimes("a heartbeat is answered", true);
    if (network.seconds() - sentAt < TIMEOUT) return;
    network.sometimes("the answer to a heartbeat comes too late, but other bytes arrive", true);
  }

  #killed({ silence, missed }: HeartbeatTimeout): void {
    const { network, mood, slowLink } = this.#world;
    const now = network.seconds();
    network.sometimes(
      this.#client === null
        ? "the server notices that a client is dead"
        : "a client notices that the server is dead",
      true,
    );
    const isLate = this.#host.name === "download" && slowLink.isCongested;
    // Programs that read late delay the heartbeats and their answers.
    const isSlow = slowReads(network) - this.#slowBefore >= INTERVAL;
    const isExplained = mood === "rough" &&
      (isSlow || explainsSilence(network, this.#lastByteAt));
    // Pauses that overlap or follow each other are one pause, which may exceed the timeout.
    const isPaused = network.hosts.some(({ name }) =>
      name !== this.#host.name &&
      pausedTime(network, name, this.#lastByteAt, now) > LONGEST_PAUSE
    );
    if (!isLate && !isExplained && !isPaused) {
      network.fail(`${this.#host}: the heartbeat killed a connection whose peer lives`);
    }
    if (missed !== MAX_MISSED || Math.abs(silence - (now - this.#lastByteAt)) > CLOCK_ERROR) {
      network.fail(`${this.#host}: HeartbeatTimeout has wrong numbers: ${silence} s, ${missed}`);
    }
  }
}

/** The program of a client: it connects again when it has lost its connection. */
class Client {
  readonly #host: SimulatedHost;
  readonly #world: World;
  readonly #kind: Kind;
  readonly #own: OwnCalls;
  #peer: Peer | null = null;

  constructor(host: SimulatedHost, world: World, kind: Kind) {
    this.#host = host;
    this.#world = world;
    this.#kind = kind;
    this.#own = new OwnCalls(host.reactor);
  }

  connect(): void {
    const { reactor } = this.#host;
    const endpoint = new TCP4ClientEndpoint(reactor, "10.0.0.1", PORT, {
      timeout: CONNECT_TIMEOUT,
    });
    const peer = this.#world.connections.watch(this.#host, new Peer(this.#host, this.#world, this));
    connectProtocol(endpoint, peer).addCallbacks((peer) => {
      this.#peer = peer;
      // The heartbeats of the server would wait behind the data of a download.
      if (this.#kind === "idle" || this.#kind === "busy") peer.sendLine("beat");
      if (this.#kind === "download") this.#world.slowLink.connected();
      this.#use(peer);
    }, () => this.lost());
  }

  /** Called when the connection is lost, or could not be made. */
  lost(): void {
    this.#peer = null;
    this.#own.later(RETRY, () => this.connect());
  }

  /** Called when a download is complete. */
  got(peer: Peer): void {
    this.#own.later(this.#host.random.fraction() * LONGEST_REST, () => this.#use(peer));
  }

  /** Sends something now and then, as long as the connection is open. */
  #use(peer: Peer): void {
    if (this.#peer !== peer || this.#kind === "idle") return;
    if (this.#kind === "download") return peer.sendLine("get");
    if (this.#kind === "stream") return peer.sendLine("stream");
    const { random } = this.#host;
    peer.sendLine(random.below(2) === 0 ? "echo" : "data");
    this.#own.later(2 * random.fraction(), () => this.#use(peer));
  }
}
