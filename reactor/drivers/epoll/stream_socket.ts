/**
 * The driver of a connected stream socket.
 *
 * A write is tried at once: the system has room for it nearly always. Only if it has not, the
 * driver waits for `EPOLLOUT`. Reading is lazy in the other direction: a pause costs no system
 * call, and the socket leaves the set only if bytes arrive meanwhile.
 *
 * Each chunk is sent by a call of its own, because `writev` has no advantage here: Deno takes as
 * long to return the address of a buffer as to copy 4 KiB. The write buffer joins smaller chunks by
 * copying, and from 8 KiB on, two calls cost no more than one with twice the bytes.
 *
 * @module
 */

import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";
import { connectionLost } from "../../stream/system_error.ts";
import {
  EAGAIN,
  EINTR,
  ENOBUFS,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  MSG_NOSIGNAL,
  SHUT_WR,
  SO_LINGER,
  SOL_SOCKET,
} from "./constants.ts";
import { Descriptor } from "./descriptor.ts";
import type { Released } from "./poller.ts";

// `struct linger`: on, for 0 seconds. A close then sends a reset (socket(7)).
const RESET_ON_CLOSE = new Int32Array([1, 0]);

/**
 * The most writes of one connection in a turn. A peer may read as fast as a protocol writes: the
 * socket then always has room, and without a limit no other event would have its turn.
 */
const MOST_WRITES = 16;
/** The most bytes that one call moves. */
const MOST_BYTES = 1048576;

/** A driver over a connected stream socket. */
export abstract class StreamSocket extends Descriptor implements StreamDriver, Released {
  #sink: StreamDriverSink | null = null;
  #isWanted = false;
  /** The bytes of the write that waits for room. The field keeps their memory. */
  #pending: Uint8Array | null = null;
  #expectsLarge = false;
  /** The turn of the last write, and the number of writes that it still allows. */
  #turn = 0;
  #writesLeft = MOST_WRITES;

  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
  }

  abstract getPeer(): Address;
  abstract getHost(): Address;

  startReading(): void {
    this.#isWanted = true;
    this.#orFail("read", this.watchIn);
  }

  stopReading(): void {
    this.#isWanted = false;
  }

  write(bytes: Uint8Array): void {
    if (this.isClosed) return;
    const count = this.#mayWrite() ? this.#send(bytes) : -1;
    if (count >= 0) {
      this.#sink?.wrote(count);
    } else if (!this.isClosed) {
      this.#pending = bytes;
      this.#orFail("write", this.watchOut);
    }
  }

  #mayWrite(): boolean {
    const { turns } = this.poller;
    if (this.#turn !== turns) {
      this.#turn = turns;
      this.#writesLeft = MOST_WRITES;
    }
    return this.#writesLeft-- > 0;
  }

  closeWrite(): void {
    if (this.isClosed) return;
    if (this.poller.system.calls.shutdown(this.fd, SHUT_WR) < 0) this.#fail("shutdown");
    else this.#sink?.writeClosed();
  }

  close(): void {
    this.#pending = null;
    this.#isWanted = false;
    this.closeDescriptor(this);
  }

  /** Closes the connection with a reset: the peer cannot mistake its data for complete. */
  abort(): void {
    if (this.isClosed) return;
    const { calls } = this.poller.system;
    // UNIX sockets have no resets, and ignore the option.
    calls.setsockopt(
      this.fd,
      SOL_SOCKET,
      SO_LINGER,
      RESET_ON_CLOSE,
      RESET_ON_CLOSE.byteLength,
    );
    this.close();
  }

  /** Called by the poller when the descriptor has been closed. */
  released(): void {
    this.#sink?.released();
  }

  override ready(events: number): void {
    const pending = this.#pending;
    if (pending === null) this.unwatchOut();
    else if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0) this.#writeAgain(pending);
    if (this.isClosed || (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) === 0) return;
    if (this.#isWanted) this.#receiveAll();
    // An error or the end of the connection is reported even if nothing is watched for. Without an
    // interest, the socket leaves the set, and the next read or write reports it.
    else this.unwatchIn();
  }

  /**
   * Receives. If the memory was filled, there may be more: it is received in the same turn, because
   * the data of this connection is still in the processor's cache.
   */
  #receiveAll(): void {
    for (let left = this.poller.share; left > 0 && this.#receive(); left--) {
      // Nothing more is received while the answers cannot be sent.
      if (!this.#isWanted || this.#pending !== null || this.isClosed) return;
    }
  }

  /** Receives once. @returns Whether the memory was filled, so that there may be more. */
  #receive(): boolean {
    const { memory } = this.poller;
    const lent = this.#sink?.readBuffer?.(memory.sizeFor(this.#expectsLarge)) ?? null;
    // The protocol may have closed the connection when it was asked for its memory.
    if (this.isClosed) return false;
    const space = lent ?? memory.space(this.#expectsLarge);
    const size = Math.min(space.length, MOST_BYTES);
    const count = this.receiveBytes(space, size);
    if (count > 0) {
      this.#expectsLarge = memory.expectsLarge(space, count);
      if (lent === null) this.#sink?.received(memory.take(space, count));
      else this.#sink?.receivedInto?.(lent, count);
    } else if (count === 0) {
      this.#isWanted = false;
      this.unwatchIn();
      this.#sink?.readEnded();
    } else if (count !== -EAGAIN && count !== -EINTR) {
      this.#fail("read", -count);
    }
    return count === size;
  }

  /**
   * Asks the system for bytes.
   *
   * @returns The number of bytes received; if the call has failed, its error, as a negative number.
   */
  protected receiveBytes(space: Uint8Array<ArrayBuffer>, size: number): number {
    const { system } = this.poller;
    const count = system.calls.recv(this.fd, space, size, 0);
    return count >= 0 ? count : -system.errno;
  }

  /**
   * Passes bytes to the system.
   *
   * @returns The number of bytes taken; if the call has failed, its error, as a negative number.
   */
  protected sendBytes(bytes: Uint8Array, size: number): number {
    const { system } = this.poller;
    const count = system.calls.send(this.fd, bytes, size, MSG_NOSIGNAL);
    return count >= 0 ? count : -system.errno;
  }

  /**
   * Sends bytes.
   *
   * @returns The number of bytes taken; -1 if there is no room, or the connection has failed, which
   *   is reported.
   */
  #send(bytes: Uint8Array): number {
    // The length is 0 if the owner of the bytes has detached their memory.
    if (bytes.length === 0) return 0;
    const count = this.sendBytes(bytes, Math.min(bytes.length, MOST_BYTES));
    if (count >= 0) return count;
    if (count === -EINTR) return 0;
    if (count !== -EAGAIN && count !== -ENOBUFS) this.#fail("write", -count);
    return -1;
  }

  #writeAgain(pending: Uint8Array): void {
    const count = this.#send(pending);
    if (count < 0) return;
    this.#pending = null;
    this.#sink?.wrote(count);
  }

  /** Calls a method of this socket, whose failure loses the connection. */
  #orFail(syscall: string, method: (this: this) => void): void {
    try {
      method.call(this);
    } catch (error) {
      this.#lost(syscall, error);
    }
  }

  #fail(syscall: string, errno?: number): void {
    this.#lost(syscall, this.poller.system.failure(syscall, errno));
  }

  /** Reports that the connection is lost. The sink closes this driver. */
  #lost(syscall: string, error: unknown): void {
    this.#isWanted = false;
    this.#pending = null;
    this.watch(0);
    this.#sink?.failed(connectionLost(syscall, this.getPeer(), error));
  }
}
