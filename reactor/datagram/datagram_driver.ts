/**
 * The interface between a datagram port and the driver that moves its datagrams.
 *
 * @module
 */

import type { Address, IInternetAddress } from "../interfaces/mod.ts";

/** The events that a driver reports to its port. */
export interface DatagramDriverSink<A extends Address> {
  /**
   * Called with each datagram that arrives. The driver never writes to its memory again.
   *
   * @param datagram The complete datagram. A datagram longer than the port's limit may be
   *   truncated, but must stay longer than the limit.
   * @param from The address of the sender.
   */
  received(datagram: Uint8Array, from: A): void;
  /**
   * Called when receiving has failed. The code `ECONNREFUSED` means that no socket was bound at the
   * destination of an earlier datagram.
   */
  receiveFailed(error: Error): void;
  /**
   * Called when the last `send` has completed, with its error or `null`. It may be called within
   * `send`.
   */
  sent(error: Error | null): void;
  /** Called after `close`, but not within it, when the driver is closed and its address is free. */
  released(): void;
}

/** A bound socket that sends and receives datagrams. */
export interface DatagramDriver<A extends Address> {
  /** The address to which the socket is bound. */
  readonly address: A;
  /** Sets the port. It is the first call, and is made once. */
  attach(sink: DatagramDriverSink<A>): void;
  /**
   * Starts to deliver datagrams until `close`, including those that have arrived since the socket
   * was bound. It is called at most once.
   */
  startReceiving(): void;
  /**
   * Sends one datagram. The port calls it again only after `sent`. The bytes may change when this
   * method has returned.
   */
  send(datagram: Uint8Array, to: A): void;
  /** Closes the socket. The port calls it while no send is pending. Only `released` follows. */
  close(): void;
  /** Stops keeping the process alive. */
  unref(): void;
}

/**
 * A driver for UDP. A method throws `UnsupportedError` if the driver does not support the
 * operation, and `DatagramError` if the operating system rejects it.
 */
export interface UDPDriver extends DatagramDriver<IInternetAddress> {
  /**
   * Connects the socket in the system, which then reports refusals of the peer with the code
   * `ECONNREFUSED`: to `receiveFailed` or `sent`. Absent where the host cannot do that.
   *
   * @param to The peer.
   */
  connect?(to: IInternetAddress): void;
  /** Sets whether broadcasts are allowed. */
  setBroadcast(enabled: boolean): void;
  /** Joins a multicast group. With the interface `""`, the system chooses one. */
  joinGroup(group: string, interfaceAddress: string): void;
  /** Leaves a multicast group. */
  leaveGroup(group: string, interfaceAddress: string): void;
  /** Sets the number of networks that a multicast datagram may pass. */
  setMulticastTTL(ttl: number): void;
  /** Sets whether this machine receives the multicast datagrams that it sends. */
  setMulticastLoopback(enabled: boolean): void;
  /** Sets the interface that sends multicast datagrams. */
  setMulticastInterface(interfaceAddress: string): void;
}
