/**
 * The seam between a datagram port and what moves its datagrams.
 *
 * @module
 */

import type { Address, IInternetAddress } from "../interfaces/mod.ts";

/** What a driver tells its port. */
export interface DatagramDriverSink<A extends Address> {
  /**
   * A datagram came. Its memory is never written again. It is whole, unless it is longer than the port takes: then the port must be able to
   * see that it is, and need not get more.
   */
  received(datagram: Uint8Array, from: A): void;
  /** Nothing could be received this time. With the code `ECONNREFUSED`: what was sent before has found nobody. */
  receiveFailed(error: Error): void;
  /** The last `send` is done, or has failed for the reason given. May come from within `send`. */
  sent(error: Error | null): void;
  /** After `close`, and not from within it: nothing of the driver is left, and the address is free. */
  released(): void;
}

/** A bound socket that moves datagrams. */
export interface DatagramDriver<A extends Address> {
  /** Where it is bound. */
  readonly address: A;
  /** Hands over the port. Comes first, once. */
  attach(sink: DatagramDriverSink<A>): void;
  /** Delivers what comes, and what has come since it was bound, until `close`. Comes once at most. */
  startReceiving(): void;
  /** Sends one datagram. The next comes after `sent`. The bytes may change when this has returned. */
  send(datagram: Uint8Array, to: A): void;
  /** Closes. Comes with no send under way. Only `released` follows. */
  close(): void;
  /** No longer holds the process. */
  unref(): void;
}

/** A driver for UDP. What it cannot do it refuses with an `UnsupportedError`, what the system refuses with a `DatagramError`. */
export interface UDPDriver extends DatagramDriver<IInternetAddress> {
  /** Allows broadcasts, or forbids them. */
  setBroadcast(enabled: boolean): void;
  /** Joins a multicast group; `""` lets the system choose the interface. */
  joinGroup(group: string, interfaceAddress: string): void;
  /** Leaves a multicast group. */
  leaveGroup(group: string, interfaceAddress: string): void;
  /** Sets how many networks away a datagram to a group may go. */
  setMulticastTTL(ttl: number): void;
  /** Sets whether this machine gets what it sends to a group. */
  setMulticastLoopback(enabled: boolean): void;
  /** Sets by which interface datagrams to a group leave. */
  setMulticastInterface(interfaceAddress: string): void;
}
