/**
 * Clients that reach a server through a switchboard, which joins their connections.
 *
 * Invariants:
 *
 * - The bytes that arrive are a prefix of those that were sent, in both directions.
 * - An end that arrives is true: all bytes have arrived. Only a process that has died can cut a
 *   stream short, because its system closes its connections.
 * - If there are no faults that a connection could notice, all data and both ends arrive.
 * - Joined connections report their end, and the former protocols receive theirs.
 *
 * @module
 */

import { faultsOf } from "./support/past_faults.ts";
import { connectProtocol, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { Factory, joinConnections, LineReceiver, Protocol } from "../../protocol/mod.ts";
import {
  DEFAULT_FAULTS,
  HARMLESS_FAULTS,
  type SimulatedHost,
  type SimulatedNetwork,
} from "../simulation/mod.ts";

const SERVER_PORT = 80;
const SWITCHBOARD_PORT = 2000;
const IDLE_TIMEOUT = 5;
const CONNECT_TIMEOUT = 3;
const LIMITS = { idleTimeout: IDLE_TIMEOUT, linger: IDLE_TIMEOUT, writeBufferHighWater: 8192 };
const MOST_BYTES = 100_000;

const FAULTS = {
  ...DEFAULT_FAULTS,
  ...HARMLESS_FAULTS,
  reset: 0.003,
  refuse: 0.05,
  partition: 2,
  pause: 4,
  crash: 1,
  kill: 2,
};

/** The states that some seed must reach. */
export const states = [
  "a joined connection is lost",
  "the switchboard is unreachable",
  "a session is complete",
];

/** The byte at a place in a stream, which differs between sessions and directions. */
function byteAt(place: number, session: number): number {
  return (place * 7 + (place >> 8) + session * 31) & 0xff;
}

/** One direction of a session. */
class Flow {
  readonly #network: SimulatedNetwork;
  readonly #name: string;
  readonly #session: number;
  readonly length: number;
  received = 0;
  hasEnded = false;

  constructor(network: SimulatedNetwork, name: string, session: number, length: number) {
    this.#network = network;
    this.#name = name;
    this.#session = session;
    this.length = length;
  }

  get isComplete(): boolean {
    return this.hasEnded && this.received === this.length;
  }

  bytes(): Uint8Array {
    return Uint8Array.from({ length: this.length }, (_, place) => byteAt(place, this.#session));
  }

  arrived(data: Uint8Array): void {
    if (this.hasEnded) this.#fail("has received data after its end");
    data.forEach((byte, index) => {
      if (byte !== byteAt(this.received + index, this.#session)) this.#fail("has a wrong byte");
    });
    this.received += data.length;
    if (this.received > this.length) this.#fail("has received more than was sent");
  }

  ended(mayBeCut: boolean): void {
    this.hasEnded = true;
    if (this.received < this.length && !mayBeCut) this.#fail("has ended too early");
  }

  #fail(problem: string): void {
    this.#network.fail(`the stream ${this.#name} of session ${this.#session} ${problem}`);
  }
}

/** A session: both directions, and the processes on the way. */
interface Session {
  readonly id: number;
  readonly toServer: Flow;
  readonly toClient: Flow;
  /** Whether a process on the way has died, or the switchboard has not reached the server. */
  mayBeCut(): boolean;
  isUnreached: boolean;
}

/** What the hosts share for the checks. */
interface World {
  readonly network: SimulatedNetwork;
  readonly sessions: Session[];
  /** The number of joins, and of those whose connections have ended, of each reactor. */
  readonly joins: Map<object, [joined: number, closed: number]>;
}

/** One end of a session: sends its bytes, closes its writing side, and checks what arrives. */
class End extends Protocol {
  readonly #session: Session;
  readonly #outgoing: Flow;
  readonly #incoming: Flow;
  readonly #first: string;

  constructor(session: Session, side: "client" | "server") {
    super();
    this.#session = session;
    this.#outgoing = side === "client" ? session.toServer : session.toClient;
    this.#incoming = side === "client" ? session.toClient : session.toServer;
    this.#first = side === "client" ? `${session.id}\r\n` : "";
  }

  override connectionMade(): void {
    this.transport.write(this.#first);
    this.transport.write(this.#outgoing.bytes());
    this.transport.loseWriteConnection();
  }

  override dataReceived(data: Uint8Array): void {
    this.#incoming.arrived(data);
  }

  readConnectionLost(): void {
    this.#incoming.ended(this.#session.mayBeCut());
  }

  writeConnectionLost(): void {}
}

/** The server's protocol until the line with the number of the session has arrived. */
class Greeting extends LineReceiver {
  readonly #world: World;
  #end: End | null = null;

  constructor(world: World) {
    super();
    this.#world = world;
  }

  override textReceived(line: string): void {
    const session = this.#world.sessions[Number(line)];
    if (session === undefined) return this.#world.network.fail(`there is no session ${line}`);
    this.#end = new End(session, "server");
    this.setRawMode();
    this.#end.makeConnection(this.transport);
  }

  override rawDataReceived(data: Uint8Array): void {
    this.#end?.dataReceived(data);
  }

  readConnectionLost(): void {
    if (this.#end === null) this.transport.loseConnection();
    else this.#end.readConnectionLost();
  }

  writeConnectionLost(): void {}
}

/** Connects a client to the server, and joins the connections. */
class Switchboard extends LineReceiver {
  readonly #host: SimulatedHost;
  readonly #world: World;
  #isJoined = false;

  constructor(host: SimulatedHost, world: World) {
    super();
    this.#host = host;
    this.#world = world;
  }

  override textReceived(line: string): void {
    const { reactor } = this.#host;
    const session = this.#world.sessions[Number(line)];
    this.pauseProducing();
    const address = this.#world.network.addressOf("server");
    const endpoint = new TCP4ClientEndpoint(reactor, address, SERVER_PORT, {
      ...LIMITS,
      timeout: CONNECT_TIMEOUT,
    });
    connectProtocol(endpoint, new Protocol()).addCallbacks(
      ({ transport }) => this.#join(line, transport),
      () => {
        if (session !== undefined) session.isUnreached = true;
        this.transport.loseConnection();
      },
    );
  }

  override connectionLost(): void {
    this.#world.network.sometimes("a joined connection is lost", this.#isJoined);
  }

  #join(line: string, transport: Protocol["transport"]): void {
    const counts = this.#counts();
    counts[0]++;
    this.#isJoined = true;
    transport.write(`${line}\r\n`);
    transport.write(this.clearLineBuffer());
    const joined = joinConnections(this.transport, transport);
    joined.closed.addCallback(() => counts[1]++);
  }

  #counts(): [joined: number, closed: number] {
    const { joins } = this.#world;
    const counts = joins.get(this.#host.reactor) ?? [0, 0];
    joins.set(this.#host.reactor, counts);
    return counts;
  }
}

function planSession(world: World, id: number, hosts: readonly SimulatedHost[]): Session {
  const { network } = world;
  const { random } = network;
  const length = (): number => random.below(4) === 0 ? 0 : random.between(1, MOST_BYTES);
  const reactors = hosts.map(({ reactor }) => reactor);
  return {
    id,
    toServer: new Flow(network, "to the server", id, length()),
    toClient: new Flow(network, "to the client", id, length()),
    isUnreached: false,
    mayBeCut(): boolean {
      return this.isUnreached ||
        hosts.some((host, i) => !host.isUp || host.reactor !== reactors[i]);
    },
  };
}

/** Clients and a server exchange data through a switchboard. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const { random } = network;
  network.setFaults(random.below(4) === 0 ? HARMLESS_FAULTS : FAULTS);
  const world: World = { network, sessions: [], joins: new Map() };
  const server = network.addHost("server", (host) => {
    host.reactor.listenTCP(SERVER_PORT, Factory.forProtocol(() => new Greeting(world)), LIMITS);
  });
  const switchboard = network.addHost("switchboard", (host) => {
    const factory = Factory.forProtocol(() => new Switchboard(host, world));
    host.reactor.listenTCP(SWITCHBOARD_PORT, factory, LIMITS);
  });
  const client = network.addHost("client", () => {});
  const hosts = [client, switchboard, server];
  for (let id = 0; id < network.parameter("sessions", 6); id++) {
    network.callLater(random.between(0, 3000) / 1000, () => {
      const session = planSession(world, world.sessions.length, hosts);
      world.sessions.push(session);
      if (client.isUp) connect(network, client, session);
    });
  }
  await network.sleep(network.parameter("seconds", 6));
  network.heal();
  await network.sleep(4 * (IDLE_TIMEOUT + CONNECT_TIMEOUT));
  checkEnds(world, switchboard);
  await network.shutDown();
}

function connect(network: SimulatedNetwork, client: SimulatedHost, session: Session): void {
  const options = { ...LIMITS, timeout: CONNECT_TIMEOUT };
  const address = network.addressOf("switchboard");
  const endpoint = new TCP4ClientEndpoint(client.reactor, address, SWITCHBOARD_PORT, options);
  connectProtocol(endpoint, new End(session, "client"))
    .addErrback(() => network.sometimes("the switchboard is unreachable", true));
}

function checkEnds(world: World, switchboard: SimulatedHost): void {
  const { network, sessions, joins } = world;
  const [joined, closed] = joins.get(switchboard.reactor) ?? [0, 0];
  if (closed < joined) network.fail(`${joined - closed} joined connections have not ended`);
  const isDisturbed = faultsOf(network).some(({ kind }) => !Object.hasOwn(HARMLESS_FAULTS, kind));
  for (const { id, toServer, toClient } of sessions) {
    const isComplete = toServer.isComplete && toClient.isComplete;
    network.sometimes("a session is complete", isComplete);
    if (!isComplete && !isDisturbed) network.fail(`session ${id} is incomplete, undisturbed`);
  }
}
