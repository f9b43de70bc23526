/**
 * Clients and servers that read and write a connection as WHATWG streams.
 *
 * A server sends back what it receives, in one of several ways; a client writes, reads, and
 * sometimes cancels or aborts a stream.
 *
 * Invariants:
 *
 * - What a client reads is a prefix of what it has written. If `readable` ends, it has read
 *   everything, unless the server's process has died.
 * - Every promise settles: writes, reads, `close()` and pipes. No rejection is left unhandled.
 * - No more bytes wait to be read than the high-water mark and one chunk.
 * - If there are no faults that a connection could notice, sessions that are not cancelled are
 *   complete.
 * - Each connection is lost once, and no timed call is left.
 *
 * @module
 */

import {
  connectProtocol,
  type IStreamClientEndpoint,
  TCP4ClientEndpoint,
  TLSClientEndpoint,
} from "../../endpoints/mod.ts";
import {
  DEFAULT_FAULTS,
  HARMLESS_FAULTS,
  type SimulatedHost,
  type SimulatedNetwork,
} from "../simulation/mod.ts";
import { StreamClient } from "./support/stream_client.ts";
import { StreamEcho } from "./support/stream_echo.ts";
import { StreamWorld } from "./support/stream_world.ts";
import { faultsOf } from "./support/past_faults.ts";

const PORT = 2000;
const TLS_PORT = 2001;
const LIMITS = { idleTimeout: 5, linger: 5 };
const CONNECT_TIMEOUT = 3;
/** All sessions have ended by then: their timeouts are shorter, and their pauses few. */
const ENDED_WITHIN = 40;

const FAULTS = {
  ...DEFAULT_FAULTS,
  ...HARMLESS_FAULTS,
  reset: 0.003,
  "half-open": 0.002,
  partition: 1,
  "one-way partition": 1,
  clog: 3,
  pause: 6,
  kill: 3,
};

/** The states that some seed must reach. */
export const states = [
  "a session is complete",
  "a session fails",
  "a client closes its stream",
  "a pipe ends",
  "a pipe fails",
  "a transform ends",
  "a transform fails",
  "a loop ends",
  "a loop fails",
];

/** Clients write to servers that send everything back. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const { random } = network;
  network.setFaults(random.below(3) === 0 ? HARMLESS_FAULTS : FAULTS);
  const world = new StreamWorld(network);
  const server = network.addHost("server", (host) => {
    const factory = world.connections.factory(host, () => new StreamEcho(world, host));
    host.reactor.listenTCP(PORT, factory, LIMITS);
    host.reactor.listenTLS(TLS_PORT, factory, { ...LIMITS, cert: "cert", key: "key" });
  });
  const client = network.addHost("client");
  const sessions = network.parameter("sessions", 8);
  for (let id = 0; id < sessions; id++) {
    network.callLater(random.between(0, 4000) / 1000, () => void connect(world, client, server));
  }
  await network.sleep(network.parameter("seconds", 6, 4));
  network.heal();
  await network.eventually(ENDED_WITHIN, "all sessions have ended", () => world.isOver);
  const isDisturbed = faultsOf(network).some(({ kind }) => !Object.hasOwn(HARMLESS_FAULTS, kind));
  if (!isDisturbed) world.checkComplete();
  await network.shutDown();
  world.connections.checkAllLost();
}

async function connect(
  world: StreamWorld,
  host: SimulatedHost,
  server: SimulatedHost,
): Promise<void> {
  const session = world.begin(host, server);
  const options = { ...LIMITS, timeout: CONNECT_TIMEOUT };
  const address = world.network.addressOf("server");
  const endpoint: IStreamClientEndpoint = host.random.below(2) === 0
    ? new TCP4ClientEndpoint(host.reactor, address, PORT, options)
    : new TLSClientEndpoint(host.reactor, address, TLS_PORT, options);
  try {
    const client = world.connections.watch(host, new StreamClient(world, host, session));
    await connectProtocol(endpoint, client);
    await client.exchange();
  } catch (error) {
    host.note(`a session ends: ${error}`);
    world.network.sometimes("a session fails", true);
  } finally {
    world.end(session);
  }
}
