/**
 * The hardware and the operating system of a simulated host: addresses, ports and connections.
 *
 * @module
 */

import { isIPv6Address } from "../../reactor/addresses.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import type { FaultSite } from "./fault_source.ts";
import type { Link } from "./link.ts";
import { Process } from "./process.ts";
import type { Schedule } from "./schedule.ts";
import type { StreamEnd } from "./stream_end.ts";
import type { StreamListener } from "./stream_listener.ts";
import type { Trace } from "./trace.ts";

/** The first of the ports that a system gives to sockets that ask for none (RFC 6335). */
const FIRST_EPHEMERAL = 49152;
const LAST_PORT = 65535;

/** What a machine needs of its network. */
export interface Surroundings {
  readonly schedule: Schedule;
  /** The trace of the simulation. */
  readonly trace: Trace;
  /** Called before each call into a program. */
  entered(): void;
  /** Returns the machine with an address; `null` if there is none. */
  machineAt(address: string): Machine | null;
  /** Returns the link from one machine to another. */
  link(from: Machine, to: Machine): Link;
  /** Returns all machines. */
  machines(): Iterable<Machine>;
}

/** A simulated host, without its program. */
export class Machine {
  readonly name: string;
  /** Its IP addresses: those of other machines are in the network. */
  readonly addresses: readonly string[];
  /** Decides which occurrences on this machine go wrong. */
  readonly site: FaultSite;
  readonly surroundings: Surroundings;
  readonly schedule: Schedule;
  /** The process that runs, or the last one. */
  process: Process;
  /** Whether the machine runs. */
  isUp = true;
  /** The open ends of connections. */
  readonly ends = new Set<StreamEnd>();
  /** The listening sockets: ports, and paths of UNIX sockets. */
  readonly listeners = new Set<StreamListener>();
  readonly datagramSockets = new Set<DatagramSocket>();
  #nextPort = FIRST_EPHEMERAL;

  constructor(
    name: string,
    addresses: readonly string[],
    site: FaultSite,
    surroundings: Surroundings,
  ) {
    this.name = name;
    this.addresses = addresses;
    this.site = site;
    this.surroundings = surroundings;
    this.schedule = surroundings.schedule;
    this.process = new Process(surroundings.entered);
  }

  /**
   * Adds a line about a packet to the trace.
   *
   * @param text What happens to it. The text is made only if a trace is kept.
   * @param data The bytes in it.
   */
  note(text: () => string, data: Uint8Array | null = null): void {
    const { trace } = this.surroundings;
    if (trace.isOn) trace.addRoutine(this.schedule.now, this.name, text(), data);
  }

  /** Returns whether a socket can be bound to an address. */
  hasAddress(host: string): boolean {
    return isWildcard(host) || isLoopback(host) || this.addresses.includes(host);
  }

  /** Returns the machine with an address, as this machine sees it; `null` if there is none. */
  machineAt(host: string): Machine | null {
    return isLoopback(host) || isWildcard(host) ? this : this.surroundings.machineAt(host);
  }

  /**
   * Returns the address of this machine that another one sees.
   *
   * @param to The address to which this machine connects or sends.
   */
  sourceFor(to: string): string {
    if (isWildcard(to)) return isIPv6Address(to) ? "::1" : "127.0.0.1";
    if (isLoopback(to) || this.addresses.includes(to)) return to;
    return this.addresses.find((each) => isIPv6Address(each) === isIPv6Address(to)) ?? to;
  }

  /** Returns a port that the predicate finds free. */
  freePort(isFree: (port: number) => boolean): number {
    for (;;) {
      const port = this.#nextPort++;
      if (this.#nextPort > LAST_PORT) this.#nextPort = FIRST_EPHEMERAL;
      if (isFree(port)) return port;
    }
  }

  /** Returns the socket that listens on a port of an address, or on a path; `null` if none does. */
  listenerAt(host: string, port: number | string): StreamListener | null {
    for (const listener of this.listeners) if (listener.isAt(host, port)) return listener;
    return null;
  }

  /**
   * Stops the machine. Its connections are forgotten without a word to their peers.
   *
   * @param losesFlight Whether the segments that it has sent are lost, too.
   */
  crash(losesFlight: boolean): void {
    this.isUp = false;
    this.process.end();
    for (const end of this.ends) end.crash(losesFlight);
    this.#forgetSockets();
  }

  /** Ends the process. The system closes its connections. */
  kill(): void {
    this.process.end();
    for (const end of this.ends) end.close();
    for (const listener of this.listeners) listener.resetWaiting();
    this.#forgetSockets();
  }

  /** Starts the machine and a new process. */
  start(): void {
    this.isUp = true;
    this.process = new Process(this.surroundings.entered);
  }

  #forgetSockets(): void {
    this.ends.clear();
    this.listeners.clear();
    this.datagramSockets.clear();
  }
}

/** Returns whether an address stands for all addresses of a machine. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "";
}

function isLoopback(host: string): boolean {
  return host === "127.0.0.1" || host === "::1" || host === "localhost";
}
