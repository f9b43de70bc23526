/**
 * Programs that are asked to end while the network fails.
 *
 * @module
 */

import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";
import { pausedTime } from "./past_faults.ts";
import type { WatchedConnections } from "./watched_connections.ts";

/** The longest time between two signals, in seconds. */
const LONGEST_WAIT = 40;
/** Seconds until a program that has ended starts again. */
const RESTART = 1;

/** The state that some seed must reach. */
export const TERMINATED = "a program ends on SIGTERM";

/** Sends SIGTERM to the hosts of a network, one after the other, until it is stopped. */
export class Terminator {
  readonly #network: SimulatedNetwork;
  readonly #connections: WatchedConnections;
  readonly #within: number;
  /** The reactors that have got a signal. */
  readonly #signalled = new Set<unknown>();
  #isActive = true;

  /**
   * @param network The network.
   * @param connections The connections, of which none may be left.
   * @param within Seconds within which a program must end.
   */
  constructor(network: SimulatedNetwork, connections: WatchedConnections, within: number) {
    this.#network = network;
    this.#connections = connections;
    this.#within = within;
    this.#wait();
  }

  /** Whether a signal was sent so far. */
  get hasTerminated(): boolean {
    return this.#signalled.size > 0;
  }

  /** Sends no signal from now on. */
  stop(): void {
    this.#isActive = false;
  }

  #wait(): void {
    this.#network.callLater(this.#network.random.fraction() * LONGEST_WAIT, () => {
      if (!this.#isActive) return;
      const host = this.#network.random.pick(this.#network.hosts);
      // A second signal would end the process at once.
      const isNew = !this.#signalled.has(host.reactor);
      if (host.isUp && host.reactor.running && isNew) this.#terminate(host);
      this.#wait();
    });
  }

  /** Ends a program, checks that nothing is left, and starts it again. */
  #terminate(host: SimulatedHost): void {
    const network = this.#network;
    const { reactor } = host;
    const signalledAt = network.seconds();
    let isStopped = false;
    host.stopped.then(() => {
      isStopped = true;
      network.sometimes(TERMINATED, true);
      const calls = reactor.getDelayedCalls();
      if (calls.length > 0) network.fail(`${host}: a stopped reactor leaves ${calls.join(", ")}`);
      if (this.#connections.countOf(host) > 0) {
        network.fail(`${host}: a stopped reactor leaves a connection`);
      }
      network.callLater(RESTART, () => {
        if (!host.isUp || host.reactor !== reactor) return;
        host.kill();
        host.restart();
      });
    });
    this.#signalled.add(reactor);
    host.note("gets SIGTERM");
    host.signal("SIGTERM");
    network.callLater(this.#within, () => {
      const paused = pausedTime(network, host.name, signalledAt, network.seconds());
      if (isStopped || !host.isUp || host.reactor !== reactor || paused > 0) return;
      network.fail(`${host}: the reactor does not stop in time`);
    });
  }
}
