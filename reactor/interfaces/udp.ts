/**
 * UDP on a reactor, multicast included.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";
import type { IInternetAddress } from "./address.ts";
import type { DatagramOptions, IDatagramProtocol, IDatagramTransport } from "./datagram.ts";

/** Where a datagram goes: any object with the two fields, an address included. */
export interface DatagramDestination {
  /** An IP address. No name: looking one up takes time, and a datagram goes now. */
  readonly host: string;
  /** The port number. */
  readonly port: number;
}

/** A UDP port, as its protocol sees it. Twisted's `IUDPTransport`. */
export interface IUDPTransport extends IDatagramTransport {
  /**
   * Sends one datagram: bytes, or a string as UTF-8. Never blocks. What the system does not take at once waits, in order; see
   * {@linkcode DatagramOptions.writeBufferLimit}. The bytes may be changed when this returns.
   *
   * What cannot be sent for a reason that is known only later (no route, say) is logged: nobody waits for it. Writing to a port that
   * is closed does nothing.
   *
   * @param datagram The datagram. It may be empty.
   * @param addr Where to: an address that `datagramReceived` got, or a host and a port; the host `"<broadcast>"` means 255.255.255.255.
   *   A connected port takes none, or the one that it is connected to.
   * @throws {InvalidAddressError} when the host is a name, or an address of the other IP version.
   * @throws {MessageLengthError} when the datagram is longer than UDP can carry.
   * @throws {DatagramError} when the datagram is a broadcast, and broadcasts are not allowed.
   * @throws {Error} when a connected port is given another address, or one that is not connected none.
   */
  write(datagram: Uint8Array | string, addr?: DatagramDestination): void;
  /** Sends pieces as one datagram. */
  writeSequence(pieces: Iterable<Uint8Array | string>, addr?: DatagramDestination): void;
  /**
   * Connects the port: from now on it sends to that address only, and receives from nobody else.
   *
   * The protocol's `connectionRefused` is called when the system says that nobody listens there. `DenoReactor` cannot find that out:
   * Deno 2.9.6 keeps the connecting to itself, and the system, which does not know, reports nothing. For the same reason `getHost`
   * stays what it was.
   *
   * @param host An IP address.
   * @param port The port number.
   * @throws {InvalidAddressError} when the host is a name, or an address of the other IP version.
   * @throws {Error} when the port is connected already.
   */
  connect(host: string, port: number): void;
  /** Where it is bound; with port 0, the port that the system chose. */
  getHost(): IInternetAddress;
  /** Allows broadcasts, or forbids them, as they are at first. */
  setBroadcastAllowed(enabled: boolean): void;
  /** Whether broadcasts are allowed. */
  getBroadcastAllowed(): boolean;
}

/** What more a port that takes part in multicast can do. Twisted's `IMulticastTransport`. */
export interface IMulticastTransport extends IUDPTransport {
  /**
   * Joins a group. All who bind its port on this machine receive what is sent to it.
   *
   * @param addr The group's IP address. No name, unlike in Twisted: look it up before.
   * @param interfaceAddress The IP address of the interface to join on; for IPv6 its name. Default: the system chooses.
   * @returns A Deferred that fires when it has been joined, and fails with a `MulticastJoinError` when it cannot be.
   */
  joinGroup(addr: string, interfaceAddress?: string): Deferred<void>;
  /** Leaves a group. The parameters are those with which it was joined. */
  leaveGroup(addr: string, interfaceAddress?: string): Deferred<void>;
  /**
   * Sets how many networks away what is sent to a group may go. At first 1: this network only.
   *
   * @throws {UnsupportedError} on an IPv6 port, and for 0: Deno 2.9.6 ignores the one and refuses the other.
   */
  setTTL(ttl: number): void;
  /** How many networks away what is sent to a group may go. */
  getTTL(): number;
  /** Sets whether this machine, too, gets what is sent to a group. At first it does. The loopback interface takes no notice. */
  setLoopbackMode(enabled: boolean): void;
  /** Whether this machine, too, gets what is sent to a group. */
  getLoopbackMode(): boolean;
  /**
   * Sets by which interface datagrams to a group leave.
   *
   * @param addr The interface's IP address; for IPv6 its name.
   * @returns A Deferred that fires when it has been set, and fails with a `DatagramError` when it cannot be.
   */
  setOutgoingInterface(addr: string): Deferred<void>;
  /** By which interface datagrams to a group leave: `"0.0.0.0"` or `"::"` while the system chooses. */
  getOutgoingInterface(): string;
}

/** How a UDP port listens. */
export interface ListenUDPOptions extends DatagramOptions {
  /**
   * The local IP address to bind; it also decides the IP version.
   *
   * @default {"0.0.0.0"}
   */
  interface?: string | undefined;
}

/** How a multicast port listens. */
export interface ListenMulticastOptions extends ListenUDPOptions {
  /**
   * Whether others may bind the same port, all of them having asked for this. Each then receives what is sent to a group.
   *
   * @default {false}
   */
  listenMultiple?: boolean | undefined;
}

/** UDP on a reactor. Twisted's `IReactorUDP`. */
export interface IReactorUDP {
  /**
   * Binds a UDP port. It is bound when this returns, and may send; it receives while the reactor runs.
   *
   * @param port The port number; 0 lets the system choose one, as a client does.
   * @param protocol What gets the datagrams: `DatagramProtocol`.
   * @throws {CannotListenError} when the address cannot be had.
   * @throws {InvalidAddressError} when the interface is not an IP address.
   * @throws {RangeError} when the port or an option is out of range.
   */
  listenUDP(
    port: number,
    protocol: IDatagramProtocol<IUDPTransport, IInternetAddress>,
    options?: ListenUDPOptions,
  ): IUDPTransport;
}

/** Multicast on a reactor. Twisted's `IReactorMulticast`. */
export interface IReactorMulticast {
  /**
   * Binds a UDP port that can join multicast groups. Else as {@linkcode IReactorUDP.listenUDP}.
   *
   * @throws {CannotListenError} when the address cannot be had.
   * @throws {InvalidAddressError} when the interface is not an IP address.
   * @throws {RangeError} when the port or an option is out of range.
   */
  listenMulticast(
    port: number,
    protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress>,
    options?: ListenMulticastOptions,
  ): IMulticastTransport;
}
