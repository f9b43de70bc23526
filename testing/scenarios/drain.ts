/**
 * Servers that drain their ports and listen again, and clients that use two of them in turn.
 *
 * Invariants:
 *
 * - `drain()` fires, at the latest at its deadline. All connections of the port are closed then,
 *   the number of aborted ones is right, and the address is free.
 * - A port that drains makes no new connection.
 * - No accepted request is lost: a request that a server has accepted is answered, unless the
 *   deadline or a fault cuts the connection. Then its client learns that, and asks again.
 * - Each request is answered once in the end, and each client gets all its answers.
 * - Each connection is lost once, and no timed call is left.
 *
 * @module
 */

import {
  DEFAULT_FAULTS,
  HARMLESS_FAULTS,
  type SimulatedHost,
  type SimulatedNetwork,
} from "../simulation/mod.ts";
import { DrainClient } from "./support/drain_client.ts";
import { DrainServer } from "./support/drain_server.ts";
import { DrainWorld, SERVERS } from "./support/drain_world.ts";

/** The time in which a client gets its last answers, after the last fault. */
const ANSWERED_WITHIN = 40;

const FAULTS = {
  ...DEFAULT_FAULTS,
  ...HARMLESS_FAULTS,
  reset: 0.002,
  "half-open": 0.001,
  partition: 2,
  "one-way partition": 2,
  clog: 3,
  pause: 6,
  crash: 1,
  kill: 1,
};

/** The states that some seed must reach. */
export const states = [
  "a request is answered",
  "a request is cut",
  "a client asks again",
  "a client gives up a connection",
  "a server has stopped gracefully",
  "a port reaches its limit",
  "a port has two drains",
  "a port listens again",
  "a busy connection drains",
  "a drain ends without an abort",
  "a drain aborts connections",
  "a drain is cancelled",
];

/** Clients ask servers that drain again and again. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  const { random } = network;
  const isDisturbed = random.below(3) > 0;
  network.setFaults(isDisturbed ? FAULTS : HARMLESS_FAULTS);
  const world = new DrainWorld(network);
  for (const name of SERVERS) {
    const host = network.addHost(name, (host) => new DrainServer(world, host).start());
    network.callLater(random.between(2000, 9000) / 1000, () => restartGracefully(world, host));
  }
  const clients = network.parameter("clients", 3);
  for (let i = 1; i <= clients; i++) {
    network.addHost(`client${i}`, (host) => new DrainClient(world, host).start());
  }
  await network.sleep(network.parameter("seconds", 10));
  network.heal();
  world.isQuiet = true;
  await network.eventually(ANSWERED_WITHIN, "all requests are answered", () => world.isIdle);
  world.checkUndisturbed(Object.keys(HARMLESS_FAULTS));
  await network.shutDown();
  world.connections.checkAllLost();
}

/** Stops a server as a service manager does, and starts it again. */
function restartGracefully(world: DrainWorld, host: SimulatedHost): void {
  if (world.isQuiet || !host.isUp) return;
  const { reactor } = host;
  host.note("gets SIGTERM");
  host.signal("SIGTERM");
  host.stopped.then(() => {
    if (host.reactor !== reactor) return;
    world.network.sometimes("a server has stopped gracefully", true);
    host.kill();
    world.network.callLater(0.2, () => host.restart());
  });
}
