/**
 * Datagrams without a network: sockets in memory that behave like UDP sockets on one machine,
 * without loss.
 *
 * A datagram is in flight before it is received. A datagram to an address without a socket is
 * refused. The caller decides when the steps run, so a test can run them at once, later, or in
 * random order.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../../addresses.ts";
import { udpAddress } from "../../datagram/udp_address.ts";
import type { DatagramDriverSink, UDPDriver } from "../../datagram/datagram_driver.ts";
import { DatagramError, MulticastJoinError } from "../../errors.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";
import { cannotListen, errorWithCode } from "../../stream/system_error.ts";
import { isWildcard, overlap, reaches, shownTo, sourceFor, unmapped } from "./local_hosts.ts";
import type { Schedule } from "./memory_driver.ts";
import { PortNumbers } from "./port_numbers.ts";

/** Options of a network in memory. */
export interface MemoryDatagramNetworkOptions {
  /**
   * Runs one step: the delivery of one datagram, or the completion of a close.
   *
   * @default {queueMicrotask}
   */
  schedule?: ((step: () => void) => void) | undefined;
  /**
   * Returns whether an IP address belongs to the machine.
   *
   * @default {Every address does.}
   */
  isLocal?: ((host: string) => boolean) | undefined;
}

// The limited broadcast address, and that of the loopback network.
const BROADCASTS = ["255.255.255.255", "127.255.255.255"];

/** The datagram sockets of one machine, in memory. */
export class MemoryDatagramNetwork {
  readonly #schedule: Schedule;
  readonly #isLocal: (host: string) => boolean;
  readonly #sockets = new Set<MemoryUDPDriver>();
  readonly #numbers = new PortNumbers();

  /**
   * Creates a network without sockets.
   *
   * @param options The scheduling of its steps, and the addresses of the machine.
   */
  constructor(options: MemoryDatagramNetworkOptions = {}) {
    const { schedule = queueMicrotask, isLocal = () => true } = options;
    this.#schedule = schedule;
    this.#isLocal = isLocal;
  }

  /** The number of open sockets. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Returns the addresses to which sockets are bound. */
  addresses(): IInternetAddress[] {
    return [...this.#sockets].map(({ address }) => address);
  }

  /**
   * Binds a socket.
   *
   * @param host The local IP address.
   * @param port The port number; 0 for a free port.
   * @param shared Whether other sockets may bind the same port with this option.
   * @param schedule Runs the steps of this socket in place of the network's own function.
   * @returns The driver of the socket.
   * @throws {CannotListenError} If the address is in use, or belongs to another machine.
   */
  bind(
    host: string,
    port: number,
    shared: boolean = false,
    schedule: (step: () => void) => void = this.#schedule,
  ): MemoryUDPDriver {
    const fail = (code: string, why: string) =>
      cannotListen(udpAddress(host, port), errorWithCode(code, why));
    if (!this.#isLocal(host)) {
      throw fail("EADDRNOTAVAIL", "the address does not belong to this machine");
    }
    const number = port > 0 ? port : this.#numbers.take((each) => this.#isUsed(each));
    const isTaken = [...this.#sockets].some((socket) =>
      overlap(socket.address.host, host) && socket.address.port === number &&
      !(shared && socket.isShared)
    );
    if (number === null || isTaken) throw fail("EADDRINUSE", "the address is in use");
    const address = udpAddress(host, number);
    const socket = new MemoryUDPDriver(address, shared, {
      schedule,
      sockets: this.#sockets,
      isLocal: this.#isLocal,
    });
    this.#sockets.add(socket);
    return socket;
  }

  #isUsed(port: number): boolean {
    return [...this.#sockets].some(({ address }) => address.port === port);
  }
}

/** The parts of a network that its sockets use. */
interface MemorySocketContext {
  /** Runs the steps of the socket. */
  readonly schedule: Schedule;
  /** The sockets of the network. */
  readonly sockets: Set<MemoryUDPDriver>;
  /** Returns whether an IP address belongs to the machine. */
  readonly isLocal: (host: string) => boolean;
}

/** One socket of a network in memory. */
export class MemoryUDPDriver implements UDPDriver {
  readonly address: IInternetAddress;
  /** Whether other sockets may bind the same port. */
  readonly isShared: boolean;
  /** The options that were set, by name: `broadcast`, `ttl`, `loopback`, `interface`. */
  readonly settings: {
    broadcast?: boolean;
    ttl?: number;
    loopback?: boolean;
    interface?: string;
  } = {};
  /** The number of `unref()` calls. */
  unrefs = 0;
  readonly #context: MemorySocketContext;
  readonly #groups = new Set<string>();
  #sink: DatagramDriverSink<IInternetAddress> | null = null;
  #held: [Uint8Array, IInternetAddress][] | null = [];

  /** Called by {@linkcode MemoryDatagramNetwork.bind}. */
  constructor(address: IInternetAddress, isShared: boolean, context: MemorySocketContext) {
    this.address = address;
    this.isShared = isShared;
    this.#context = context;
  }

  attach(sink: DatagramDriverSink<IInternetAddress>): void {
    this.#sink = sink;
  }

  startReceiving(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const [datagram, from] of held) this.#sink?.received(datagram, from);
  }

