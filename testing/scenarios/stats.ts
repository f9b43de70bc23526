/**
 * Clients and servers that do all that changes a counter: they refuse, fail, close, abort, throw,
 * pause, and give up connecting, with and without TLS.
 *
 * Invariants, at each moment:
 *
 * - The counters of `reactor.stats()` are those of the events that `reactor.observe()` reports.
 * - Its bytes are the sums of `transport.stats()` over all connections, open and closed.
 * - Its refusals and failed handshakes are the sums of `port.stats`.
 *
 * And at the end:
 *
 * - Each accepted connection was opened, was refused, or has failed in its handshake.
 * - Without TLS, no side has received more bytes than the other one has sent.
 * - No byte waits to be sent, and nothing is open.
 *
 * @module
 */

import { ClientFactory, Factory, Protocol } from "../../protocol/mod.ts";
import type { IProtocol, ListenStreamOptions } from "../../reactor/interfaces/mod.ts";
import {
  DEFAULT_FAULTS,
  HARMLESS_FAULTS,
  type SimulatedHost,
  type SimulatedNetwork,
} from "../simulation/mod.ts";
import { StatsLedger } from "./support/stats_ledger.ts";

const PORT = 2000;
const TLS_PORT = 2001;
const CLOSED_PORT = 2002;
const LIMITS = { idleTimeout: 3, linger: 2 };
const CONNECT_TIMEOUT = 2;
/** All connections are lost by then: a connection lives for a few messages of little delay. */
const ENDED_WITHIN = 60;

const FAULTS = {
  ...DEFAULT_FAULTS,
  ...HARMLESS_FAULTS,
  reset: 0.01,
  "half-open": 0.005,
  "handshake failure": 0.1,
  partition: 1,
  "one-way partition": 1,
  clog: 3,
  pause: 3,
  // The counters of a process that has ended are lost.
  crash: 0,
  "crash losing data": 0,
  kill: 0,
};

/** The states that some seed must reach. */
export const states = [
  "a port refuses a connection",
  "a factory refuses a connection",
  "a handshake fails",
  "an attempt to connect fails",
  "bytes wait to be sent",
  "a protocol throws",
];

/** The error of a protocol, of which the log tells. */
class Mishap extends Error {}

/** A protocol that acts at random on what happens. */
class Erratic extends Protocol {
  readonly #network: SimulatedNetwork;
  readonly #host: SimulatedHost;
  /** The number of actions that are left. Each connection ends sometime. */
  #left: number;

  constructor(network: SimulatedNetwork, host: SimulatedHost) {
    super();
    this.#network = network;
    this.#host = host;
    this.#left = host.random.between(1, 12);
  }

  override connectionMade(): void {
    this.#act();
  }

  override dataReceived(): void {
    this.#act();
  }

  #act(): void {
    const { random } = this.#host;
    if (this.#left-- <= 0) return this.transport.loseConnection();
    switch (random.below(12)) {
      case 0:
        return this.transport.loseConnection();
      case 1:
        return this.transport.abortConnection();
      case 2:
        this.#network.sometimes("a protocol throws", true);
        throw new Mishap("a mishap");
      case 3:
        this.transport.pauseProducing();
        this.#network.callLater(
          random.between(0, 2000) / 1000,
          () => this.transport.resumeProducing(),
        );
        break;
      case 4:
        this.transport.write(new Uint8Array(random.between(1, 1_000_000)));
        break;
    }
    this.transport.write(new Uint8Array(random.between(1, 300)));
    this.transport.write(new Uint8Array(random.between(0, 3)));
  }
}

/** Returns a protocol, and sometimes `null`, or throws an error. */
function build(network: SimulatedNetwork, host: SimulatedHost): IProtocol | null {
  const choice = host.random.below(12);
  if (choice === 0) throw new Mishap("no protocol");
  return choice === 1 ? null : new Erratic(network, host);
}

/** Lets a factory build protocols that act at random. */
function erratic<F extends Factory>(
  factory: F,
  network: SimulatedNetwork,
  host: SimulatedHost,
): F {
  return Object.assign(factory, { noisy: false, buildProtocol: () => build(network, host) });
}

