/**
 * UDP, including multicast.
 *
 * @module
 */

import type { Deferred } from "../../defer/deferred.ts";
import type { IInternetAddress } from "./address.ts";
import type { DatagramOptions, IDatagramProtocol, IDatagramTransport } from "./datagram.ts";

/** The destination of a datagram: an address, or any object with a host and a port. */
export interface DatagramDestination {
  /**
   * An IP address. Host names are not accepted, because a lookup is asynchronous and a datagram is
   * sent immediately.
   */
  readonly host: string;
  /** The port number. */
  readonly port: number;
}

/** The transport of a UDP protocol. Twisted's `IUDPTransport`. */
export interface IUDPTransport extends IDatagramTransport {
  /**
   * Sends one datagram without blocking. Datagrams that the system does not accept immediately are
   * queued in order, within {@linkcode DatagramOptions.writeBufferLimit}. Does nothing if the port
   * is closed.
   *
   * An error that occurs after this method has returned, such as a missing route, is logged.
   *
   * @param datagram The bytes, or a string that is encoded as UTF-8. It may be empty. The caller
   *   may change the bytes when this method returns.
   * @param addr The destination: an address from `datagramReceived`, or a host and a port. The host
   *   `"<broadcast>"` stands for 255.255.255.255. On a connected port, the destination may be
   *   omitted and must otherwise be the peer.
   * @throws {InvalidAddressError} If the host is a name, or an address of the other IP version.
   * @throws {MessageLengthError} If the datagram is longer than UDP supports.
   * @throws {DatagramError} If the destination is the broadcast address and broadcasts are not
   *   allowed.
   * @throws {TypeError} If the port is not connected and no destination is given.
   * @throws {Error} If the port is connected to another address.
   */
  write(datagram: Uint8Array | string, addr?: DatagramDestination): void;
  /** Sends several chunks as one datagram. */
  writeSequence(pieces: Iterable<Uint8Array | string>, addr?: DatagramDestination): void;
  /**
   * Connects the port to a peer. From then on it sends to that address only, and ignores datagrams
   * from other addresses.
   *
   * If the system reports that no socket is bound at the peer's address, the protocol's
   * `connectionRefused` is called. `DenoReactor` never calls it: Deno 2.9.6 cannot connect a UDP
   * socket in the system, so the system does not report refusals. `EpollReactor` calls it.
   * `getHost` does not change.
   *
   * @param host An IP address.
   * @param port The port number, from 1 to 65535.
   * @throws {DatagramError} If the system has no route to the address, on `EpollReactor`.
   * @throws {InvalidAddressError} If the host is a name, or an address of the other IP version.
   * @throws {Error} If the port is already connected.
   */
  connect(host: string, port: number): void;
  /**
   * Returns the address to which the port is bound. If it was bound to port 0, the address has the
   * port number that the system chose.
   */
  getHost(): IInternetAddress;
  /** Sets whether broadcasts are allowed. They are not allowed by default. */
  setBroadcastAllowed(enabled: boolean): void;
  /** Returns whether broadcasts are allowed. */
  getBroadcastAllowed(): boolean;
}

/** The transport of a multicast protocol. Twisted's `IMulticastTransport`. */
export interface IMulticastTransport extends IUDPTransport {
  /**
   * Joins a multicast group. Every program on this machine that is bound to the port then receives
   * the group's datagrams.
   *
   * @param addr The group's IP address. Twisted also accepts a host name.
   * @param interfaceAddress The interface on which to join: its IP address, or for IPv6 its name.
   *   By default, the system chooses the interface.
   * @returns A Deferred that fires when the port has joined, and fails with a `MulticastJoinError`
   *   if it cannot join.
   */
  joinGroup(addr: string, interfaceAddress?: string): Deferred<void>;
  /**
   * Leaves a multicast group.
   *
   * @param addr The group's IP address.
   * @param interfaceAddress The same interface as for {@linkcode joinGroup}.
   * @returns A Deferred that fires when the port has left, and fails with a `MulticastJoinError` if
   *   it cannot leave.
   */
  leaveGroup(addr: string, interfaceAddress?: string): Deferred<void>;
  /**
   * Sets the number of networks that a multicast datagram may pass.
   *
   * @param ttl The time to live, from 1 to 255. Initially it is 1: the local network only.
   * @throws {UnsupportedError} On an IPv6 port, and for 0, because Deno 2.9.6 supports neither.
   */
  setTTL(ttl: number): void;
  /** Returns the time to live of multicast datagrams. */
  getTTL(): number;
  /**
   * Sets whether this machine receives the multicast datagrams that it sends. Initially it does.
   * The loopback interface ignores this setting.
   */
  setLoopbackMode(enabled: boolean): void;
  /** Returns whether this machine receives the multicast datagrams that it sends. */
  getLoopbackMode(): boolean;
  /**
   * Sets the interface that sends multicast datagrams.
   *
   * @param addr The IP address of the interface, or for IPv6 its name.
   * @returns A Deferred that fires when the interface has been set, and fails with a
   *   `DatagramError` if it cannot be set.
   */
  setOutgoingInterface(addr: string): Deferred<void>;
  /**
   * Returns the interface that sends multicast datagrams: `"0.0.0.0"` or `"::"` while the system
   * chooses it.
   */
  getOutgoingInterface(): string;
}

/** Options of {@linkcode IReactorUDP.listenUDP}. */
export interface ListenUDPOptions extends DatagramOptions {
  /**
   * The local IP address to which to bind. It also determines the IP version.
   *
   * @default {"0.0.0.0"}
   */
  interface?: string | undefined;
}

/** Options of {@linkcode IReactorMulticast.listenMulticast}. */
export interface ListenMulticastOptions extends ListenUDPOptions {
  /**
   * Whether several sockets may bind the same port. All of them must set this option, and each of
   * them receives the datagrams of a group.
   *
   * @default {false}
   */
  listenMultiple?: boolean | undefined;
}

/** UDP ports on a reactor. Twisted's `IReactorUDP`. */
export interface IReactorUDP {
  /**
   * Binds a UDP port. The port can send when this method returns, and receives while the reactor
   * runs.
   *
   * @param port The port number; 0 lets the system choose one, which is usual for clients.
   * @param protocol The protocol that receives the datagrams: a `DatagramProtocol`.
   * @param options The interface and the limits.
   * @throws {CannotListenError} If the address is not available.
   * @throws {InvalidAddressError} If the interface is not an IP address.
   * @throws {RangeError} If the port or an option is out of range.
   */
  listenUDP(
    port: number,
    protocol: IDatagramProtocol<IUDPTransport, IInternetAddress>,
    options?: ListenUDPOptions,
  ): IUDPTransport;
}

/** Multicast ports on a reactor. Twisted's `IReactorMulticast`. */
export interface IReactorMulticast {
  /**
   * Binds a UDP port that can join multicast groups. Otherwise it does the same as
   * {@linkcode IReactorUDP.listenUDP}.
   *
   * @param port The port number; 0 lets the system choose one.
   * @param protocol The protocol that receives the datagrams.
   * @param options The interface, the limits, and whether the port may be shared.
   * @throws {CannotListenError} If the address is not available.
   * @throws {InvalidAddressError} If the interface is not an IP address.
   * @throws {RangeError} If the port or an option is out of range.
   */
  listenMulticast(
    port: number,
    protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress>,
    options?: ListenMulticastOptions,
  ): IMulticastTransport;
}
