/**
 * Simulations per second: a chat of ten hosts under the default faults, and an idle hour.
 *
 *     deno run -A bench/simulation.ts [SEEDS]
 *
 * Each host sends a line of 100 bytes a second to the nine others, for 60 virtual seconds.
 *
 * @module
 */

import { ClientService, TCP4ClientEndpoint } from "../endpoints/mod.ts";
import { Factory, LineReceiver } from "../protocol/mod.ts";
import { LoopingCall } from "../task/mod.ts";
import {
  describeExploration,
  explore,
  simulate,
  type SimulatedHost,
  type SimulatedNetwork,
} from "../testing/mod.ts";

const HOSTS = 10;
const SECONDS = 60;
const PORT = 2000;
const LINE = "x".repeat(100);

/** The chat. */
export async function scenario(network: SimulatedNetwork): Promise<void> {
  for (let number = 0; number < HOSTS; number++) {
    network.addHost(nameOf(number), (host) => startHost(network, host));
  }
  await network.sleep(SECONDS);
}

function nameOf(number: number): string {
  return `host${number}`;
}

/** Listens for lines, and sends a line a second to each of the other hosts. */
function startHost(network: SimulatedNetwork, host: SimulatedHost): void {
  class Listener extends LineReceiver {
    override lineReceived(): void {
      network.sometimes("a line was delivered", true);
    }
  }
  class Sender extends LineReceiver {
    override connectionMade(): void {
      senders.add(this);
    }

    override connectionLost(): void {
      senders.delete(this);
    }
  }
  const senders = new Set<Sender>();
  const { reactor } = host;
  reactor.listenTCP(PORT, Factory.forProtocol(Listener));
  for (let number = 0; number < HOSTS; number++) {
    if (nameOf(number) === host.name) continue;
    const endpoint = new TCP4ClientEndpoint(reactor, network.addressOf(nameOf(number)), PORT);
    const retryPolicy = (attempt: number) => Math.min(2 ** attempt, 10);
    new ClientService(endpoint, Factory.forProtocol(Sender), { clock: reactor, retryPolicy })
      .startService();
  }
  const sending = new LoopingCall(() => {
    for (const sender of senders) {
      sender.sendLine(LINE);
      network.sometimes("a line was sent", true);
    }
  });
  sending.start(1, { clock: reactor });
}

/** The states that some seed must reach. */
export const states = ["a line was sent", "a line was delivered"];

async function timed<T>(f: () => Promise<T>): Promise<[seconds: number, value: T]> {
  const start = performance.now();
  const value = await f();
  return [(performance.now() - start) / 1000, value];
}

if (import.meta.main) {
  const seeds = Number(Deno.args[0] ?? 1000);
  const module = { module: import.meta.url, export: "scenario", sometimes: "states" };
  const [elapsed, exploration] = await timed(() => explore({ scenario: module, seeds }));
  console.log(describeExploration(exploration));
  const cores = navigator.hardwareConcurrency;
  console.log(`${seeds} seeds on ${cores} cores: ${elapsed.toFixed(1)} s`);
  const [idle] = await timed(() => simulate(1, (network) => network.sleep(3600)));
  console.log(`an idle hour: ${(idle * 1000).toFixed(1)} ms`);
}
