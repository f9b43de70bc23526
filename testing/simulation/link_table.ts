/**
 * The links between the hosts of a simulated network.
 *
 * @module
 */

import type { RandomStream } from "../random_stream.ts";
import type { FaultSource } from "./fault_source.ts";
import { inMicroseconds, type TimedFault } from "./faults.ts";
import type { HostTable } from "./host_table.ts";
import { Link } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { Latency } from "./network_options.ts";
import type { Schedule } from "./schedule.ts";

/** The hosts on the two sides of a partition. */
export type Sides = Pick<TimedFault, "hosts" | "from">;

/** The links of a network, made when they are first used. */
export class LinkTable {
  readonly #schedule: Schedule;
  readonly #faults: FaultSource;
  readonly #hosts: HostTable;
  readonly #random: RandomStream;
  readonly #latency: Latency;
  readonly #links = new Map<Machine, Map<Machine, Link>>();

  /**
   * @param schedule The virtual time.
   * @param faults Decides which occurrences have a fault.
   * @param hosts The hosts of the network.
   * @param random The random numbers of the links.
   * @param latency The time that a packet needs between two hosts, in seconds.
   */
  constructor(
    schedule: Schedule,
    faults: FaultSource,
    hosts: HostTable,
    random: RandomStream,
    latency: Latency,
  ) {
    this.#random = random;
    this.#schedule = schedule;
    this.#faults = faults;
    this.#hosts = hosts;
    this.#latency = latency;
  }

  /** Returns the link from one machine to another. */
  link(from: Machine, to: Machine): Link {
    let links = this.#links.get(from);
    if (links === undefined) this.#links.set(from, links = new Map());
    let link = links.get(to);
    if (link === undefined) {
      const isLocal = from === to;
      const place = `${from.name}->${to.name}`;
      const site = this.#faults.site(place, isLocal);
      const latency = isLocal ? null : this.#latencyOf(place);
      link = new Link(this.#schedule, site, latency, () => this.#random.fork(`jitter ${place}`));
      links.set(to, link);
    }
    return link;
  }

  /** Interrupts the links between two sides, until {@linkcode restore} gets the same fault. */
  interrupt(fault: object, sides: Sides, bothWays: boolean): void {
    for (const link of this.#between(sides, bothWays)) link.interrupt(fault);
  }

  /** Ends the interruption by a fault. */
  restore(fault: object, sides: Sides, bothWays: boolean): void {
    for (const link of this.#between(sides, bothWays)) link.restore(fault);
  }

  /** Delays all packets to and from a host until a time, in microseconds. */
  clog(host: string, until: number): void {
    const sides = { hosts: [host], from: this.#hosts.others([host]) };
    for (const link of this.#between(sides, true)) link.clog(until);
  }

  /** Ends all interruptions and delays. */
  heal(): void {
    for (const links of this.#links.values()) for (const link of links.values()) link.heal();
  }

  #latencyOf(place: string): number {
    if (typeof this.#latency === "number") return inMicroseconds(this.#latency);
    const [least, most] = this.#latency;
    const random = this.#random.fork(`latency ${place}`);
    return random.between(inMicroseconds(least), inMicroseconds(most));
  }

  #between({ hosts, from }: Sides, bothWays: boolean): Link[] {
    return hosts.flatMap((one) =>
      from.flatMap((other) => {
        const [first, second] = [this.#hosts.machine(one), this.#hosts.machine(other)];
        const forth = this.link(first, second);
        return bothWays ? [forth, this.link(second, first)] : [forth];
      })
    );
  }
}
