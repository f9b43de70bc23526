/**
 * Lines and raw data over connections that split them anywhere.
 *
 * Invariants:
 *
 * - A receiver gets the lines and the raw data that were sent: each once, unchanged and in order.
 *   This holds across pauses, changes of the delimiter, switches to raw mode and lines that are too
 *   long.
 * - A connection that is closed cleanly by its sender has delivered everything.
 * - Nothing is delivered after the receiver has closed the connection or has thrown an error.
 * - Each connection is lost once, and no timed call is left.
 *
 * @module
 */

import { TCP4ClientEndpoint, TLSClientEndpoint } from "../../endpoints/mod.ts";
import { LineOnlyReceiver, LineReceiver, Protocol } from "../../protocol/mod.ts";
import { ConnectionDone } from "../../reactor/errors.ts";
import {
  DEFAULT_FAULTS,
  type RandomStream,
  type SimulatedHost,
  type SimulatedNetwork,
} from "../simulation/mod.ts";
import { WatchedConnections } from "./support/watched_connections.ts";
import {
  indexOfBytes,
  type Item,
  newDelimiter,
  type Plan,
  planLines,
  rawLength,
  textOf,
} from "./support/line_plan.ts";
import { joined } from "./support/joined.ts";
import { Pauser } from "./support/pauser.ts";
import { Wire } from "./support/wire.ts";

/** The ports of receivers with and without raw mode, and the same ports with TLS. */
const PORTS = { raw: 2000, lines: 2001, rawOverTLS: 3000, linesOverTLS: 3001 };
const MAX_LENGTH = 64;
const IDLE_TIMEOUT = 5;
/** The probability of an error in a receiver, per item. */
const ERROR_RATE = 0.015;
const CLOSE_RATE = 0.002;
const PAUSE_RATE = 0.1;
/** The longest pause, in milliseconds. */
const LONGEST_PAUSE = 300;
const SPLIT_RATES = [0.05, 0.4, 0.9];

/** The error that receivers throw on purpose. */
class PlannedError extends Error {}

/** What the hosts of a simulation share for the checks. */
class World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  /** The stream of each connection, by the address of its sender. */
  readonly wires = new Map<string, Wire>();
  /** The connections of which the sender has sent everything. */
  readonly sent = new Set<Wire>();

  constructor(network: SimulatedNetwork) {
    this.network = network;
    this.connections = new WatchedConnections(network);
  }

  wire(sender: string): Wire {
    let wire = this.wires.get(sender);
    if (wire === undefined) this.wires.set(sender, wire = new Wire(this.network, `from ${sender}`));
    return wire;
  }
}

/** Checks what one receiver gets, and decides what it does next. */
class Receiving {
  /** Random numbers of this connection, so that they do not depend on the other ones. */
  readonly random: RandomStream;
  readonly #world: World;
  readonly #wire: Wire;
  #isOver = false;

  constructor(world: World, host: SimulatedHost, sender: string) {
    this.#world = world;
    this.random = host.random.fork(sender);
    this.#wire = world.wire(sender);
  }

