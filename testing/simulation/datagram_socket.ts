/**
 * A simulated UDP socket.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../../reactor/addresses.ts";
import type { DatagramDriverSink, UDPDriver } from "../../reactor/datagram/datagram_driver.ts";
import { udpAddress } from "../../reactor/datagram/udp_address.ts";
import {
  isLoopback,
  isWildcard,
  reaches,
  shownTo,
  unmapped,
} from "../../reactor/drivers/memory/local_hosts.ts";
import { DatagramError, MulticastJoinError } from "../../reactor/errors.ts";
import type { IInternetAddress } from "../../reactor/interfaces/mod.ts";
import type { Boot, Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import { MOST_DELAY } from "./stream_end.ts";

/** The limited broadcast address, and that of the loopback network. */
const BROADCAST = "255.255.255.255";
const LOOPBACK_BROADCAST = "127.255.255.255";
/** The longest delay of a datagram that others overtake, in microseconds. */
const MOST_REORDERING = 200_000;
/** The bytes that a socket keeps for a program that does not read: `rmem_default` of Linux. */
const RECEIVE_BUFFER = 212_992;
/** The bytes that each kept datagram takes in addition to its own. */
const OVERHEAD = 256;

/** A UDP socket of a simulated host. */
export class DatagramSocket implements UDPDriver {
  readonly address: IInternetAddress;
  /** Whether other sockets may have the same port. */
  readonly isShared: boolean;
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #boot: Boot;
  readonly #groups = new Set<string>();
  #mayBroadcast = false;
  #receivesOwn = true;
  /** The interface that sends multicast datagrams; `""` for that of the network. */
  #outgoing = "";
  #sink: DatagramDriverSink<IInternetAddress> | null = null;
  /** The datagrams that arrived before `startReceiving`; `null` after it. */
  #held: (() => void)[] | null = [];
  /** The bytes that have arrived and were not received. */
  #unread = 0;
  #closed = false;

  /**
   * @param machine The machine of the socket.
   * @param address The address to which the socket is bound.
   * @param isShared Whether other sockets may have the same port.
   */
  constructor(machine: Machine, address: IInternetAddress, isShared: boolean) {
    this.#machine = machine;
    this.#process = machine.process;
    this.#boot = machine.boot;
    this.address = address;
    this.isShared = isShared;
    machine.datagramSockets.add(this);
  }

  attach(sink: DatagramDriverSink<IInternetAddress>): void {
    this.#sink = sink;
  }

