/**
 * A simulated UDP socket.
 *
 * @module
 */

import { isIPv6Address } from "../../reactor/addresses.ts";
import type { DatagramDriverSink, UDPDriver } from "../../reactor/datagram/datagram_driver.ts";
import { udpAddress } from "../../reactor/datagram/udp_address.ts";
import { DatagramError, MulticastJoinError } from "../../reactor/errors.ts";
import type { IInternetAddress } from "../../reactor/interfaces/mod.ts";
import { isWildcard, type Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import { MOST_DELAY } from "./stream_end.ts";

const BROADCAST = "255.255.255.255";
/** The longest delay of a datagram that others overtake, in microseconds. */
const MOST_REORDERING = 200_000;

/** A UDP socket of a simulated host. */
export class DatagramSocket implements UDPDriver {
  readonly address: IInternetAddress;
  readonly isShared: boolean;
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #groups = new Set<string>();
  #mayBroadcast = false;
  #receivesOwn = true;
  #sink: DatagramDriverSink<IInternetAddress> | null = null;
  /** The datagrams that arrived before `startReceiving`; `null` after it. */
  #held: (() => void)[] | null = [];
  #closed = false;

  /**
   * @param machine The machine of the socket.
   * @param address The address to which the socket is bound.
   * @param isShared Whether other sockets may have the same port.
   */
  constructor(machine: Machine, address: IInternetAddress, isShared: boolean) {
    this.#machine = machine;
    this.#process = machine.process;
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
    if (to.host === BROADCAST && !this.#mayBroadcast) {
      const address = String(to);
      const message = `Cannot send to ${address}: broadcasts are not allowed on this socket`;
      const error = new DatagramError(message, { code: "EACCES", syscall: "send", address });
      this.#sink?.sent(error);
      return;
    }
    const bytes = datagram.slice();
    for (const machine of this.#targets(to.host)) this.#sendTo(machine, bytes, to);
    this.#sink?.sent(null);
  }

  close(): void {
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
    if (!isMulticast(group)) throw this.#cannot("join", group, "it is not a multicast address");
    if (this.#groups.has(membership)) {
      throw this.#cannot("join", group, "the socket is a member of it already");
    }
    this.#groups.add(membership);
  }

  leaveGroup(group: string, interfaceAddress: string): void {
    if (!this.#groups.delete(`${group} ${interfaceAddress}`)) {
      throw this.#cannot("leave", group, "the socket is not a member of it");
    }
  }

  /** Does nothing: all hosts are in one network. */
  setMulticastTTL(): void {}

  setMulticastLoopback(enabled: boolean): void {
    this.#receivesOwn = enabled;
  }

  /** Does nothing: a simulated host has one interface. */
  setMulticastInterface(): void {}

  /** Returns whether a datagram to an address reaches this socket. */
  isReachedBy(to: IInternetAddress): boolean {
    const { host, port } = this.address;
    if (this.#closed || port !== to.port || isIPv6Address(host) !== isIPv6Address(to.host)) {
      return false;
    }
    if (isMulticast(to.host)) {
      return [...this.#groups].some((membership) => membership.startsWith(`${to.host} `));
    }
    return isWildcard(host) || host === to.host || to.host === BROADCAST;
  }

  #targets(host: string): Machine[] {
    const { surroundings } = this.#machine;
    if (isMulticast(host) || host === BROADCAST) return [...surroundings.machines()];
    const machine = this.#machine.machineAt(host);
    return machine === null ? [] : [machine];
  }

  #sendTo(target: Machine, bytes: Uint8Array, to: IInternetAddress): void {
    const link = this.#machine.surroundings.link(this.#machine, target);
    if (!link.isOpen || link.site.next("loss") > 0) return;
    const arrival = link.arrival(bytes.length) + link.site.next("delay", 1, MOST_DELAY) +
      link.site.next("reorder", 1, MOST_REORDERING);
    this.#machine.schedule.at(arrival, () => this.#arriveAt(target, bytes, to));
    const again = link.site.next("duplicate", 1, MOST_REORDERING);
    if (again > 0) {
      this.#machine.schedule.at(arrival + again, () => this.#arriveAt(target, bytes, to));
    }
  }

  #arriveAt(target: Machine, bytes: Uint8Array, to: IInternetAddress): void {
    if (!target.isUp) return;
    const from = udpAddress(this.#machine.sourceFor(to.host), this.address.port);
    const receivers = [...target.datagramSockets].filter((socket) => socket.isReachedBy(to));
    for (const socket of receivers) {
      if (socket !== this || this.#receivesOwn) socket.#receive(bytes.slice(), from);
    }
    if (receivers.length === 0 && !isMulticast(to.host) && to.host !== BROADCAST) {
      this.#refuse(target, to);
    }
  }

  /** Reports to the sender that no socket has the address, as ICMP does (RFC 1122 4.1.3.3). */
  #refuse(target: Machine, to: IInternetAddress): void {
    const back = target.surroundings.link(target, this.#machine);
    if (!back.isOpen) return;
    const address = String(to);
    const message = `Cannot send to ${address}: no socket is bound to it`;
    this.#at(back.arrival(0), () => {
      const error = new DatagramError(message, { code: "ECONNREFUSED", syscall: "send", address });
      if (!this.#closed) this.#sink?.receiveFailed(error);
    });
  }

  #receive(bytes: Uint8Array, from: IInternetAddress): void {
    const deliver = () => {
      if (!this.#closed) this.#sink?.received(bytes, from);
    };
    if (this.#held === null) this.#process.run(deliver);
    else this.#held.push(deliver);
  }

  #cannot(verb: string, group: string, why: string): MulticastJoinError {
    return new MulticastJoinError(
      `Cannot ${verb} the group ${group} on ${this.address} of the host ${this.#machine.name}: ${why}`,
      { code: "EINVAL" },
    );
  }

  #at(time: number, f: () => void): void {
    this.#machine.schedule.at(time, () => this.#process.run(f));
  }
}

/** Returns whether a host is in 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 section 2.7). */
function isMulticast(host: string): boolean {
  return /^(22[4-9]|23\d)\./.test(host) || /^ff[0-9a-f]{2}:/i.test(host);
}
