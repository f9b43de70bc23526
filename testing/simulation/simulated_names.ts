/**
 * The name service of a simulated network.
 *
 * @module
 */

import { Deferred } from "../../defer/mod.ts";
import { isIPAddress, isIPv6Address } from "../../reactor/addresses.ts";
import type { IHostnameResolver, ResolveHostNameOptions } from "../../reactor/interfaces/mod.ts";
import type { Machine } from "./machine.ts";

/** The time of a lookup without a fault, in microseconds. */
const LOOKUP = 1_000;
/** The longest additional time of a lookup, in microseconds. */
const MOST_DELAY = 8_000_000;
/** Addresses without a host: TEST-NET-1 (RFC 5737) and the documentation prefix (RFC 3849). */
const NOWHERE = { IPv4: "192.0.2.254", IPv6: "2001:db8::dead" } as const;

/** The addresses of each name, in the order in which to try them. */
export type NameTable = ReadonlyMap<string, readonly string[]>;

/** The resolver of one host. */
export class SimulatedResolver implements IHostnameResolver {
  readonly #machine: Machine;
  readonly #names: NameTable;

  /**
   * @param machine The host.
   * @param names The names of the network.
   */
  constructor(machine: Machine, names: NameTable) {
    this.#machine = machine;
    this.#names = names;
  }

  resolveHostName(
    hostName: string,
    { family }: Pick<ResolveHostNameOptions, "family">,
  ): Deferred<readonly string[]> {
    const { site, schedule, process } = this.#machine;
    const answer = new Deferred<readonly string[]>();
    const isFailing = site.next("lookup failure") > 0;
    const isChanged = site.next("lookup change") > 0;
    const time = schedule.now + LOOKUP + site.next("lookup delay", 1, MOST_DELAY);
    schedule.at(time, () =>
      process.run(() => {
        if (answer.called) return;
        if (isFailing) {
          answer.errback(new Error(`Cannot look up ${hostName}: the name server has failed`));
          return;
        }
        const known = this.#names.get(hostName.toLowerCase()) ?? [];
        const found = known.filter(family === "IPv6" ? isIPv6Address : isIPAddress);
        answer.callback(isChanged ? [NOWHERE[family], ...found] : found);
      }));
    return answer;
  }
}
