/**
 * A client that connects, with `HostnameEndpoint` or with `connectTCP()`, again and again to a name
 * with up to three IPv6 and three IPv4 addresses. In each round, the server of each address
 * answers, answers slowly, refuses, or is silent, or the address belongs to no host. Lookups fail,
 * come late, or return addresses without a host. Some rounds are cancelled.
 *
 * Invariants:
 *
 * - If an address works and its family was looked up, the client connects, within the time of that
 *   lookup, the resolution delay, one attempt delay for each silent or slow address, and one round
 *   trip.
 * - Otherwise the Deferred fails with a `ConnectError`, within the timeouts of one lookup and of
 *   one attempt beside the delays.
 * - A connection is made at most once in a round: by the winner, if the Deferred fires, and never
 *   after it was cancelled or has failed.
 * - The losers are closed: a server has no connection left when a round trip has passed.
 * - When the Deferred fires, no timed call is left.
 * - Exactly one `connectionLost` for each `connectionMade`.
 *
 * @module
 */

import { Deferred } from "../../defer/mod.ts";
import { ConnectingFactory } from "../../endpoints/connecting_factory.ts";
import { HostnameEndpoint } from "../../endpoints/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { isIPv6Address } from "../../reactor/addresses.ts";
import { ConnectError, ConnectingCancelledError } from "../../reactor/errors.ts";
import type { IListeningPort } from "../../reactor/interfaces/mod.ts";
import type { Fault } from "../simulation/faults.ts";
import type { SimulatedHost, SimulatedNetwork } from "../simulation/mod.ts";
import { faultsOf, pausedTime, wasInterrupted } from "./support/past_faults.ts";
import { WatchedConnections } from "./support/watched_connections.ts";

const PORT = 2000;
const NAME = "service.example";
/** Seconds for each lookup and each attempt. */
const TIMEOUT = 4;
const ATTEMPT_DELAY = 0.25;
const RESOLUTION_DELAY = 0.05;
/** Seconds until an attempt is refused, at most. */
const REFUSAL = 0.06;
/** Seconds of a way to a slow server, at most. */
const SLOWEST = 1.5;
/** Seconds of a lookup and of a round trip, without a fault, and of their random delays. */
const SLACK = 0.25;
/** The addresses of each family, and the one that a wrong answer adds. */
const MOST_ADDRESSES = 2 * (3 + 1);
/** Seconds after which every round has an outcome. */
const LONGEST = TIMEOUT + RESOLUTION_DELAY + MOST_ADDRESSES * ATTEMPT_DELAY + TIMEOUT + SLACK;
const SECOND = 1_000_000;

const ADDRESSES = ["fd00::a1", "fd00::a2", "fd00::a3", "10.1.0.1", "10.1.0.2", "10.1.0.3"];
const WAYS = ["works", "slow", "refuses", "silent", "nowhere"] as const;
type Way = typeof WAYS[number];

/** The states that some seed must reach. */
export const states = [
  "an IPv6 address wins",
  "an IPv4 address wins",
  "a slow address wins",
  "an address wins beside a silent one",
  "an address wins after others have failed",
  "an address wins although a lookup has failed",
  "an address wins before the other lookup is complete",
  "all attempts fail",
  "no address is found",
  "connecting is cancelled",
];

/** Runs the scenario. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const connections = new WatchedConnections(network);
  const client = network.addHost("client");
  const servers = ADDRESSES.map((address, index) =>
    new Server(network, connections, `server${index + 1}`, address)
  );
  const world = { network, connections, client, servers };
  const rounds = network.parameter("rounds", 12);
  for (let index = 0; index < rounds; index++) {
    for (const server of servers) server.behave(network.random.pick(WAYS));
    const named = network.random.shuffle(servers.filter(() => network.random.below(4) > 0));
    await new Round(world, named, index).run(network.random.below(6) === 0);
  }
  network.heal();
  for (const server of servers) server.behave("works");
  await network.sleep(1);
  await new Round(world, servers, rounds).run(false);
  if (!client.reactor.running) network.fail("the reactor of the client has stopped");
  await network.shutDown();
  connections.checkAllLost();
}

/** What all rounds share. */
interface World {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  readonly client: SimulatedHost;
  readonly servers: readonly Server[];
}

/** The server of one address. */
class Server {
  readonly name: string;
  readonly address: string;
  readonly host: SimulatedHost;
  way: Way = "works";
  /** Seconds from the client to the server. */
  latency = 0;
  /** Its open connections before the round: a partition may have hidden their end from it. */
  openBefore = 0;
  readonly #network: SimulatedNetwork;
  readonly #factory: Factory;
  /** The open port, and the reactor that a restart of the host replaces. */
  #port: { reactor: unknown; port: IListeningPort } | null = null;
  #cut: Disposable | null = null;