  send(datagram: Uint8Array, to: IInternetAddress): void {
    const { schedule, sockets } = this.#context;
    const copy = datagram.slice();
    schedule(() => {
      const failure = this.#sendFailure(to);
      if (failure !== null) return this.#sink?.sent(failure);
      const receivers = [...sockets].filter((socket) => socket.#isReachedBy(to));
      for (const receiver of receivers) receiver.#arrive(copy.slice(), this.#sourceFor(to));
      this.#sink?.sent(null);
      if (receivers.length === 0 && !isForMany(to.host)) this.#reportRefusal(to);
    });
  }

  close(): void {
    this.#context.sockets.delete(this);
    this.#context.schedule(() => this.#sink?.released());
  }

  /** Counts the call. A memory socket does not keep the process alive anyway. */
  unref(): void {
    this.unrefs++;
  }

  setBroadcast(enabled: boolean): void {
    this.settings.broadcast = enabled;
  }

  joinGroup(group: string, interfaceAddress: string): void {
    const membership = `${group} ${interfaceAddress}`;
    const isMember = this.#groups.has(membership);
    if (!isMulticast(group) || isMember) {
      throw new MulticastJoinError(
        `Cannot join the group ${group} through ${interfaceAddress || "any interface"}: ${
          isMember ? "the socket is already a member of it" : "it is not a multicast address"
        }`,
        { code: "EINVAL" },
      );
    }
    this.#groups.add(membership);
  }

  leaveGroup(group: string, interfaceAddress: string): void {
    if (this.#groups.delete(`${group} ${interfaceAddress}`)) return;
    throw new MulticastJoinError(
      `Cannot leave the group ${group}: the socket is not a member of it`,
      { code: "EADDRNOTAVAIL" },
    );
  }

  setMulticastTTL(ttl: number): void {
    this.settings.ttl = ttl;
  }

  setMulticastLoopback(enabled: boolean): void {
    this.settings.loopback = enabled;
  }

  setMulticastInterface(interfaceAddress: string): void {
    // An interface of IPv6 may also be a name, such as `lo`.
    const isAddress = isIPAddress(interfaceAddress) || isIPv6Address(interfaceAddress);
    if (isAddress && !this.#context.isLocal(interfaceAddress)) {
      throw new DatagramError(
        `Cannot send to multicast groups through ${interfaceAddress} on ${this.address}: ` +
          "the address does not belong to this machine",
        { code: "EADDRNOTAVAIL", address: String(this.address) },
      );
    }
    this.settings.interface = interfaceAddress;
  }

  /** Returns the error of the system for a destination; `null` if datagrams can be sent to it. */
  #sendFailure(to: IInternetAddress): DatagramError | null {
    const address = String(to);
    const fail = (code: string, why: string) =>
      new DatagramError(`Cannot send to ${address}: ${why}`, { code, syscall: "send", address });
    if (BROADCASTS.includes(to.host)) {
      return this.settings.broadcast
        ? null
        : fail("EACCES", "call setBroadcastAllowed(true) to allow broadcasts");
    }
    if (isMulticast(to.host) || this.#context.isLocal(to.host)) return null;
    return fail("ENETUNREACH", "there is no route to the address");
  }

  /** Returns the address from which a datagram of this socket comes. */
  #sourceFor(to: IInternetAddress): IInternetAddress {
    const { host, port } = this.address;
    if (!isWildcard(host)) return this.address;
    const own = isIPv6Address(unmapped(to.host)) ? "::1" : "127.0.0.1";
    return udpAddress(isForMany(to.host) ? own : sourceFor(unmapped(to.host)), port);
  }

  #isReachedBy(to: IInternetAddress): boolean {
    const { host, port } = this.address;
    if (port !== to.port) return false;
    if (isMulticast(to.host)) {
      return [...this.#groups].some((membership) => membership.startsWith(`${to.host} `));
    }
    return BROADCASTS.includes(to.host) ? isWildcard(host) : reaches(host, to.host);
  }

  /** Reports that no socket is bound to a destination, as the system does for a connected one. */
  #reportRefusal(to: IInternetAddress): void {
    const address = String(to);
    const refusal = new DatagramError(`Cannot send to ${address}: no socket is bound to it`, {
      code: "ECONNREFUSED",
      syscall: "send",
      address,
    });
    this.#context.schedule(() => {
      if (this.#context.sockets.has(this)) this.#sink?.receiveFailed(refusal);
    });
  }

  #arrive(datagram: Uint8Array, source: IInternetAddress): void {
    const from = udpAddress(shownTo(this.address.host, source.host), source.port);
    this.#context.schedule(() => {
      if (!this.#context.sockets.has(this)) return;
      if (this.#held === null) this.#sink?.received(datagram, from);
      else this.#held.push([datagram, from]);
    });
  }
}

/** Returns whether a host is in 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 section 2.7). */
function isMulticast(host: string): boolean {
  return /^(22[4-9]|23\d)\./.test(host) || /^ff[0-9a-f]{2}:/i.test(host);
}

/** Returns whether a datagram to a host may have any number of receivers, or none. */
function isForMany(host: string): boolean {
  return isMulticast(host) || BROADCASTS.includes(host);
}
