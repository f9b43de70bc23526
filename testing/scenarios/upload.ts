/**
 * Clients that upload messages with a push producer, and then close their half of the connection.
 * The server reads with a `LineReceiver` that pauses itself now and then, acknowledges each
 * message, and confirms the number of messages when it has read the end. Half of the uploads wait
 * for all acknowledgements before they close their half.
 *
 * Invariants:
 *
 * - The server gets the messages of a connection completely and in order.
 * - An upload that is confirmed has all its messages; otherwise the client loses the connection and
 *   uploads again. A connection is closed cleanly without a confirmation only if a process was
 *   killed or has ended.
 * - An upload stalls for longer than the idle timeout only after a fault: no pause is left without
 *   its end.
 * - While it is paused, neither the source nor the receiver is called.
 * - After the network has healed, each client completes an upload within the timeouts of one dead
 *   connection and one attempt.
 * - A program that gets SIGTERM ends within the linger time of a connection.
 * - Exactly one `connectionLost` for each `connectionMade`; no timed call is left.
 *
 * @module
 */

import { gatherResults } from "../../defer/mod.ts";
import { connectProtocol, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { LineReceiver } from "../../protocol/mod.ts";
import { ConnectionDone, ConnectionTimeout } from "../../reactor/errors.ts";
import type {
  IDelayedCall,
  IHalfCloseableProtocol,
  IPushProducer,
} from "../../reactor/interfaces/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../simulation/mod.ts";
import { OwnCalls } from "./support/own_calls.ts";
import { explainsSilence, faultsOf } from "./support/past_faults.ts";
import { TERMINATED, Terminator } from "./support/terminating.ts";
import { WatchedConnections } from "./support/watched_connections.ts";

const PORT = 2000;
const IDLE_TIMEOUT = 20;
const CONNECTION = { idleTimeout: IDLE_TIMEOUT, linger: 5 };
const CONNECT_TIMEOUT = 5;
/** The longest time between two uploads, in seconds. */
const LONGEST_REST = 8;
const MOST_MESSAGES = 30;
const MOST_BYTES = 40_000;
/** The longest time for a message in the source and in the receiver, in seconds. */
const MOST_DELAY = 0.1;
/** One of this number of messages needs longer in the source: this many seconds, at most. */
const SLOW_ONE_IN = 30;
const SLOWEST = 2;
const RECOVERY = IDLE_TIMEOUT + CONNECT_TIMEOUT + 2 * LONGEST_REST +
  2 * MOST_MESSAGES * MOST_DELAY + 3 * SLOWEST + 3;

/** The states that some seed must reach. */
export const states = [
  "an upload is complete",
  "an upload waits for its acknowledgements",
  "an upload is lost and repeated",
  "the source is paused",
  "the last message waits for the end of a pause",
  "an idle connection is closed",
  TERMINATED,
];
const decoder = new TextDecoder();
const PAYLOAD = new Uint8Array(MOST_BYTES).fill(0x78);

/** What all programs of one simulation share. */
interface World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  readonly terminator: Terminator;
  /** When the latest complete upload of each client has started. */
  readonly completed: Map<string, number>;
}

/** Runs the scenario. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const connections = new WatchedConnections(network);
  const world: World = {
    network,
    connections,
    terminator: new Terminator(network, connections, CONNECTION.linger + 0.1),
    completed: new Map(),
  };
  network.addHost("server", (host) => {
    const make = () => new Receiver(host, network);
    host.reactor.listenTCP(PORT, world.connections.factory(host, make), CONNECTION);
  });
  const names = ["client1", "client2"];
  for (const name of names) network.addHost(name, (host) => new Program(host, world).connect());
  await network.sleep(network.parameter("seconds", 30, 5));
  world.terminator.stop();
  network.heal();
  const healedAt = network.seconds();
  await gatherResults(names.map((name) => {
    const isComplete = () => (world.completed.get(name) ?? -1) > healedAt;
    const what = `${name} completes an upload after the network has healed`;
    return network.eventually(RECOVERY, what, isComplete);
  }));
  await network.shutDown();
  world.connections.checkAllLost();
}

/** The protocol of the server. */
class Receiver extends LineReceiver implements IHalfCloseableProtocol {
  override MAX_LENGTH = 2 * MOST_BYTES;
  readonly #host: SimulatedHost;
  readonly #network: SimulatedNetwork;
  #count = 0;
  #resuming: IDelayedCall | null = null;

