/**
 * Clients that exchange data with a server through a port forwarder.
 *
 * Invariants:
 *
 * - The bytes that arrive are a prefix of those that were sent, in both directions.
 * - An end that arrives is true: the sender had finished, and all its bytes have arrived. Only a
 *   process that has died can cut a stream short, because its system closes its connections.
 * - If there are no faults that a connection could notice, all data and both ends arrive, also when
 *   one direction ends long before the other.
 * - The forwarder buffers no more than its high-water mark and one chunk.
 * - When one connection of a pair ends, the other one does, too. All connections end within the
 *   timeouts, each is lost once, and no timed call is left.
 *
 * @module
 */

import { TCP4ClientEndpoint, TLSClientEndpoint } from "../../endpoints/mod.ts";
import {
  type ForwardingProtocol,
  ProxyClient,
  ProxyClientFactory,
  ProxyFactory,
  ProxyServer,
} from "../../protocol/mod.ts";
import { WriteBufferExceeded } from "../../reactor/errors.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import {
  DEFAULT_FAULTS,
  HARMLESS_FAULTS,
  type SimulatedHost,
  type SimulatedNetwork,
} from "../simulation/mod.ts";
import { WatchedConnections } from "./support/watched_connections.ts";
import { ForwardedClient, ForwardedServer, type ForwardedWorld } from "./support/forwarded_ends.ts";
import { planSession, type Session } from "./support/forwarded_session.ts";
import { faultsOf } from "./support/past_faults.ts";

const SERVER_PORT = 80;
const PROXY_PORT = 2000;
/** The port of the forwarder that clients reach over TLS. It forwards without TLS. */
const PROXY_TLS_PORT = 2001;
const CONNECT_TIMEOUT = 3;
const IDLE_TIMEOUT = 5;
const HIGH_WATER = 16384;
/** The largest chunk that a forwarder can receive at once: the window of a simulated connection. */
const MOST_CHUNK = 262144;
/** A connection without progress ends within this time, also if its attempt has just begun. */
const ENDED_WITHIN = 3 * (CONNECT_TIMEOUT + IDLE_TIMEOUT);

const LIMITS = {
  idleTimeout: IDLE_TIMEOUT,
  linger: IDLE_TIMEOUT,
  writeBufferHighWater: HIGH_WATER,
  writeBufferLimit: HIGH_WATER + MOST_CHUNK,
};

const FAULTS = {
  ...DEFAULT_FAULTS,
  ...HARMLESS_FAULTS,
  reset: 0.003,
  "half-open": 0.002,
  refuse: 0.05,
  partition: 2,
  "one-way partition": 2,
  clog: 3,
  pause: 6,
  crash: 1,
  "crash losing data": 1,
  kill: 2,
};

/** What the hosts of a simulation share for the checks. */
class World implements ForwardedWorld {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  readonly sessions: Session[] = [];

  constructor(network: SimulatedNetwork) {
    this.network = network;
    this.connections = new WatchedConnections(network);
  }

  session(id: number): Session | null {
    return this.sessions[id] ?? null;
  }

  /** Checks the reason for which the forwarder has lost a connection. */
  lostByProxy(reason: Error): void {
    if (reason instanceof WriteBufferExceeded) this.network.fail(`the forwarder: ${reason}`);
  }
}

