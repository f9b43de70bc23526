/**
 * The name service of a simulated network.
 *
 * @module
 */

import { Deferred } from "../../defer/mod.ts";
import { isIPAddress, isIPv6Address } from "../../reactor/addresses.ts";
import { DNSLookupError } from "../../reactor/errors.ts";
import type { IHostnameResolver, ResolveHostNameOptions } from "../../reactor/interfaces/mod.ts";
import type { Machine } from "./machine.ts";
import type { Process } from "./process.ts";

/** The time of a lookup without a fault, in microseconds. */
const LOOKUP = 1_000;
/** The longest additional time of a lookup, in microseconds. */
const MOST_DELAY = 8_000_000;
const LOOKUP_FAILURE = { code: "EAI_AGAIN", syscall: "getaddrinfo" };
/** Addresses without a host: TEST-NET-1 (RFC 5737) and the documentation prefix (RFC 3849). */
const NOWHERE = { IPv4: "192.0.2.254", IPv6: "2001:db8::dead" } as const;

/** The addresses of `localhost`, which every host has (RFC 6761). */
const LOCALHOST = ["::1", "127.0.0.1"];

/** The addresses of each name in the form of {@linkcode nameKey}, in the order to try them. */
export type NameTable = ReadonlyMap<string, readonly string[]>;

/** Returns the form of a host name in the table: names are compared without regard to case. */
export function nameKey(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** The resolver of one host. */
export class SimulatedResolver implements IHostnameResolver {
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #names: NameTable;

  /**
   * @param machine The host. Its process at this time owns the lookups.
   * @param names The names of the network.
   */
  constructor(machine: Machine, names: NameTable) {
    this.#machine = machine;
    this.#process = machine.process;
    this.#names = names;
  }

  resolveHostName(
    hostName: string,
    { family }: Pick<ResolveHostNameOptions, "family">,
  ): Deferred<readonly string[]> {
    const { site, schedule } = this.#machine;
    const answer = new Deferred<readonly string[]>();
    const isFailing = site.next("lookup failure") > 0;
    const isChanged = site.next("lookup change") > 0;
    const isShort = site.next("lookup omission") > 0;
    const isReversed = site.next("lookup order") > 0;
    const time = schedule.now + LOOKUP + site.next("lookup delay", 1, MOST_DELAY);
    schedule.at(time, () =>
      this.#process.run(() => {
        if (answer.called) return;
        if (isFailing) {
          const message = `Cannot look up ${hostName}: the name server has failed`;
          answer.errback(new DNSLookupError(message, LOOKUP_FAILURE));
          return;
        }
        const key = nameKey(hostName);
        const known = key === "localhost" ? LOCALHOST : this.#names.get(key) ?? [];
        const right = known.filter(family === "IPv6" ? isIPv6Address : isIPAddress);
        const rest = right.slice(isShort ? 1 : 0);
        const found = isReversed ? rest.toReversed() : rest;
        answer.callback(isChanged ? [NOWHERE[family], ...found] : found);
      }));
    return answer;
  }
}
