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

import { isIPv6Address } from "../../addresses.ts";
import { udpAddress } from "../../datagram/udp_address.ts";
import type { DatagramDriverSink, UDPDriver } from "../../datagram/datagram_driver.ts";
import { CannotListenError, DatagramError, MulticastJoinError } from "../../errors.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";
import { isSameHost } from "../../datagram/same_host.ts";

/** Options of a network in memory. */
export interface MemoryDatagramNetworkOptions {
  /**
   * Runs one step: the delivery of one datagram, or the completion of a close.
   *
   * @default {queueMicrotask}
   */
  schedule?: ((step: () => void) => void) | undefined;
}

const BROADCAST = "255.255.255.255";

/** The datagram sockets of one machine, in memory. */
export class MemoryDatagramNetwork {
  readonly #schedule: (step: () => void) => void;
  readonly #sockets = new Set<MemoryUDPDriver>();
  #nextPort = 49152;

  /**
   * Creates a network without sockets.
   *
   * @param options The scheduling of its steps.
   */
  constructor({ schedule = queueMicrotask }: MemoryDatagramNetworkOptions = {}) {
    this.#schedule = schedule;
  }

  /** The number of open sockets. */
  get size(): number {
    return this.#sockets.size;
  }

  /**
   * Binds a socket.
   *
   * @param host The local IP address.
   * @param port The port number; 0 for a free port.
   * @param shared Whether other sockets may bind the same port with this option.
   * @returns The driver of the socket.
   * @throws {CannotListenError} If the address is in use.
   */
  bind(host: string, port: number, shared: boolean = false): MemoryUDPDriver {
    const address = udpAddress(host, port === 0 ? this.#nextPort++ : port);
    const taken = [...this.#sockets].some((socket) =>
      isSameHost(socket.address.host, host) && socket.address.port === port &&
      !(shared && socket.isShared)
    );
    if (taken) {
      const cause = new Error("the address is in use");
      throw new CannotListenError(address, { code: "EADDRINUSE", cause });
    }
    const socket = new MemoryUDPDriver(address, shared, this.#schedule, this.#sockets);
    this.#sockets.add(socket);
    return socket;
  }
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
  readonly #schedule: (step: () => void) => void;
  readonly #sockets: Set<MemoryUDPDriver>;
  readonly #groups = new Set<string>();
  #sink: DatagramDriverSink<IInternetAddress> | null = null;
  #held: [Uint8Array, IInternetAddress][] | null = [];

  /** Called by {@linkcode MemoryDatagramNetwork.bind}. */
  constructor(
    address: IInternetAddress,
    isShared: boolean,
    schedule: (step: () => void) => void,
    sockets: Set<MemoryUDPDriver>,
  ) {
    this.address = address;
    this.isShared = isShared;
    this.#schedule = schedule;
    this.#sockets = sockets;
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
    const copy = datagram.slice();
    this.#schedule(() => {
      const receivers = [...this.#sockets].filter((socket) => socket.#isReachedBy(to));
      for (const receiver of receivers) receiver.#arrive(copy.slice(), this.#source);
      this.#sink?.sent(receivers.length > 0 ? null : refused(to));
    });
  }

  close(): void {
    this.#sockets.delete(this);
    this.#schedule(() => this.#sink?.released());
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
    if (!isMulticast(group) || this.#groups.has(membership)) {
      const why = isMulticast(group)
        ? "the socket is already a member of it"
        : "it is not a multicast address";
      throw new MulticastJoinError(`Cannot join the group ${group}: ${why}`, { code: "EINVAL" });
    }
    this.#groups.add(membership);
  }

  leaveGroup(group: string, interfaceAddress: string): void {
    if (!this.#groups.delete(`${group} ${interfaceAddress}`)) {
      throw new MulticastJoinError(
        `Cannot leave the group ${group}: the socket is not a member of it`,
        {
          code: "EADDRNOTAVAIL",
        },
      );
    }
  }

  setMulticastTTL(ttl: number): void {
    this.settings.ttl = ttl;
  }

  setMulticastLoopback(enabled: boolean): void {
    this.settings.loopback = enabled;
  }

  setMulticastInterface(interfaceAddress: string): void {
    this.settings.interface = interfaceAddress;
  }

  /** The address from which the socket's datagrams come. */
  get #source(): IInternetAddress {
    const { host, port } = this.address;
    return isAny(host) ? udpAddress(isIPv6Address(host) ? "::1" : "127.0.0.1", port) : this.address;
  }

  #isReachedBy(to: IInternetAddress): boolean {
    const { host, port } = this.address;
    if (port !== to.port || isIPv6Address(host) !== isIPv6Address(to.host)) return false;
    if (isMulticast(to.host)) {
      return [...this.#groups].some((membership) => membership.startsWith(`${to.host} `));
    }
    return isAny(host) || isSameHost(host, to.host) || to.host === BROADCAST;
  }

  #arrive(datagram: Uint8Array, from: IInternetAddress): void {
    if (this.#held === null) this.#sink?.received(datagram, from);
    else this.#held.push([datagram, from]);
  }
}

function isAny(host: string): boolean {
  return host === "0.0.0.0" || isSameHost(host, "::");
}

/** Returns whether a host is in 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 section 2.7). */
function isMulticast(host: string): boolean {
  return /^(22[4-9]|23\d)\./.test(host) || /^ff[0-9a-f]{2}:/i.test(host);
}

function refused(to: IInternetAddress): DatagramError {
  const address = String(to);
  return new DatagramError(`Cannot send to ${address}: no socket is bound to it`, {
    code: "ECONNREFUSED",
    syscall: "send",
    address,
  });
}