/** Connections of all kinds come and go. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const { random } = network;
  network.setFaults(random.below(3) === 0 ? HARMLESS_FAULTS : FAULTS);
  network.allowErrors((error) => error instanceof Mishap);
  const ledgers = new Map<string, StatsLedger>();
  const server = network.addHost("server", (host) => listen(network, host, ledgers));
  const client = network.addHost("client", (host) => {
    ledgers.set(host.name, new StatsLedger(host.reactor));
  });
  network.always("the counters add up", () => [...ledgers.values()].every((of) => of.check()));
  for (let id = 0; id < network.parameter("attempts", 30); id++) {
    network.callLater(random.between(0, 4000) / 1000, () => connect(network, client));
  }
  await network.sleep(network.parameter("seconds", 6, 5));
  network.heal();
  const isOver = () =>
    [server, client].every(({ reactor }) => {
      const { openConnections, pendingConnects } = reactor.stats();
      return openConnections + pendingConnects === 0;
    }) && !server.reactor.describe().includes("TLS handshake");
  await network.eventually(ENDED_WITHIN, "all connections are lost", isOver);
  const { refusals, failedHandshakes } = server.reactor.stats();
  network.sometimes("a port refuses a connection", refusals.maxConnections > 0);
  network.sometimes("a factory refuses a connection", refusals.factory > 0);
  network.sometimes("a handshake fails", failedHandshakes > 0);
  network.sometimes("an attempt to connect fails", client.reactor.stats().failedConnects > 0);
  for (const ledger of ledgers.values()) ledger.checkAccepted();
  // On the TLS port, alerts of handshakes are sent to clients without TLS.
  const totals = [...ledgers.values()].map((ledger) => ledger.bytesOn(PORT));
  for (const [side, { received }] of totals.entries()) {
    const sent = totals[1 - side]?.sent ?? 0;
    if (received > sent) network.fail(`${received} B of ${sent} B were received`);
  }
  await network.shutDown();
  for (const ledger of ledgers.values()) ledger.checkEnd();
}

/** Starts the ports of the server. */
function listen(
  network: SimulatedNetwork,
  host: SimulatedHost,
  ledgers: Map<string, StatsLedger>,
): void {
  const ledger = new StatsLedger(host.reactor);
  ledgers.set(host.name, ledger);
  const { random, reactor } = host;
  const limits: ListenStreamOptions = {
    ...LIMITS,
    maxConnections: random.between(1, 4),
    maxConnectionsPerHost: random.between(1, 6),
    connectionRate: random.between(3, 30),
    overflow: random.below(2) === 0 ? "pause" : "refuse",
  };
  ledger.add(reactor.listenTCP(PORT, erratic(new Factory(), network, host), limits));
  const tls = { ...limits, handshakeTimeout: 2, cert: "cert", key: "key" };
  ledger.add(reactor.listenTLS(TLS_PORT, erratic(new Factory(), network, host), tls));
}

/** Connects once, to a port of any kind, and sometimes gives up. */
function connect(network: SimulatedNetwork, host: SimulatedHost): void {
  const { random, reactor } = host;
  if (!reactor.running) return;
  const factory = erratic(new ClientFactory(), network, host);
  const options = { ...LIMITS, timeout: CONNECT_TIMEOUT };
  const address = network.addressOf("server");
  // Without TLS, the greeting of a client makes the handshake of the server fail.
  const port = [PORT, PORT, TLS_PORT, CLOSED_PORT][random.below(4)] ?? PORT;
  const connector = random.below(2) === 0 && port === TLS_PORT
    ? reactor.connectTLS(address, port, factory, options)
    : reactor.connectTCP(address, port, factory, options);
  if (random.below(6) === 0) {
    network.callLater(random.between(0, 300) / 1000, () => connector.disconnect());
  }
  const waiting = () => network.sometimes("bytes wait to be sent", reactor.stats().bytesUnsent > 0);
  network.callLater(random.between(0, 500) / 1000, waiting);
}
