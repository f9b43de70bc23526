/**
 * The hardware and the operating system of a simulated host: addresses, ports and connections.
 *
 * @module
 */

import { isIPv6Address } from "../../reactor/addresses.ts";
import { canonicalHost } from "../../reactor/datagram/same_host.ts";
import { LocalEnds } from "../../reactor/drivers/memory/local_ends.ts";
import { isLoopback, isWildcard, unmapped } from "../../reactor/drivers/memory/local_hosts.ts";
import { PortNumbers } from "../../reactor/drivers/memory/port_numbers.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import type { FaultSite } from "./fault_source.ts";
import type { Link } from "./link.ts";
import { Process } from "./process.ts";
import { type Schedule, SECOND } from "./schedule.ts";
import type { StreamEnd } from "./stream_end.ts";
import type { StreamListener } from "./stream_listener.ts";
import type { Trace } from "./trace.ts";

/** The part of the network that a machine uses. */
export interface MachineNetwork {
  readonly schedule: Schedule;
  /** The trace of the simulation. */
  readonly trace: Trace;
  /** Called before each call into a program. */
  entered(): void;
  /** Returns the machine with an address in canonical form; `null` if there is none. */
  machineAt(address: string): Machine | null;
  /** Returns the link from one machine to another. */
  link(from: Machine, to: Machine): Link;
  /** Returns all machines. */
  machines(): Iterable<Machine>;
}

/**
 * The time from a start of a machine to its crash. A crash discards the state of all connections.
 */
export interface Boot {
  /** Whether the machine has crashed since. */
  isOver: boolean;
  /** Whether the packets that the machine had sent were lost in the crash. */
  lostFlight: boolean;
}

/** A simulated host, without its program. */
export class Machine {
  readonly name: string;
  /** Its IP addresses: those of other machines are in the network. */
  readonly addresses: readonly string[];
  /** Decides which occurrences on this machine have a fault. */
  readonly site: FaultSite;
  readonly network: MachineNetwork;
  readonly schedule: Schedule;
  /** Whether a trace is kept. */
  readonly isTraced: boolean;
  /** The process that runs, or the last one. */
  process: Process;
  /** The current start, or the last one. */
  boot: Boot = { isOver: false, lostFlight: false };
  /** The ends of connections that the program has not closed. */
  readonly ends: Set<StreamEnd> = new Set();
  /** The listening sockets: ports, and paths of UNIX sockets. */
  readonly listeners: Set<StreamListener> = new Set();
  readonly datagramSockets: Set<DatagramSocket> = new Set();
  /** The paths of UNIX sockets in the file system, which survive a crash. */
  readonly socketFiles: Set<string> = new Set();
  /**
   * The ports of connections that this machine opens, in turn. A crash does not start them again:
   * the peers may still have the connections from before it.
   */
  readonly #localPorts = new PortNumbers();
  /** The local ends of the connections that this machine has opened. */
  localEnds: LocalEnds = new LocalEnds(this.#localPorts);
  /** Its IP addresses, in canonical form. */
  readonly canonicalAddresses: ReadonlySet<string>;
  readonly #portNumbers = new PortNumbers();

  /**
   * @param name The name of the host.
   * @param addresses Its IP addresses.
   * @param site Decides which occurrences on this machine have a fault.
   * @param network The network of the machine.
   */
  constructor(
    name: string,
    addresses: readonly string[],
    site: FaultSite,
    network: MachineNetwork,
  ) {
    this.name = name;
    this.addresses = addresses;
    this.canonicalAddresses = new Set(addresses.map(canonicalHost));
    this.site = site;
    this.network = network;
    this.schedule = network.schedule;
    this.isTraced = network.trace.isOn;
    this.process = new Process(this.schedule, network.entered);
  }

  /** Whether the machine runs. */
  get isUp(): boolean {
    return !this.boot.isOver;
  }

  /**
   * Adds a line about a packet to the trace.
   *
   * @param text What happens to it. The text is made only if a trace is kept.
   * @param data The bytes in it.
   */
  note(text: () => string, data: Uint8Array | null = null): void {
    const { trace } = this.network;
    if (trace.isOn) trace.addRoutine(this.schedule.now / SECOND, this.name, text(), data);
  }

  /** Returns whether an address belongs to this machine, or stands for all of its addresses. */
  hasAddress(host: string): boolean {
    const address = unmapped(host);
    return isWildcard(address) || isLoopback(address) ||
      this.canonicalAddresses.has(canonicalHost(address));
  }

  /** Returns the machine with an address, as this machine sees it; `null` if there is none. */
  machineAt(host: string): Machine | null {
    return this.hasAddress(host) ? this : this.network.machineAt(canonicalHost(unmapped(host)));
  }

  /**
   * Returns the address of this machine that another one sees; `null` if this machine has none of
   * the same family.
   *
   * @param to The address to which this machine connects or sends.
   */
  sourceFor(to: string): string | null {
    const address = unmapped(to);
    const isIPv6 = isIPv6Address(address);
    if (isWildcard(address) || isLoopback(address)) return isIPv6 ? "::1" : "127.0.0.1";
    if (this.hasAddress(address)) return address;
    return this.addresses.find((each) => isIPv6Address(each) === isIPv6) ?? null;
  }

  /**
   * Returns a port number for temporary use.
   *
   * @param isTaken Returns whether a number is in use.
   * @returns The number; `null` if all are in use.
   */
  freePort(isTaken: (port: number) => boolean): number | null {
    return this.#portNumbers.take(isTaken);
  }

  /** Returns the socket that listens on a port of an address, or on a path; `null` if none does. */
  listenerAt(host: string, port: number | string): StreamListener | null {
    let found: StreamListener | null = null;
    for (const listener of this.listeners) {
      if (!listener.isReachedBy(host, port)) continue;
      // A socket on this very address comes before one on all addresses.
      if (found === null || found.isOnAll) found = listener;
    }
    return found;
  }

  /**
   * Stops the machine. It forgets its connections, and their peers receive nothing.
   *
   * @param losesFlight Whether the packets that it has sent are lost, too.
   */
  crash(losesFlight: boolean): void {
    this.boot.isOver = true;
    this.boot.lostFlight = losesFlight;
    this.process.end();
    for (const listener of this.listeners) listener.shut();
    this.#forgetSockets();
  }

  /** Ends the process. The system closes its connections. */
  kill(): void {
    this.process.end();
    for (const listener of this.listeners) for (const end of listener.shut()) end.discard();
    for (const end of this.ends) end.shut();
    this.#forgetSockets();
  }

  /** Starts the machine, if it has crashed, and a new process. */
  start(): void {
    if (this.boot.isOver) this.boot = { isOver: false, lostFlight: false };
    this.process = new Process(this.schedule, this.network.entered);
  }

  #forgetSockets(): void {
    this.ends.clear();
    this.listeners.clear();
    this.datagramSockets.clear();
    this.localEnds = new LocalEnds(this.#localPorts);
  }
}
