/**
 * The hosts of a simulated network, by their names and addresses.
 *
 * @module
 */

import { checkString, quote } from "../../internal/validation.ts";
import { canonicalHost } from "../../reactor/datagram/same_host.ts";
import type { Machine } from "./machine.ts";
import { checkAddresses } from "./network_options.ts";
import type { SimulatedHost } from "./simulated_host.ts";
import { nameKey } from "./simulated_names.ts";

/** Loopback addresses and wildcards, in canonical form. */
const OF_EVERY_HOST = /^(?:127\.|0\.0\.0\.0$|\[::1?\]$)/;

/** The hosts of a network, in the order in which they were added. */
export class HostTable {
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #machines = new Map<string, Machine>();
  /** The machines by their addresses, in canonical form. */
  readonly #addresses = new Map<string, Machine>();
  /** The addresses of each name, in the form of {@linkcode nameKey}. */
  readonly names: Map<string, readonly string[]> = new Map<string, readonly string[]>();

  /** The hosts. */
  get hosts(): SimulatedHost[] {
    return [...this.#hosts.values()];
  }

  /** Returns the machines. */
  machines(): Iterable<Machine> {
    return this.#machines.values();
  }

  /** Returns whether there is a host of a name. */
  has(name: string): boolean {
    return this.#hosts.has(name);
  }

  /**
   * Returns a host.
   *
   * @throws {RangeError} If there is no such host.
   */
  host(name: string): SimulatedHost {
    return this.#hosts.get(name) ?? this.#unknown(name);
  }

  /**
   * Returns the machine of a host.
   *
   * @throws {RangeError} If there is no such host.
   */
  machine(name: string): Machine {
    return this.#machines.get(name) ?? this.#unknown(name);
  }

  /** Returns the machine with an address in canonical form; `null` if there is none. */
  machineAt(address: string): Machine | null {
    return this.#addresses.get(address) ?? null;
  }

  /** Returns the names of all hosts but the given ones. */
  others(names: readonly string[]): string[] {
    return [...this.#hosts.keys()].filter((name) => !names.includes(name));
  }

  /**
   * Returns the addresses of a new host.
   *
   * @param name The name of the host.
   * @param addresses Its addresses; those of its number by default.
   * @throws {RangeError | TypeError} If the name or an address is invalid or in use.
   */
  addressesFor(name: string, addresses: readonly string[] | undefined): readonly string[] {
    this.#checkName(name);
    const number = this.#hosts.size + 1;
    const own = addresses ??
      [`10.0.${number >> 8}.${number & 255}`, `fd00::${number.toString(16)}`];
    checkAddresses("addHost() addresses", own);
    const keys = own.map(canonicalHost);
    for (const [index, address] of own.entries()) {
      const problem = this.#problemOf(keys, index);
      if (problem === null) continue;
      throw new RangeError(
        `Cannot give the address ${quote(address)} to the host ${name}: ${problem}`,
      );
    }
    return own;
  }

  /** Adds a machine, so that it has a name and addresses in the network. */
  addMachine(machine: Machine): void {
    this.#machines.set(machine.name, machine);
    for (const address of machine.canonicalAddresses) this.#addresses.set(address, machine);
    this.names.set(nameKey(machine.name), machine.addresses);
  }

  /** Adds the host of a machine. */
  addHost(host: SimulatedHost): void {
    this.#hosts.set(host.name, host);
  }

  #checkName(name: string): void {
    checkString("addHost() name", name);
    if (/[\s,|#]|->/.test(name) || name === "") {
      throw new RangeError(
        `Cannot add the host ${quote(name)}: a name has no spaces, commas, "|", "#" or "->"`,
      );
    }
    const rival = this.hosts.find((host) => nameKey(host.name) === nameKey(name));
    if (rival === undefined) return;
    throw new RangeError(`Cannot add the host ${quote(name)}: there is a host ${rival}`);
  }

  #problemOf(keys: readonly string[], index: number): string | null {
    const key = keys[index] ?? "";
    if (OF_EVERY_HOST.test(key)) return "every host has it";
    const owner = this.#addresses.get(key);
    if (owner !== undefined) return `the host ${owner.name} has it`;
    return keys.indexOf(key) === index ? null : "it is given twice";
  }

  #unknown(name: string): never {
    const known = [...this.#hosts.keys()].join(", ") || "none";
    throw new RangeError(`The network has no host ${quote(name)}: its hosts are ${known}`);
  }
}
