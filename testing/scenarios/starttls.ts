/**
 * Mail servers and clients that start TLS, as in `examples/starttls.ts`, and an attacker between
 * them who watches, injects lines, and cuts connections.
 *
 * Invariants:
 *
 * - After the upgrade, each side sends nothing but TLS records. No secret is sent before it.
 * - What an attacker injects before the upgrade is never executed after it, by neither side,
 *   however a side treats the bytes that it has received early.
 * - Over TLS, all lines arrive once, unchanged and in order.
 * - Each session completes, or fails with a reason. A session that is cut does not end cleanly.
 * - A connection is never lost within a call that its protocol makes.
 * - Every wait ends, each connection is lost once, and no timed call is left.
 *
 * @module
 */

import { TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { DEFAULT_FAULTS, type SimulatedHost, type SimulatedNetwork } from "../simulation/mod.ts";
import { MailClient, MailServer } from "./support/starttls_ends.ts";
import { Interceptor } from "./support/starttls_interceptor.ts";
import { CONNECT_TIMEOUT, CONNECTION_LIMITS, StartTLSWorld } from "./support/starttls_world.ts";

const SERVER_PORT = 25;
const INTERCEPTED_PORT = 2525;
/** All sessions have ended by then: their timeouts are shorter. */
const ENDED_WITHIN = 30;

const FAULTS = {
  ...DEFAULT_FAULTS,
  split: 0.2,
  "short read": 0.1,
  "short write": 0.1,
  reset: 0.002,
  "half-open": 0.001,
  "handshake failure": 0.05,
  partition: 1,
  "one-way partition": 1,
  clog: 3,
  pause: 6,
  kill: 3,
};

/** The states that some seed must reach. */
export const states = [
  "a session completes",
  "a session fails",
  "the server has started TLS",
  "a server refuses to start TLS",
  "a handshake fails",
  "bytes arrive before the upgrade",
  "an attacker cuts a session",
  "an attacker injects a line",
];

/** Clients talk to a server through an attacker. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const { random } = network;
  network.setFaults(FAULTS);
  const world = new StartTLSWorld(network);
  network.addHost("server", (host) => {
    const factory = world.connections.factory(host, () => new MailServer(world, host));
    host.reactor.listenTCP(SERVER_PORT, factory, CONNECTION_LIMITS);
  });
  network.addHost("attacker", (host) => {
    const options = { ...CONNECTION_LIMITS, timeout: CONNECT_TIMEOUT };
    const server = network.addressOf("server");
    const interceptor = new Interceptor(world, host, server, SERVER_PORT, options);
    host.reactor.listenTCP(INTERCEPTED_PORT, interceptor, CONNECTION_LIMITS);
  });
  const client = network.addHost("client");
  const sessions = network.parameter("sessions", 8);
  for (let id = 1; id <= sessions; id++) {
    network.callLater(random.between(0, 5000) / 1000, () => connect(world, client, id));
  }
  await network.sleep(network.parameter("seconds", 6));
  network.heal();
  await network.eventually(ENDED_WITHIN, "all sessions have ended", () => world.isOver);
  await network.shutDown();
  world.connections.checkAllLost();
}

function connect(world: StartTLSWorld, host: SimulatedHost, id: number): void {
  const options = { ...CONNECTION_LIMITS, timeout: CONNECT_TIMEOUT };
  const address = world.network.addressOf("attacker");
  const factory = world.connections.factory(host, () => new MailClient(world, host, id));
  world.begin(id);
  new TCP4ClientEndpoint(host.reactor, address, INTERCEPTED_PORT, options)
    .connect(factory)
    .addErrback((reason) => world.end(id, reason));
}
