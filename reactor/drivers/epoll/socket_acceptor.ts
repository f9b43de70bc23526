/**
 * The acceptor of a listening socket.
 *
 * @module
 */

import { asError } from "../../../defer/guarded_call.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import {
  EAGAIN,
  ECONNABORTED,
  EFD_CLOEXEC,
  EHOSTDOWN,
  EHOSTUNREACH,
  EINTR,
  ENETDOWN,
  ENETUNREACH,
  ENOPROTOOPT,
  EPERM,
  EPROTO,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from "./constants.ts";
import { Descriptor } from "./descriptor.ts";
import type { Poller, Released } from "./poller.ts";
import { AddressSpace } from "./socket_address.ts";

/** The most connections that one event accepts, so that open connections have their turn. */
const MOST_ACCEPTS = 64;

// Errors of the accepted connection, which do not affect the listening socket: the peer has reset
// the connection, a firewall has rejected it, or Linux reports its pending network error
// (accept(2)).
const CONNECTION_ERRORS: ReadonlySet<number> = new Set([
  EINTR,
  ECONNABORTED,
  EPERM,
  EPROTO,
  ENOPROTOOPT,
  ENETDOWN,
  ENETUNREACH,
  EHOSTDOWN,
  EHOSTUNREACH,
]);

/** Creates the driver of an accepted connection, which owns the descriptor. */
export type DriverFor = (fd: number, peer: AddressSpace) => StreamDriver;

/** Accepts the connections of a listening socket for a port. */
export class SocketAcceptor<A extends Address> extends Descriptor
  implements StreamAcceptor<A>, Released {
  readonly address: A;
  readonly #driverFor: DriverFor;
  readonly #onClose: () => void;
  #sink: StreamAcceptorSink | null = null;
  #isAccepting = false;
  #turnsAway = false;
  #mostAccepts = MOST_ACCEPTS;
  /** A descriptor that is given up to turn a client away when no other is free; -1 if none is. */
  #spare = -1;
  readonly #peer = new AddressSpace();

  /**
   * Takes ownership of a listening socket.
   *
   * @param poller The poller of the reactor.
   * @param fd The socket.
   * @param address The address to which it is bound.
   * @param driverFor Creates the driver of an accepted connection.
   * @param onClose Called before the socket is closed.
   */
  constructor(
    poller: Poller,
    fd: number,
    address: A,
    driverFor: DriverFor,
    onClose: () => void = () => {},
  ) {
    super(poller, fd);
    this.address = address;
    this.#driverFor = driverFor;
    this.#onClose = onClose;
    this.#takeSpare();
  }

  /**
   * Accepts one connection at a time from now on. If other processes accept from the same socket,
   * connections that arrive together would otherwise go to the process that looks first.
   */
  share(): this {
    this.#mostAccepts = 1;
    return this;
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(turnAway: boolean = false): void {
    if (this.isClosed) return;
    this.#isAccepting = true;
    this.#turnsAway = turnAway;
    try {
      this.watchIn();
    } catch (error) {
      this.#isAccepting = false;
      this.#sink?.acceptFailed(asError(error));
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.#isAccepting = false;
    this.#releaseSpare();
    this.#onClose();
    this.closeDescriptor(this);
  }

  /** Called by the poller when the descriptor has been closed. */
  released(): void {
    this.#sink?.released();
  }

  override ready(): void {
    // The port has paused. The system would report the waiting clients in every turn.
    if (!this.#isAccepting) return this.unwatchIn();
    for (let i = 0; i < this.#mostAccepts && this.#isAccepting; i++) {
      if (!this.#acceptOne()) break;
    }
  }

  /** Accepts a connection. @returns Whether another one may be waiting. */
  #acceptOne(): boolean {
    const { system } = this.poller;
    const { bytes, length } = this.#peer.reset();
    const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    const fd = system.calls.accept4(this.fd, bytes, length, flags);
    if (fd >= 0) {
      this.#accepted(fd);
      return true;
    }
    const { errno } = system;
    if (errno === EAGAIN) return false;
    if (CONNECTION_ERRORS.has(errno)) return true;
    if (this.#turnsAway && this.#spare >= 0) {
      // The next call can use the descriptor.
      this.#releaseSpare();
      return true;
    }
    this.#isAccepting = false;
    const failure = system.failure("accept4", errno);
    this.#takeSpare();
    this.#sink?.acceptFailed(failure);
    return true;
  }

  #accepted(fd: number): void {
    this.#isAccepting = false;
    // If the spare descriptor can be reopened while the new connection is open, descriptors are
    // available again, and the connection is accepted normally.
    if (this.#spare >= 0 || this.#takeSpare() || !this.#turnsAway) {
      this.#sink?.accepted(this.#driverFor(fd, this.#peer));
      return;
    }
    this.poller.system.calls.close(fd);
    this.#takeSpare();
    this.#sink?.turnedAway();
  }

  #takeSpare(): boolean {
    if (this.#spare < 0) this.#spare = this.poller.system.calls.eventfd(0, EFD_CLOEXEC);
    return this.#spare >= 0;
  }

  #releaseSpare(): void {
    if (this.#spare >= 0) this.poller.system.calls.close(this.#spare);
    this.#spare = -1;
  }
}