  /** Called by the scenario. */
  constructor(host: SimulatedHost, network: SimulatedNetwork) {
    super();
    this.#host = host;
    this.#network = network;
  }

  override lineReceived(line: Uint8Array): void {
    if (this.paused) this.#network.fail(`${this.#host}: a paused receiver gets a line`);
    const number = Number(decoder.decode(line.subarray(0, 3)));
    if (number !== this.#count) this.#network.fail(`${this.#host}: a message is missing`);
    this.#count++;
    this.sendLine(`ack ${number}`);
    const { random, reactor } = this.#host;
    if (random.below(3) > 0) return;
    this.pauseProducing();
    this.#resuming = reactor.callLater(random.fraction() * MOST_DELAY, () => {
      this.#resuming = null;
      this.resumeProducing();
    });
  }

  readConnectionLost(): void {
    if (this.paused) this.#network.fail(`${this.#host}: a paused receiver gets the end`);
    this.sendLine(`done ${this.#count}`);
    this.transport.loseConnection();
  }

  writeConnectionLost(): void {}

  override connectionLost(): void {
    this.#resuming?.cancel();
    this.#resuming = null;
  }
}

/**
 * The messages of an upload: each of them is made some time after the one before. Those that are
 * made in a pause wait for its end.
 */
class Source implements IPushProducer {
  /** The number of messages of the upload. */
  readonly count: number;
  /** The number of messages that were made so far. */
  made = 0;
  /** The number of messages that were sent so far. */
  sent = 0;
  isPaused = false;
  readonly #host: SimulatedHost;
  readonly #network: SimulatedNetwork;
  readonly #send: (number: number) => void;
  readonly #end: () => void;
  #making: IDelayedCall | null = null;
  #isEnded = false;

  /**
   * @param host The host of the program.
   * @param network The network of the host.
   * @param send Sends a message.
   * @param end Called when all messages have been sent.
   */
  constructor(
    host: SimulatedHost,
    network: SimulatedNetwork,
    send: (number: number) => void,
    end: () => void,
  ) {
    this.#host = host;
    this.#network = network;
    this.#send = send;
    this.#end = end;
    this.count = host.random.between(1, MOST_MESSAGES);
  }

  /** Makes the messages, one after the other. */
  start(): void {
    const { random, reactor } = this.#host;
    const isSlow = random.below(SLOW_ONE_IN) === 0;
    const most = isSlow ? SLOWEST : random.below(3) * MOST_DELAY / 4;
    this.#making = reactor.callLater(random.fraction() * most, () => {
      this.#making = null;
      this.made++;
      if (this.made < this.count) this.start();
      this.#flush();
    });
  }

  pauseProducing(): void {
    this.isPaused = true;
    this.#network.sometimes("the source is paused", true);
  }

  resumeProducing(): void {
    this.isPaused = false;
    this.#flush();
  }

  stopProducing(): void {
    this.#making?.cancel();
    this.#making = null;
  }

  /** Sends the messages that wait, and ends the upload after the last one. */
  #flush(): void {
    while (!this.isPaused && this.sent < this.made) this.#send(this.sent++);
    if (this.isPaused && this.made === this.count && this.sent < this.count) {
      this.#network.sometimes("the last message waits for the end of a pause", true);
    }
    if (this.sent < this.count || this.#isEnded) return;
    this.#isEnded = true;
    this.#end();
  }
}