/** Forwards connections with protocols that record their events. */
function runProxy(host: SimulatedHost, world: World): void {
  const watch = <P extends ForwardingProtocol>(protocol: P | null): P | null =>
    protocol && world.connections.watch(host, protocol);
  class Outgoing extends ProxyClient {
    override connectionLost(reason: Error): void {
      world.lostByProxy(reason);
      super.connectionLost(reason);
    }
  }
  class OutgoingFactory extends ProxyClientFactory {
    override protocol = Outgoing;

    override buildProtocol(addr: Address): ProxyClient | null {
      return watch(super.buildProtocol(addr));
    }
  }
  class Incoming extends ProxyServer {
    override clientProtocolFactory = OutgoingFactory;

    override connectionLost(reason: Error): void {
      world.lostByProxy(reason);
      super.connectionLost(reason);
    }

    override peerUnreachable(reason: Error): void {
      world.network.sometimes("the server is unreachable", true);
      super.peerUnreachable(reason);
    }
  }
  class Forwarder extends ProxyFactory {
    override protocol = Incoming;

    override buildProtocol(addr: Address): ProxyServer | null {
      return watch(super.buildProtocol(addr));
    }
  }
  const options = { ...LIMITS, timeout: CONNECT_TIMEOUT };
  const address = world.network.addressOf("server");
  const forwarder = new Forwarder(host.reactor, address, SERVER_PORT, options);
  host.reactor.listenTCP(PROXY_PORT, forwarder, LIMITS);
  host.reactor.listenTLS(PROXY_TLS_PORT, forwarder, { ...LIMITS, cert: "cert", key: "key" });
}

/** The states that some seed must reach. */
export const states = [
  "a session is complete",
  "the server is unreachable",
  "the forwarder is unreachable",
  "a plain sender starts",
  "a push sender starts",
  "a pull sender starts",
  "a receiver pauses",
  "data arrives after the other direction has ended",
];

/** Clients and a server exchange data through a forwarder. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const { random } = network;
  network.setFaults(random.below(4) === 0 ? HARMLESS_FAULTS : FAULTS);
  const world = new World(network);
  const server = network.addHost("server", (host) => {
    const factory = world.connections.factory(host, () => new ForwardedServer(world, host));
    host.reactor.listenTCP(SERVER_PORT, factory, {
      idleTimeout: IDLE_TIMEOUT,
      linger: IDLE_TIMEOUT,
    });
  });
  const proxy = network.addHost("proxy", (host) => runProxy(host, world));
  const client = network.addHost("client", () => {});
  limitBandwidth(network);
  const sessions = network.parameter("sessions", 8);
  for (let id = 0; id < sessions; id++) {
    const session = planSession(network, id, [client, proxy, server]);
    world.sessions.push(session);
    network.callLater(random.between(0, 4000) / 1000, () => connect(world, client, session));
  }
  await network.sleep(network.parameter("seconds", 8));
  network.heal();
  await network.eventually(
    ENDED_WITHIN,
    "all connections have ended",
    () => world.connections.isAllLost,
  );
  const isDisturbed = faultsOf(network).some(({ kind }) => !Object.hasOwn(HARMLESS_FAULTS, kind));
  for (const session of world.sessions) session.checkEnd(isDisturbed);
  await network.shutDown();
}

function connect(world: World, host: SimulatedHost, session: Session): void {
  if (!host.isUp) return;
  session.begin();
  const address = world.network.addressOf("proxy");
  const options = { timeout: CONNECT_TIMEOUT, idleTimeout: IDLE_TIMEOUT, linger: IDLE_TIMEOUT };
  const endpoint = host.random.below(2) === 0
    ? new TCP4ClientEndpoint(host.reactor, address, PROXY_PORT, options)
    : new TLSClientEndpoint(host.reactor, address, PROXY_TLS_PORT, options);
  endpoint
    .connect(world.connections.factory(host, () => new ForwardedClient(world, host, session)))
    .addErrback(() => world.network.sometimes("the forwarder is unreachable", true));
}

/** Makes some links slow, so that a fast sender has to wait. */
function limitBandwidth(network: SimulatedNetwork): void {
  const { random } = network;
  for (const [from, to] of [["client", "proxy"], ["proxy", "server"]] as const) {
    if (random.below(3) === 0) network.setLink(from, to, { bandwidth: 1_000_000 });
    if (random.below(3) === 0) network.setLink(to, from, { bandwidth: 1_000_000 });
  }
}
