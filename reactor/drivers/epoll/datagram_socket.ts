/**
 * The driver of a datagram socket.
 *
 * @module
 */

import { asError } from "../../../defer/guarded_call.ts";
import type { DatagramDriver, DatagramDriverSink } from "../../datagram/datagram_driver.ts";
import type { Address } from "../../interfaces/mod.ts";
import {
  EAGAIN,
  ECONNREFUSED,
  EINTR,
  ENOBUFS,
  EPOLLERR,
  EPOLLIN,
  EPOLLOUT,
  MSG_NOSIGNAL,
} from "./constants.ts";
import { Descriptor } from "./descriptor.ts";
import type { Released } from "./poller.ts";
import { AddressSpace, type SocketAddress } from "./socket_address.ts";

/** The most datagrams that one event delivers, so that other sockets have their turn. */
const MOST_DATAGRAMS = 64;

/** The largest size in bytes that a system call can be passed here. */
const LARGEST_SIZE = 2 ** 31 - 1;

/** A datagram that waits for room in the system. */
interface Pending<A> {
  readonly datagram: Uint8Array;
  readonly to: A;
}

// The system fills it within a call, and it is read before the next one.
const space = new AddressSpace();

/** A driver over a bound datagram socket. */
export abstract class DatagramSocket<A extends Address> extends Descriptor
  implements DatagramDriver<A>, Released {
  abstract readonly address: A;
  #sink: DatagramDriverSink<A> | null = null;
  #isReceiving = false;
  #pending: Pending<A> | null = null;
  /** The number of datagrams that the current event may still deliver. */
  #remaining = 0;
  // Each datagram is delivered in a microtask of its own: what the protocol has done for the last
  // one, such as stopping the reactor, has its effect first.
  readonly #receiveNext = (): void => {
    if (this.isClosed || this.#remaining-- <= 0) return;
    if (this.#receive()) queueMicrotask(this.#receiveNext);
    else this.#remaining = 0;
  };

  /** Returns a destination for the system. Throws if the program may not send there. */
  protected abstract encode(to: A): SocketAddress;
  /** Returns the address of a sender. */
  protected abstract decode(space: AddressSpace): A;
  /** Returns the error of a datagram that could not be sent. */
  protected abstract sendError(cause: unknown, to: A, size: number): Error;
  /** Returns memory for the largest datagram that the port accepts, and a byte more. */
  protected abstract datagramSpace(): Uint8Array<ArrayBuffer>;
  /** Whether a datagram for which the system has no room waits until it has. */
  protected abstract readonly waitsForRoom: boolean;
  /** Whether a refusal that is reported for a datagram may be that of an earlier one. */
  protected abstract readonly refusesLate: boolean;

  attach(sink: DatagramDriverSink<A>): void {
    this.#sink = sink;
  }

  startReceiving(): void {
    this.#isReceiving = true;
    try {
      this.watchIn();
    } catch (error) {
      this.#sink?.receiveFailed(asError(error));
    }
  }

  send(datagram: Uint8Array, to: A): void {
    if (this.#send(datagram, to)) return;
    // The caller may change the bytes after this call.
    this.#pending = { datagram: datagram.slice(), to };
    try {
      this.watchOut();
    } catch (error) {
      this.#pending = null;
      this.#sink?.sent(this.sendError(error, to, datagram.length));
    }
  }

  close(): void {
    this.#pending = null;
    this.closeDescriptor(this);
  }

  /** Called by the poller when the descriptor has been closed. */
  released(): void {
    this.#sink?.released();
  }

  override ready(events: number): void {
    const pending = this.#pending;
    if (pending !== null && (events & (EPOLLOUT | EPOLLERR)) !== 0) {
      // The sink may send the next datagram at once, which may have to wait in turn.
      this.#pending = null;
      if (!this.#send(pending.datagram, pending.to)) this.#pending = pending;
    }
    if (this.#pending === null) this.unwatchOut();
    if ((events & (EPOLLIN | EPOLLERR)) === 0 || !this.#isReceiving || this.isClosed) return;
    this.#remaining = MOST_DATAGRAMS;
    this.#receiveNext();
  }

  /** Receives a datagram. @returns Whether another one may have arrived. */
  #receive(): boolean {
    const { system } = this.poller;
    const { bytes, length } = space.reset();
    // A datagram is lost as far as it does not fit.
    const into = this.datagramSpace();
    const count = system.calls.recvfrom(this.fd, into, into.length, 0, bytes, length);
    if (count >= 0) {
      this.#sink?.received(into.slice(0, count), this.decode(space));
      return true;
    }
    const { errno } = system;
    if (errno === EAGAIN) return false;
    if (errno !== EINTR) this.#sink?.receiveFailed(system.failure("recvfrom", errno));
    return true;
  }

  /**
   * Sends a datagram and reports the outcome.
   *
   * @returns Whether there was an outcome; `false` if the system has no room.
   */
  #send(datagram: Uint8Array, to: A): boolean {
    let bytes: Uint8Array;
    try {
      ({ bytes } = this.encode(to));
    } catch (error) {
      this.#sink?.sent(this.sendError(error, to, datagram.length));
      return true;
    }
    const { system } = this.poller;
    const size = Math.min(datagram.length, LARGEST_SIZE);
    const send = (): number =>
      system.calls.sendto(this.fd, datagram, size, MSG_NOSIGNAL, bytes, bytes.length);
    let result = send();
    if (result < 0 && system.errno === ECONNREFUSED && this.refusesLate) {
      // The system reports the refusal of an earlier datagram, and has not sent this one.
      this.#sink?.receiveFailed(system.failure("sendto"));
      if (this.isClosed) return true;
      result = send();
    } else if (result < 0 && system.errno === EINTR) {
      result = send();
    }
    if (result >= 0) {
      this.#sink?.sent(null);
      return true;
    }
    const { errno } = system;
    if (this.waitsForRoom && (errno === EAGAIN || errno === ENOBUFS)) return false;
    this.#sink?.sent(this.sendError(system.failure("sendto", errno), to, datagram.length));
    return true;
  }
}