  /** Checks a line, raw data, or a line that is too long. */
  item(kind: Item["kind"], bytes: Uint8Array): void {
    if (this.#isOver) this.#world.network.fail(`a ${kind} has arrived after the end`);
    this.#wire.received(`${kind} ${textOf(bytes)}`);
    this.#world.network.sometimes(`a ${kind} arrives`, true);
  }

  /**
   * Throws an error, or returns whether to close the connection.
   *
   * @param isResuming Whether a timed call has resumed the receiver, and delivers held data.
   */
  isEnding(isResuming = false): boolean {
    const { fraction } = this.random;
    if (fraction() < ERROR_RATE) {
      this.#world.network.sometimes("an error is thrown while held data is delivered", isResuming);
      this.end();
      throw new PlannedError("Planned error");
    }
    if (fraction() >= CLOSE_RATE) return false;
    this.end();
    return true;
  }

  /** Records that nothing may arrive any more. */
  end(): void {
    this.#isOver = true;
  }

  lost(reason: Error): void {
    const { network, sent } = this.#world;
    if (this.#isOver) return;
    const isClean = reason instanceof ConnectionDone && sent.has(this.#wire);
    network.sometimes("everything arrives", isClean && this.#wire.isComplete);
    network.sometimes("a connection breaks", !isClean);
    if (isClean && !this.#wire.isComplete) network.fail("a clean connection has lost lines");
    this.end();
  }
}

class LinesOnly extends LineOnlyReceiver {
  override MAX_LENGTH = MAX_LENGTH;
  readonly #world: World;
  readonly #host: SimulatedHost;
  #receiving: Receiving | null = null;

  constructor(world: World, host: SimulatedHost) {
    super();
    this.#world = world;
    this.#host = host;
  }

  override connectionMade(): void {
    this.#receiving = new Receiving(this.#world, this.#host, String(this.transport.getPeer()));
  }

  override lineReceived(line: Uint8Array): void {
    this.#receiving?.item("line", line);
    const delimiter = newDelimiter(line);
    if (delimiter !== null) this.delimiter = delimiter;
    if (this.#receiving?.isEnding()) this.transport.loseConnection();
  }

  override lineLengthExceeded(line: Uint8Array): void {
    this.#receiving?.end();
    return super.lineLengthExceeded(line);
  }

  override connectionLost(reason: Error): void {
    this.#receiving?.lost(reason);
  }
}

class Lines extends LineReceiver {
  override MAX_LENGTH = MAX_LENGTH;
  readonly #world: World;
  readonly #host: SimulatedHost;
  #receiving: Receiving | null = null;
  /** The bytes of raw data that are missing; `null` while a long line is skipped. */
  #rawLeft: number | null = 0;
  #raw: Uint8Array = new Uint8Array();
  #pauser: Pauser | null = null;
  /** Whether held data is delivered outside a call of the connection. */
  #isResuming = false;

  constructor(world: World, host: SimulatedHost) {
    super();
    this.#world = world;
    this.#host = host;
  }

  override connectionMade(): void {
    this.#receiving = new Receiving(this.#world, this.#host, String(this.transport.getPeer()));
  }

  override lineReceived(line: Uint8Array): void {
    this.#deliver("line", line);
    const delimiter = newDelimiter(line);
    if (delimiter !== null) this.delimiter = delimiter;
    const raw = rawLength(line);
    if (raw === null) return;
    this.#rawLeft = raw;
    this.#raw = new Uint8Array();
    this.setRawMode();
  }

  override resumeProducing(): void {
    this.#isResuming = true;
    super.resumeProducing();
    this.#isResuming = false;
  }

  override lineLengthExceeded(line: Uint8Array): void {
    this.#rawLeft = null;
    this.#raw = new Uint8Array();
    this.setRawMode();
    this.rawDataReceived(line);
  }

  override rawDataReceived(data: Uint8Array): void {
    const all = joined(this.#raw, data);
    const end = this.#rawLeft ?? indexOfBytes(all, encoded(this.delimiter));
    if (end < 0 || end > all.length) {
      this.#raw = all;
      this.#pauseSometimes();
      return;
    }
    const skipped = this.#rawLeft === null ? encoded(this.delimiter).length : 0;
    this.#deliver(this.#rawLeft === null ? "long line" : "raw", all.subarray(0, end));
    this.setLineMode(all.subarray(end + skipped));
  }

  override connectionLost(reason: Error): void {
    this.#pauser?.stop();
    this.#receiving?.lost(reason);
  }

  #deliver(kind: Item["kind"], bytes: Uint8Array): void {
    this.#receiving?.item(kind, bytes);
    if (this.#receiving?.isEnding(this.#isResuming)) this.transport.loseConnection();
    else this.#pauseSometimes();
  }

  /** Pauses, and resumes at once or later. */
  #pauseSometimes(): void {
    const random = this.#receiving?.random ?? this.#host.random;
    if (random.fraction() >= PAUSE_RATE) return;
    this.#world.network.sometimes("a receiver pauses", true);
    if (random.below(3) > 0) {
      this.#pauser ??= new Pauser(this.#host.reactor, random, this);
      this.#pauser.pause(LONGEST_PAUSE);
    } else if (!this.paused) {
      this.pauseProducing();
      this.resumeProducing();
    }
  }
}

/** Sends the items of a plan, and closes the connection. */
class Sender extends Protocol {
  readonly #world: World;
  readonly #host: SimulatedHost;
  readonly #items: Item[];
  #cancelNext: () => void = () => {};

  constructor(world: World, host: SimulatedHost, { items }: Plan) {
    super();
    this.#world = world;
    this.#host = host;
    this.#items = [...items];
  }

  override connectionMade(): void {
    this.#send();
  }

  override connectionLost(): void {
    this.#cancelNext();
  }

  /** Sends some items in one turn, and the next ones later. */
  #send(): void {
    const { random, reactor } = this.#host;
    const wire = this.#world.wire(String(this.transport.getHost()));
    for (const { kind, bytes, delimiter } of this.#items.splice(0, random.between(1, 6))) {
      if (kind !== "unfinished") wire.sent(`${kind} ${textOf(bytes)}`);
      this.transport.writeSequence([bytes, delimiter]);
    }
    if (this.#items.length === 0) {
      this.#world.sent.add(wire);
      this.transport.loseConnection();
      return;
    }
    const next = reactor.callLater(random.between(0, 200) / 1000, () => this.#send());
    this.#cancelNext = () => {
      if (next.active()) next.cancel();
    };
  }
}

/** The states that some seed must reach. */
export const states = [
  "a line arrives",
  "a raw arrives",
  "a long line arrives",
  "everything arrives",
  "a receiver pauses",
  "an error is thrown while held data is delivered",
  "a connection breaks",
  "a connection cannot be made",
];

/** Sends lines over several connections, and checks that they arrive. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const { random } = network;
  const rate = random.pick(SPLIT_RATES);
  network.setFaults({
    ...DEFAULT_FAULTS,
    split: rate,
    "short read": rate,
    "short write": rate,
    reset: 0.002,
    "half-open": 0.001,
    pause: 6,
    kill: 2,
  });
  network.allowErrors((error) => error instanceof PlannedError);
  const world = new World(network);
  network.addHost("receiver", (host) => {
    const { reactor } = host;
    const raw = world.connections.factory(host, () => new Lines(world, host));
    const lines = world.connections.factory(host, () => new LinesOnly(world, host));
    const options = { idleTimeout: IDLE_TIMEOUT, cert: "cert", key: "key" };
    reactor.listenTCP(PORTS.raw, raw, { idleTimeout: IDLE_TIMEOUT });
    reactor.listenTCP(PORTS.lines, lines, { idleTimeout: IDLE_TIMEOUT });
    reactor.listenTLS(PORTS.rawOverTLS, raw, options);
    reactor.listenTLS(PORTS.linesOverTLS, lines, options);
  });
  const sender = network.addHost("sender");
  const connections = network.parameter("connections", 5);
  const items = network.parameter("items", 50);
  for (let i = 0; i < connections; i++) {
    const isRaw = random.below(3) > 0;
    const plan = planLines(random, { count: random.between(1, items), isRaw, longest: MAX_LENGTH });
    network.callLater(random.between(0, 3000) / 1000, () => connect(world, sender, plan));
  }
  await network.sleep(network.parameter("seconds", 8));
  network.heal();
  await network.sleep(2 * IDLE_TIMEOUT);
  await network.shutDown();
  world.connections.checkAllLost();
}

function connect(world: World, host: SimulatedHost, plan: Plan): void {
  const { isRaw } = plan;
  const { reactor, random } = host;
  const address = world.network.addressOf("receiver");
  const options = { idleTimeout: IDLE_TIMEOUT };
  const endpoint = random.below(2) === 0
    ? new TCP4ClientEndpoint(reactor, address, isRaw ? PORTS.raw : PORTS.lines, options)
    : new TLSClientEndpoint(
      reactor,
      address,
      isRaw ? PORTS.rawOverTLS : PORTS.linesOverTLS,
      options,
    );
  endpoint
    .connect(world.connections.factory(host, () => new Sender(world, host, plan)))
    .addErrback(() => world.network.sometimes("a connection cannot be made", true));
}

function encoded(delimiter: Uint8Array | string): Uint8Array {
  return typeof delimiter === "string" ? new TextEncoder().encode(delimiter) : delimiter;
}