  startReceiving(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const deliver of held) deliver();
  }

  send(datagram: Uint8Array, to: IInternetAddress): void {
    if (!this.#process.isAlive) return;
    const host = unmapped(to.host);
    const from = isWildcard(this.address.host) ? this.#machine.sourceFor(host) : this.address.host;
    if (this.#mayNotBroadcastTo(host)) {
      this.#sink?.sent(cannotSend(to, "EACCES", "broadcasts are not allowed on this socket"));
    } else if (from === null) {
      const { name } = this.#machine;
      const why = `the host ${name} has no address of the same family`;
      this.#sink?.sent(cannotSend(to, "ENETUNREACH", why));
    } else {
      const bytes = datagram.slice();
      const source = udpAddress(from, this.address.port);
      const target = udpAddress(host, to.port);
      for (const machine of this.#targets(host)) this.#sendTo(machine, bytes, source, target);
      this.#sink?.sent(null);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#machine.datagramSockets.delete(this);
    this.#at(this.#machine.schedule.now, () => this.#sink?.released());
  }

  /** Does nothing: a simulated socket does not keep the process alive. */
  unref(): void {}

  setBroadcast(enabled: boolean): void {
    this.#mayBroadcast = enabled;
  }

  joinGroup(group: string, interfaceAddress: string): void {
    const membership = `${group} ${interfaceAddress}`;
    const problem = !isMulticast(group)
      ? "it is not a multicast address"
      : this.#groups.has(membership)
      ? "the socket is a member of it already"
      : null;
    if (problem !== null) throw this.#cannot("join", group, interfaceAddress, problem);
    this.#groups.add(membership);
  }

  leaveGroup(group: string, interfaceAddress: string): void {
    if (!this.#groups.delete(`${group} ${interfaceAddress}`)) {
      throw this.#cannot("leave", group, interfaceAddress, "the socket is not a member of it");
    }
  }

  /** Does nothing: all hosts are in one network. */
  setMulticastTTL(): void {}

  setMulticastLoopback(enabled: boolean): void {
    this.#receivesOwn = enabled;
  }

  setMulticastInterface(interfaceAddress: string): void {
    const isAddress = isIPAddress(interfaceAddress) || isIPv6Address(interfaceAddress);
    // An interface of IPv6 may also be a name, such as `lo`.
    if (isAddress && !this.#machine.hasAddress(interfaceAddress)) {
      throw new DatagramError(
        `Cannot send to multicast groups through ${interfaceAddress} on ${this.address}: ` +
          `the address does not belong to the host ${this.#machine.name}`,
        { code: "EADDRNOTAVAIL", address: String(this.address) },
      );
    }
    this.#outgoing = interfaceAddress;
  }

  /** Returns whether a datagram to an address reaches this socket. */
  isReachedBy({ host, port }: IInternetAddress): boolean {
    if (this.#closed || port !== this.address.port) return false;
    if (isMulticast(host)) {
      return [...this.#groups].some((membership) => membership.startsWith(`${host} `)) &&
        (isWildcard(this.address.host) || this.address.host === host);
    }
    return isBroadcast(host) ? isWildcard(this.address.host) : reaches(this.address.host, host);
  }

  #mayNotBroadcastTo(host: string): boolean {
    return isBroadcast(host) && !this.#mayBroadcast;
  }

  #targets(host: string): Machine[] {
    const own = this.#machine;
    if (host === LOOPBACK_BROADCAST) return [own];
    if (!isMulticast(host) && host !== BROADCAST) {
      const machine = own.machineAt(host);
      return machine === null ? [] : [machine];
    }
    const isMany = isMulticast(host);
    if (isLoopback(this.address.host) || (isMany && isLoopback(this.#outgoing))) return [own];
    // IP_MULTICAST_LOOP concerns all sockets of the sender's host.
    const skipsOwn = isMany && !this.#receivesOwn;
    return [...own.network.machines()].filter((machine) => machine !== own || !skipsOwn);
  }

  #sendTo(
    target: Machine,
    bytes: Uint8Array,
    from: IInternetAddress,
    to: IInternetAddress,
  ): void {
    const link = this.#machine.network.link(this.#machine, target);
    if (!link.isOpen || link.site.next("loss") > 0) return;
    const arrival = link.arrival(bytes.length) + link.site.next("delay", 1, MOST_DELAY) +
      link.site.next("reorder", 1, MOST_REORDERING);
    const arrive = () => {
      if (target.isUp && !this.#boot.lostFlight) this.#arriveAt(target, bytes, from, to);
    };
    this.#machine.schedule.at(arrival, arrive);
    const again = link.site.next("duplicate", 1, MOST_REORDERING);
    if (again > 0) this.#machine.schedule.at(arrival + again, arrive);
  }

  #arriveAt(
    target: Machine,
    bytes: Uint8Array,
    from: IInternetAddress,
    to: IInternetAddress,
  ): void {
    const reached = [...target.datagramSockets].filter((socket) => socket.isReachedBy(to));
    const isForMany = isMulticast(to.host) || isBroadcast(to.host);
    if (isForMany) {
      for (const socket of reached) socket.#receive(bytes.slice(), from);
      return;
    }
    // A socket on this very address comes before one on all addresses, and the socket that was
    // bound last comes first, as on Linux.
    const receiver = reached.findLast(({ address }) => !isWildcard(address.host)) ?? reached.at(-1);
    if (receiver === undefined) this.#refuse(target, to);
    else receiver.#receive(bytes.slice(), from);
  }

  /** Reports to the sender that no socket has the address, as ICMP does (RFC 1122 4.1.3.3). */
  #refuse(target: Machine, to: IInternetAddress): void {
    const back = target.network.link(target, this.#machine);
    if (!back.isOpen) return;
    this.#at(back.arrival(0), () => {
      const error = cannotSend(to, "ECONNREFUSED", "no socket is bound to it");
      if (!this.#closed) this.#sink?.receiveFailed(error);
    });
  }

  #receive(bytes: Uint8Array, source: IInternetAddress): void {
    const isWaiting = this.#held !== null || this.#process.isPaused;
    if (isWaiting && this.#unread + bytes.length > RECEIVE_BUFFER) {
      this.#machine.note(() => `drops a datagram from ${source}: the receive buffer is full`);
      return;
    }
    const size = bytes.length + OVERHEAD;
    this.#unread += size;
    const from = udpAddress(shownTo(this.address.host, source.host), source.port);
    const deliver = () => {
      this.#unread -= size;
      if (!this.#closed) this.#sink?.received(bytes, from);
    };
    if (this.#held === null) this.#process.run(deliver);
    else this.#held.push(deliver);
  }

  #cannot(verb: "join" | "leave", group: string, through: string, why: string): DatagramError {
    const way = through === "" ? group : `${group} through ${through}`;
    const where = `on ${this.address} of the host ${this.#machine.name}`;
    const code = verb === "join" ? "EINVAL" : "EADDRNOTAVAIL";
    return new MulticastJoinError(`Cannot ${verb} the group ${way} ${where}: ${why}`, { code });
  }

  #at(time: number, f: () => void): void {
    this.#machine.schedule.at(time, () => this.#process.run(f));
  }
}

function cannotSend(to: IInternetAddress, code: string, why: string): DatagramError {
  const address = String(to);
  return new DatagramError(`Cannot send to ${address}: ${why}`, { code, syscall: "send", address });
}

/** Returns whether a host is in 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 section 2.7). */
function isMulticast(host: string): boolean {
  return /^(22[4-9]|23\d)\./.test(host) || /^ff[0-9a-f]{2}:/i.test(host);
}

function isBroadcast(host: string): boolean {
  return host === BROADCAST || host === LOOPBACK_BROADCAST;
}