/** The protocol of a client. */
class Uploader extends LineReceiver implements IHalfCloseableProtocol {
  readonly #program: Program;
  readonly #source: Source;
  readonly #waitsForAcknowledgements: boolean;
  #acknowledged = 0;
  #isComplete = false;

  constructor(program: Program) {
    super();
    this.#program = program;
    const { host, world } = program;
    this.#waitsForAcknowledgements = host.random.below(2) === 0;
    const send = (number: number) => this.#send(number);
    this.#source = new Source(host, world.network, send, () => this.#sentAll());
  }

  override connectionMade(): void {
    this.transport.registerProducer(this.#source, true);
    this.#source.start();
  }

  override textReceived(line: string): void {
    const { world, host } = this.#program;
    const [command, number] = line.split(" ");
    if (command === "ack") {
      if (Number(number) !== this.#acknowledged) world.network.fail(`${host}: wrong order`);
      this.#acknowledged++;
      if (this.#acknowledged < this.#source.count || !this.#waitsForAcknowledgements) return;
      world.network.sometimes("an upload waits for its acknowledgements", true);
      return this.transport.loseWriteConnection();
    }
    if (Number(number) !== this.#source.count) {
      world.network.fail(`${host}: an upload is confirmed although a message was lost`);
    }
    this.#isComplete = true;
    this.#program.completed();
  }

  readConnectionLost(): void {
    this.transport.loseConnection();
  }

  writeConnectionLost(): void {}

  override connectionLost(reason: Error): void {
    const { world, host } = this.#program;
    this.#source.stopProducing();
    const hasCause = faultsOf(world.network).some(({ kind }) => kind === "kill") ||
      world.terminator.hasTerminated || !host.reactor.running;
    if (reason instanceof ConnectionDone && !this.#isComplete && !hasCause) {
      world.network.fail(`${host}: an upload is closed without a confirmation`);
    }
    this.#program.lost(this.#isComplete, reason);
  }

  #send(number: number): void {
    const { random } = this.#program.host;
    const text = String(number).padStart(3, "0");
    this.transport.writeSequence([
      text,
      PAYLOAD.subarray(0, random.below(MOST_BYTES)),
      this.delimiter,
    ]);
  }

  #sentAll(): void {
    this.transport.unregisterProducer();
    if (!this.#waitsForAcknowledgements) this.transport.loseWriteConnection();
  }
}

/** The program of a client: one upload after the other. */
class Program {
  readonly host: SimulatedHost;
  readonly world: World;
  readonly #own: OwnCalls;
  #startedAt = 0;

  constructor(host: SimulatedHost, world: World) {
    this.host = host;
    this.world = world;
    this.#own = new OwnCalls(host.reactor);
  }

  connect(): void {
    const { reactor } = this.host;
    const options = { ...CONNECTION, timeout: CONNECT_TIMEOUT };
    const endpoint = new TCP4ClientEndpoint(reactor, "10.0.0.1", PORT, options);
    const uploader = this.world.connections.watch(this.host, new Uploader(this));
    this.#startedAt = this.world.network.seconds();
    connectProtocol(endpoint, uploader).addErrback(() => this.#connectLater());
  }

  /** Called when the server has confirmed an upload. */
  completed(): void {
    this.world.network.sometimes("an upload is complete", true);
    this.world.completed.set(this.host.name, this.#startedAt);
  }

  /** Called when a connection is lost. */
  lost(isComplete: boolean, reason: Error): void {
    const { network } = this.world;
    if (!isComplete) network.sometimes("an upload is lost and repeated", true);
    if (reason instanceof ConnectionTimeout) {
      network.sometimes("an idle connection is closed", true);
      if (!explainsSilence(network, network.seconds() - IDLE_TIMEOUT)) {
        network.fail(`${this.host}: an upload stalls without a fault`);
      }
    }
    this.#connectLater();
  }

  #connectLater(): void {
    this.#own.later(this.host.random.fraction() * LONGEST_REST, () => this.connect());
  }
}