  constructor(
    network: SimulatedNetwork,
    connections: WatchedConnections,
    name: string,
    address: string,
  ) {
    this.name = name;
    this.address = address;
    this.#network = network;
    this.#factory = Factory.forProtocol(() => connections.watch(this.host, new Protocol()));
    this.host = network.addHost(name, () => this.#start(), { addresses: [address] });
  }

  /** Changes how the server answers from now on. */
  behave(way: Way): void {
    this.way = way;
    this.#cut?.[Symbol.dispose]();
    this.#cut = way === "silent" ? this.#network.partitionOneWay(["client"], [this.name]) : null;
    this.latency = way === "slow" ? 0.3 + this.#network.random.fraction() * (SLOWEST - 0.3) : 0.001;
    this.#network.setLink("client", this.name, { latency: this.latency });
    this.#network.setLink(this.name, "client", { latency: this.latency });
    if (this.host.isUp) this.#start();
  }

  #start(): void {
    const { reactor } = this.host;
    if (this.way !== "refuses") {
      if (this.#port?.reactor === reactor) return;
      const port = reactor.listenTCP(PORT, this.#factory, { interface: this.address });
      this.#port = { reactor, port };
    } else if (this.#port?.reactor === reactor) {
      this.#port.port.stopListening();
      this.#port = null;
    }
  }
}

/** The client's protocol. */
class Client extends Protocol {
  readonly lost: Deferred<void> = new Deferred();
  readonly #made: () => void;

  constructor(made: () => void) {
    super();
    this.#made = made;
  }

  override connectionMade(): void {
    this.#made();
  }

  override connectionLost(): void {
    this.lost.callback();
  }
}

function connectEndpoint(
  { reactor }: SimulatedHost,
  factory: Factory<Client>,
  signal: AbortSignal,
): Deferred<Client> {
  const endpoint = new HostnameEndpoint(reactor, NAME, PORT, {
    timeout: TIMEOUT,
    attemptDelay: ATTEMPT_DELAY,
    resolutionDelay: RESOLUTION_DELAY,
  });
  return endpoint.connect(factory, { signal });
}

function connectConnector(
  { reactor }: SimulatedHost,
  factory: Factory<Client>,
  signal: AbortSignal,
): Deferred<Client> {
  const connecting = new ConnectingFactory(factory);
  // The timeout of a connector includes the lookups.
  reactor.connectTCP(NAME, PORT, connecting, { timeout: LONGEST - SLACK, signal });
  return connecting.connected;
}

/** One attempt of the client to connect to the name. */
class Round {
  readonly #world: World;
  readonly #network: SimulatedNetwork;
  /** The servers that the name stands for, in its order. */
  readonly #named: readonly Server[];
  readonly #index: number;
  readonly #startedAt: number;
  readonly #faultsBefore: number;
  #made = 0;

  /**
   * @param world The hosts.
   * @param named The servers that the name stands for.
   * @param index The number of rounds before this one.
   */
  constructor(world: World, named: readonly Server[], index: number) {
    this.#world = world;
    this.#network = world.network;
    this.#named = named;
    this.#index = index;
    this.#startedAt = this.#network.seconds();
    this.#faultsBefore = this.#network.faults.length;
    this.#network.setName(NAME, named.map(addressIn));
    for (const server of world.servers) {
      server.openBefore = world.connections.countOf(server.host);
    }
  }

  /** Connects, checks the outcome, and closes the connection. */
  async run(isCancelled: boolean): Promise<void> {
    const { client, connections } = this.#world;
    const network = this.#network;
    const factory = Factory.forProtocol(() =>
      connections.watch(client, new Client(() => this.#made++))
    );
    const aborting = new AbortController();
    const connect = network.random.pick([connectEndpoint, connectConnector]);
    const connecting = connect(client, factory, aborting.signal);
    if (isCancelled) {
      const cancel = () => network.random.below(2) === 0 ? connecting.cancel() : aborting.abort();
      network.callLater(2 * network.random.fraction(), cancel);
    }
    // The checks run in the call that fires the Deferred.
    const connected = await connecting.addCallbacks(
      (client) => {
        this.#checkTime();
        this.#reached(client);
        return client;
      },
      (error) => {
        this.#checkTime();
        this.#checkError(error, isCancelled);
        return null;
      },
    );
    const made = connected === null ? 0 : 1;
    if (this.#made !== made) network.fail(`${this.#made} connections were made, and not ${made}`);
    const calls = client.reactor.getDelayedCalls();
    if (calls.length > 0) network.fail(`connecting leaves timed calls: ${calls.join(", ")}`);
    connected?.transport.loseConnection();
    await connected?.lost;
    await network.sleep(2 * SLOWEST + 1);
    if (this.#made !== made) network.fail("a connection was made after the end of a round");
    this.#checkLosers();
  }

  /** Checks that the outcome is known in time. */
  #checkTime(): void {
    const now = this.#network.seconds();
    const paused = pausedTime(this.#network, this.#world.client.name, this.#startedAt, now);
    if (now - this.#startedAt > LONGEST + paused) this.#network.fail("connecting takes too long");
    if (this.#isDisturbed || now - this.#startedAt <= this.#longest) return;
    this.#network.fail("the client does not connect in time, although an address works");
  }

  #checkError(error: Error, isCancelled: boolean): void {
    const network = this.#network;
    if (!(error instanceof ConnectError)) network.fail(`connecting fails with ${error.name}`);
    if (error instanceof ConnectingCancelledError) {
      if (!isCancelled) network.fail("connecting fails as if it were cancelled");
      return network.sometimes("connecting is cancelled", true);
    }
    if (!this.#isDisturbed && this.#longest < Infinity) {
      network.fail("connecting fails, although an address works");
    }
    const isFound = this.#named.some((server) => this.#lookupTime(server) < Infinity);
    network.sometimes(isFound ? "all attempts fail" : "no address is found", true);
  }

  /** Checks that no server has a connection left. */
  #checkLosers(): void {
    const { servers, connections } = this.#world;
    // A server that reads late closes late.
    const isLate = this.#faults.some(({ kind }) => kind === "half-open" || kind === "slow read");
    if (this.#isDisturbed || isLate) return;
    for (const { host, openBefore } of servers) {
      if (connections.countOf(host) > openBefore) {
        this.#network.fail(`${host} has a loser's connection`);
      }
    }
  }

  /** Records what is special about a connection. */
  #reached({ transport }: Client): void {
    const network = this.#network;
    const peer = transport.getPeer();
    const address = "host" in peer ? peer.host : "";
    const winner = this.#named.find((server) => server.address === address);
    if (winner === undefined) return network.fail(`the client is connected to ${address}`);
    const isWinnerIPv6 = isIPv6Address(address);
    network.sometimes(isWinnerIPv6 ? "an IPv6 address wins" : "an IPv4 address wins", true);
    if (winner.way === "slow") network.sometimes("a slow address wins", true);
    const first = this.#named.find((server) => isIPv6Address(server.address) === isWinnerIPv6);
    if (first?.way === "silent") network.sometimes("an address wins beside a silent one", true);
    if (first?.way === "refuses") {
      network.sometimes("an address wins after others have failed", true);
    }
    const other = this.#lookupTimeOf(isWinnerIPv6 ? 2 : 1);
    if (other === Infinity) {
      network.sometimes("an address wins although a lookup has failed", true);
    } else if (other > network.seconds() - this.#startedAt) {
      network.sometimes("an address wins before the other lookup is complete", true);
    }
  }

  /** The faults of this round. */
  get #faults(): readonly Fault[] {
    return faultsOf(this.#network).slice(this.#faultsBefore);
  }

  /** Whether hosts were cut off, paused or crashed in this round. */
  get #isDisturbed(): boolean {
    return wasInterrupted(this.#network, this.#startedAt);
  }

  /** Seconds after which the client is connected; Infinity if no address works. */
  get #longest(): number {
    const times = this.#named.filter((server) => this.#works(server)).map((server) => {
      const others = this.#named.filter((other) => other !== server);
      const delay = others.reduce((sum, other) => sum + delayOf(other), 0);
      return this.#lookupTime(server) + delay + 2 * server.latency;
    });
    return Math.min(...times) + RESOLUTION_DELAY + SLACK;
  }

  /** Whether a server answers, and the attempt in this round has no fault. */
  #works({ way, name }: Server): boolean {
    const isBroken = ({ kind, ...fault }: Fault) =>
      "place" in fault &&
      (kind === "full queue"
        ? fault.place === name
        : (kind === "refuse" || kind === "ignore") && fault.place === `client->${name}`);
    return (way === "works" || way === "slow") && !this.#faults.some(isBroken);
  }

  /** Seconds that the lookup of a server's family takes; Infinity if it fails. */
  #lookupTime({ address }: Server): number {
    return this.#lookupTimeOf(isIPv6Address(address) ? 1 : 2);
  }

  /** @param n The number of the lookup in this round: IPv6 addresses come first. */
  #lookupTimeOf(n: 1 | 2): number {
    let time = 0.001;
    for (const fault of this.#faults) {
      if (!("n" in fault) || fault.place !== "client" || fault.n !== 2 * this.#index + n) continue;
      // The address that is left out may be the one that works.
      if (fault.kind === "lookup failure" || fault.kind === "lookup omission") return Infinity;
      if (fault.kind === "lookup delay") time += fault.value / SECOND;
    }
    // A lookup that takes about as long as the timeout may or may not fail.
    return time < TIMEOUT - SLACK ? time : Infinity;
  }
}

/** Returns the longest time for which the attempt at an address delays the next attempt. */
function delayOf({ way }: Server): number {
  return way === "refuses" || way === "nowhere" ? REFUSAL : ATTEMPT_DELAY;
}

/** Returns the address of a server in the name service. */
function addressIn({ address, way }: Server): string {
  if (way !== "nowhere") return address;
  return isIPv6Address(address) ? `${address}:ffff` : `192.0.2.${address.at(-1)}`;
}
