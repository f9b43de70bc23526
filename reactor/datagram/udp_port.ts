/**
 * UDP ports, for every driver. Twisted's `udp.Port` and `udp.MulticastPort`.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";
import { execute } from "../../defer/execute.ts";
import { isIPAddress, isIPv6Address } from "../addresses.ts";
import { udpAddress } from "./udp_address.ts";
import { datagramBytes } from "./datagram_bytes.ts";
import type { UDPDriver } from "./datagram_driver.ts";
import { DatagramPort } from "./datagram_port.ts";
import { DatagramError, InvalidAddressError, MessageLengthError } from "../errors.ts";
import type {
  DatagramDestination,
  IDatagramProtocol,
  IInternetAddress,
  IMulticastTransport,
} from "../interfaces/mod.ts";
import { isSameHost } from "./same_host.ts";
import { checkInteger, quote } from "../../internal/validation.ts";

// The length field of UDP has 16 bits and counts the UDP header of 8 bytes (RFC 768). The length
// field of IPv4 also counts the IPv4 header of 20 bytes (RFC 791).
const MAX_LENGTH_IPV4 = 65535 - 20 - 8;
const MAX_LENGTH_IPV6 = 65535 - 8;

const BROADCAST = "255.255.255.255";

/**
 * Checks the interface of a UDP port.
 *
 * @throws {InvalidAddressError} If the interface is not an IP address.
 */
export function checkInterface(host: string): void {
  if (isIPAddress(host) || isIPv6Address(host)) return;
  throw new InvalidAddressError(host, `interface must be an IP address, got ${quote(host)}`);
}

/** A UDP port: the transport of its protocol. */
export class UDPPort
  extends DatagramPort<IInternetAddress, UDPDriver, IDatagramProtocol<never, IInternetAddress>>
  implements IMulticastTransport {
  #peer: IInternetAddress | null = null;
  #isIPv6 = false;
  // The current values of socket options, initially the system's defaults. They are stored because
  // Deno cannot read a socket option.
  #broadcast = false;
  #ttl = 1;
  #loopback = true;
  #outgoing = "";

  write(datagram: Uint8Array | string, addr?: DatagramDestination): void {
    this.writeSequence([datagram], addr);
  }

  writeSequence(pieces: Iterable<Uint8Array | string>, addr?: DatagramDestination): void {
    const datagram = datagramBytes(pieces);
    const to = this.#destination(addr);
    const most = this.#isIPv6 ? MAX_LENGTH_IPV6 : MAX_LENGTH_IPV4;
    if (datagram.length > most) {
      throw new MessageLengthError(
        `Cannot send ${datagram.length} bytes to ${to}: a UDP datagram holds at most ${most} bytes`,
        { code: "EMSGSIZE", syscall: "send", address: String(to) },
      );
    }
    this.send(datagram, to);
  }

  connect(host: string, port: number): void {
    if (this.#peer !== null) {
      throw new Error(
        `Cannot connect to ${host}:${port}: the port is already connected to ${this.#peer}`,
      );
    }
    this.#checkHost("connect() host", host);
    checkInteger("connect() port", port, 1, 65535);
    const peer = udpAddress(host, port);
    this.driver.connect?.(peer);
    this.#peer = peer;
  }

  setBroadcastAllowed(enabled: boolean): void {
    this.driver.setBroadcast(enabled);
    this.#broadcast = enabled;
  }

  getBroadcastAllowed(): boolean {
    return this.#broadcast;
  }

  joinGroup(addr: string, interfaceAddress?: string): Deferred<void> {
    return execute(() => {
      this.#checkHost("joinGroup() address", addr);
      this.driver.joinGroup(addr, interfaceAddress ?? "");
    });
  }

  leaveGroup(addr: string, interfaceAddress?: string): Deferred<void> {
    return execute(() => {
      this.#checkHost("leaveGroup() address", addr);
      this.driver.leaveGroup(addr, interfaceAddress ?? "");
    });
  }

  setTTL(ttl: number): void {
    checkInteger("setTTL() ttl", ttl, 0, 255);
    this.driver.setMulticastTTL(ttl);
    this.#ttl = ttl;
  }

  getTTL(): number {
    return this.#ttl;
  }

  setLoopbackMode(enabled: boolean): void {
    this.driver.setMulticastLoopback(enabled);
    this.#loopback = enabled;
  }

  getLoopbackMode(): boolean {
    return this.#loopback;
  }

  setOutgoingInterface(addr: string): Deferred<void> {
    return execute(() => {
      this.driver.setMulticastInterface(addr);
      this.#outgoing = addr;
    });
  }

  getOutgoingInterface(): string {
    return this.#outgoing || (this.#isIPv6 ? "::" : "0.0.0.0");
  }

  /** Resets the settings: a new socket is not connected and has the defaults of the system. */
  protected override bound(driver: UDPDriver): void {
    this.#isIPv6 = isIPv6Address(driver.address.host);
    this.#peer = null;
    this.#broadcast = false;
    this.#ttl = 1;
    this.#loopback = true;
    this.#outgoing = "";
  }

  protected override makeConnection(): unknown {
    // The cast is safe: listenUDP() and listenMulticast() declare which transport the protocol
    // needs, and this port has all members of both.
    return this.protocol.makeConnection(this as never);
  }

  protected override deliver(datagram: Uint8Array, from: IInternetAddress): unknown {
    const peer = this.#peer;
    // A connected port accepts datagrams from its peer only. The check is made here, because the
    // socket may not be connected in the system and may hold earlier datagrams from other senders.
    if (peer !== null && (from.port !== peer.port || !isSameHost(from.host, peer.host))) return;
    return this.protocol.datagramReceived(datagram, from);
  }

  protected override get isConnected(): boolean {
    return this.#peer !== null;
  }

  protected override portName(address: IInternetAddress): string {
    return String(address.port);
  }

  protected override closedLine(address: IInternetAddress): string {
    return `(UDP Port ${address.port} Closed)`;
  }

  #destination(addr: DatagramDestination | undefined): IInternetAddress {
    const peer = this.#peer;
    if (addr === undefined) {
      if (peer !== null) return peer;
      throw new TypeError(
        `Cannot write a datagram without an address: the port on ${this.getHost()} is not connected`,
      );
    }
    const { port } = addr;
    const host = addr.host === "<broadcast>" ? BROADCAST : addr.host;
    this.#checkHost("write() address", host);
    checkInteger("write() port", port, 1, 65535);
    if (peer !== null && (port !== peer.port || !isSameHost(host, peer.host))) {
      throw new Error(
        `Cannot write to ${host}:${port}: the port is connected to ${peer} and sends only there`,
      );
    }
    const to = udpAddress(host, port);
    if (host === BROADCAST && !this.#broadcast) {
      throw new DatagramError(
        `Cannot send to ${to}: call setBroadcastAllowed(true) to allow broadcasts`,
        { code: "EACCES", syscall: "send", address: String(to) },
      );
    }
    return to;
  }

  #checkHost(name: string, host: string): void {
    const version = this.#isIPv6 ? "IPv6" : "IPv4";
    if (this.#isIPv6 ? isIPv6Address(host) : isIPAddress(host)) return;
    throw new InvalidAddressError(
      host,
      `${name} must be an ${version} address on the port on ${this.getHost()}, got ${quote(host)}`,
    );
  }
}
