/**
 * UDP sockets.
 *
 * @module
 */

import { codeOf, messageOf } from "../../../internal/foreign_value.ts";
import { isIPv6Address } from "../../addresses.ts";
import type { UDPDriver } from "../../datagram/datagram_driver.ts";
import { udpAddress } from "../../datagram/udp_address.ts";
import { changeMembership, changeSetting, tooLong } from "../../datagram/udp_errors.ts";
import { DatagramError } from "../../errors.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";
import { cannotListen } from "../../stream/system_error.ts";
import {
  AF_INET6,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  SO_BROADCAST,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "./constants.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { checkNetAccess, hasAllNetAccess } from "./permissions.ts";
import type { Poller } from "./poller.ts";
import { encodeInternet, hostOf, interfaceNumber, portOf } from "./socket_address.ts";
import type { AddressSpace, SocketAddress } from "./socket_address.ts";
import { bindTo, localAddress, setOption, withSocket } from "./socket_calls.ts";
import type { SystemCalls } from "./system_calls.ts";

/**
 * Binds a UDP port.
 *
 * @throws {CannotListenError} If the address cannot be bound.
 */
export function bindUDP(poller: Poller, host: string, port: number, shared: boolean): UDPDriver {
  try {
    checkNetAccess(host, port);
    return poller.using((system) => {
      const address = encodeInternet(system, host, port);
      return withSocket(system, address.family, SOCK_DGRAM, (fd) => {
        if (shared) setOption(system, fd, SOL_SOCKET, SO_REUSEADDR, true);
        bindTo(system, fd, address);
        const local = decodeUDP(system, localAddress(system, fd));
        return new UDPSocket(poller, fd, local, address.family === AF_INET6);
      });
    });
  } catch (error) {
    throw cannotListen(udpAddress(host, port), error);
  }
}

/** Returns the address of a UDP socket. That of an IPv4 peer of an IPv6 socket stays mapped. */
function decodeUDP(system: SystemCalls, space: AddressSpace): IInternetAddress {
  return udpAddress(hostOf(system, space), portOf(space));
}

/** The driver of a UDP socket. */
class UDPSocket extends DatagramSocket<IInternetAddress> implements UDPDriver {
  readonly address: IInternetAddress;
  protected override readonly waitsForRoom = true;
  protected override readonly refusesLate = true;
  readonly #isIPv6: boolean;
  readonly #hasAllAccess = hasAllNetAccess();
  /** The last destination, for the system: most datagrams go to the same address as the last. */
  #lastTo: IInternetAddress | null = null;
  #lastEncoded: SocketAddress | null = null;

  constructor(poller: Poller, fd: number, address: IInternetAddress, isIPv6: boolean) {
    super(poller, fd);
    this.address = address;
    this.#isIPv6 = isIPv6;
  }

  /** Connects the socket, so that the system reports refusals of the peer. */
  connect(to: IInternetAddress): void {
    this.#set(`connect to ${to}`, () => {
      const { system } = this.poller;
      const { bytes } = this.encode(to);
      system.checked("connect", system.calls.connect(this.fd, bytes, bytes.length));
    });
  }

  setBroadcast(enabled: boolean): void {
    this.#set("allow broadcasts", () => this.#option(SOL_SOCKET, SO_BROADCAST, enabled));
  }

  joinGroup(group: string, interfaceAddress: string): void {
    this.#change("join", group, interfaceAddress, IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP);
  }

  leaveGroup(group: string, interfaceAddress: string): void {
    this.#change("leave", group, interfaceAddress, IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP);
  }

  setMulticastTTL(ttl: number): void {
    this.#set(`set the multicast TTL to ${ttl}`, () => {
      if (this.#isIPv6) this.#option(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl);
      else this.#option(IPPROTO_IP, IP_MULTICAST_TTL, ttl);
    });
  }

  setMulticastLoopback(enabled: boolean): void {
    this.#set("set the multicast loopback", () => {
      if (this.#isIPv6) this.#option(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, enabled);
      else this.#option(IPPROTO_IP, IP_MULTICAST_LOOP, enabled);
    });
  }

  setMulticastInterface(interfaceAddress: string): void {
    this.#set(`send to multicast groups through ${interfaceAddress}`, () => {
      if (this.#isIPv6) {
        this.#option(IPPROTO_IPV6, IPV6_MULTICAST_IF, this.#scope(interfaceAddress));
      } else {
        this.#option(IPPROTO_IP, IP_MULTICAST_IF, this.#ipv4(interfaceAddress || "0.0.0.0"));
      }
    });
  }

  protected override encode(to: IInternetAddress): SocketAddress {
    if (!this.#hasAllAccess) checkNetAccess(to.host, to.port);
    if (this.#lastEncoded !== null && this.#lastTo?.equals(to)) return this.#lastEncoded;
    this.#lastTo = to;
    return this.#lastEncoded = encodeInternet(this.poller.system, to.host, to.port);
  }

  /** Returns the shared memory: no datagram of UDP is larger. */
  protected override datagramSpace(): Uint8Array<ArrayBuffer> {
    return this.poller.memory.space(true);
  }

  protected override decode(space: AddressSpace): IInternetAddress {
    return decodeUDP(this.poller.system, space);
  }

  protected override sendError(cause: unknown, to: IInternetAddress, size: number): DatagramError {
    // Deno's error of a missing permission has no code.
    const code = codeOf(cause) ?? "EACCES";
    const details = { code, syscall: "send", address: String(to), cause };
    return code === "EMSGSIZE"
      ? tooLong(to, size, details)
      : new DatagramError(`Cannot send to ${to}: ${messageOf(cause)}`, details);
  }

  #option(level: number, option: number, setting: number | boolean | Uint8Array): void {
    setOption(this.poller.system, this.fd, level, option, setting);
  }

  /** Returns the 4 bytes of an IPv4 address. */
  #ipv4(host: string): Uint8Array {
    return encodeInternet(this.poller.system, host, 0).bytes.slice(4, 8);
  }

  /** Returns the number of an interface: of the zone of an address, or of its name. */
  #scope(interfaceAddress: string): number {
    const [, zone] = interfaceAddress.split("%");
    const name = zone ?? (isIPv6Address(interfaceAddress) ? "" : interfaceAddress);
    return name === "" ? 0 : interfaceNumber(this.poller.system, name);
  }

  #change(
    what: "join" | "leave",
    group: string,
    interfaceAddress: string,
    ipv4: number,
    ipv6: number,
  ): void {
    changeMembership(this.address, what, group, interfaceAddress, () => {
      if (this.#isIPv6) {
        // `struct ipv6_mreq`: 16 bytes of the group, and the number of the interface.
        const request = new Uint8Array(20);
        request.set(encodeInternet(this.poller.system, group, 0).bytes.subarray(8, 24));
        new DataView(request.buffer).setUint32(16, this.#scope(interfaceAddress), true);
        this.#option(IPPROTO_IPV6, ipv6, request);
      } else {
        // `struct ip_mreq`: 4 bytes of the group, and of an address of the interface.
        const request = new Uint8Array(8);
        request.set(this.#ipv4(group));
        request.set(this.#ipv4(interfaceAddress || "0.0.0.0"), 4);
        this.#option(IPPROTO_IP, ipv4, request);
      }
    });
  }

  #set(what: string, f: () => void): void {
    changeSetting(this.address, what, f);
  }
}
