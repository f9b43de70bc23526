/**
 * TLS as a layer: a driver that carries its bytes through another driver, whatever that one is.
 *
 * The idea is that of Twisted's `TLSMemoryBIOProtocol`, one floor lower: there TLS is a protocol under the protocol, here it is a driver
 * upon the driver, so that one connection state machine is above both. What does the cryptography is a {@linkcode TLSEngine}.
 *
 * How it ends, compared with Twisted:
 *
 * - `close` sends close_notify and closes, as RFC 8446, section 6.1, has it for a side that has no use for what may still come. Twisted waits for
 *   the peer's close_notify, for as long as that takes.
 * - `closeWrite` sends close_notify and reads on: each direction ends by itself, as the same section says. Twisted has no half-close over
 *   TLS. What is beneath stays open both ways.
 * - A peer that goes without close_notify may have been cut off by somebody between (a truncation attack): `ConnectionLost`, as in Twisted.
 *
 * Memory is bounded both ways: ciphertext is read only while plaintext is wanted, and one piece of plaintext is with the engine at a time.
 *
 * @module
 */

import { TLSError } from "../errors.ts";
import type { HandshakeDriver, HandshakeListener } from "./handshake.ts";
import type { Address, IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../stream/stream_driver.ts";
import type { TLSContext, TLSEngine, TLSEngineSink, TLSSession } from "./tls_engine.ts";

// Three records' worth, as much as the engine encrypts in one go. More would be copied, and show no progress, all at once.
const PIECE = 49152;
// How long the peer may take for the last bytes once the reactor has stopped, and its clock with it. Milliseconds.
const LAST_MOMENT = 100;

/** How a layer is put on a driver. */
export interface TLSDriverOptions {
  /** Seconds that a closing layer waits for its last bytes to be taken. */
  linger: number;
  /** Bytes that its connection had to send when TLS began: they go out as they are. */
  plaintext?: number | undefined;
  /** Whether the driver beneath has been asked to read. */
  reading?: boolean | undefined;
  /** Whether the driver beneath sends small pieces at once. */
  noDelay?: boolean | undefined;
}

/** TLS over another driver. */
export class TLSDriver implements HandshakeDriver, StreamDriverSink, TLSEngineSink {
  readonly #beneath: StreamDriver;
  readonly #engine: TLSEngine;
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #handshakeTimeout: number;
  readonly #linger: number;
  #noDelay: boolean;
  /** Whether small pieces are sent at once, as the handshake wants it: until something else has come or gone. */
  #hurried = false;
  readonly setKeepAliveIdle?: (seconds: number) => void;
  readonly keepsAlive: boolean;
  #sink: StreamDriverSink | null = null;
  #listener: HandshakeListener | null = null;
  #session: TLSSession | null = null;
  /** The end of the handshake's time, then that of the closing. */
  #deadline: IDelayedCall | null = null;

  /** Bytes that are still to go out as they are. */
  #plaintext: number;
  /** Ciphertext that has not been taken yet. */
  #ciphertext: Uint8Array | null = null;
  /** Whether the driver beneath is writing. */
  #sending = false;
  /** What the connection wants to be sent; null when it waits for nothing. */
  #piece: Uint8Array | null = null;
  #pieceSize = 0;
  #writeClosing = false;
  #writeClosed = false;

  #wanted = false;
  #reading: boolean;
  /** Ciphertext that came although none was wanted. */
  #unread: Uint8Array | null = null;
  #unreadEnd = false;
  /** Plaintext that came although none was wanted, and how it ends. */
  readonly #held: Uint8Array[] = [];
  #end: "closed" | TLSError | null = null;

  #failed = false;
  #closed = false;
  #closedBeneath = false;
  #lastMoment: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param beneath What carries the ciphertext. It belongs to the layer now.
   * @param context What makes the engine.
   * @param clock What the deadlines are on.
   * @param options How it is put there.
   */
  constructor(
    beneath: StreamDriver,
    context: TLSContext,
    clock: Pick<IReactorTime, "callLater">,
    options: TLSDriverOptions,
  ) {
    const { linger, plaintext = 0, reading = false, noDelay = false } = options;
    this.#beneath = beneath;
    this.#engine = context.newEngine();
    this.#clock = clock;
    this.#handshakeTimeout = context.handshakeTimeout;
    this.#linger = linger;
    this.#noDelay = noDelay;
    this.#plaintext = plaintext;
    this.#reading = this.#wanted = reading;
    // Absent where it is absent beneath: that is what tells.
    if (beneath.setKeepAliveIdle !== undefined) {
      this.setKeepAliveIdle = (seconds) => beneath.setKeepAliveIdle?.(seconds);
    }
    this.keepsAlive = beneath.keepsAlive ?? false;
  }

  get session(): TLSSession | null {
    return this.#session;
  }

  attach(sink: StreamDriverSink): void {
    const former = this.#sink;
    if (former === null) this.#beneath.attach(this);
    this.#sink = sink;
    former?.released();
  }

  start(listener: HandshakeListener): void {
    this.#listener = listener;
    if (this.#handshakeTimeout !== Infinity) {
      this.#deadline = this.#clock.callLater(this.#handshakeTimeout, () => this.#timedOut());
    }
    // A handshake is small pieces, and each may wait 40 ms for the peer to acknowledge the one before.
    this.#hurried = true;
    this.#beneath.setNoDelay?.(true);
    this.#engine.start(this);
    this.#readBeneath();
  }

  getPeer(): Address {
    return this.#beneath.getPeer();
  }

  getHost(): Address {
    return this.#beneath.getHost();
  }

  setNoDelay(enabled: boolean): void {
    this.#noDelay = enabled;
    if (!this.#hurried) this.#beneath.setNoDelay?.(enabled);
  }

  setKeepAlive(enabled: boolean): void {
    this.#beneath.setKeepAlive?.(enabled);
  }

  unref(): void {
    this.#beneath.unref();
  }

  // Reading.

  startReading(): void {
    this.#wanted = true;
    this.#deliver();
    this.#feed();
    this.#readBeneath();
  }

  stopReading(): void {
    this.#wanted = false;
    this.#readBeneath();
  }

  received(chunk: Uint8Array): void {
    if (this.#isOver) return;
    this.#unread = chunk;
    this.#feed();
  }

  readEnded(): void {
    this.#reading = false;
    this.#unreadEnd = true;
    this.#feed();
  }

  decrypted(chunk: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#hurried) this.#calmDown();
    if (this.#wanted && this.#held.length === 0) this.#sink?.received(chunk);
    else this.#held.push(chunk);
  }

  peerClosed(): void {
    this.#endReading("closed");
  }

  peerVanished(): void {
    if (this.#isOver || this.#end !== null) return;
    if (this.#session === null) {
      this.#failHandshake(new Error("the peer closed the connection"), "ECONNRESET");
    } else {
      // Behind what came in order: that is the protocol's, whatever may be missing.
      this.#endReading(this.#error(new Error("the peer ended without close_notify")));
    }
  }

  // Writing.

  write(bytes: Uint8Array): void {
    if (this.#plaintext > 0) {
      this.#sending = true;
      this.#beneath.write(bytes.subarray(0, this.#plaintext));
      return;
    }
    this.#piece = bytes.subarray(0, PIECE);
    this.#pieceSize = this.#piece.length;
    if (this.#session !== null) this.#engine.write(this.#piece);
  }

  closeWrite(): void {
    this.#writeClosing = true;
    if (this.#session !== null) this.#engine.end();
  }

  encrypted(bytes: Uint8Array): void {
    this.#ciphertext = bytes;
    this.#send();
  }

  wrote(count: number): void {
    this.#sending = false;
    if (this.#closedBeneath) return;
    if (this.#plaintext > 0) {
      this.#plaintext -= count;
      this.#sink?.wrote(count);
    } else if (this.#ciphertext !== null) {
      this.#sent(this.#ciphertext, count);
    }
    this.#send();
  }

  plaintextSent(): void {
    const piece = this.#piece;
    this.#piece = null;
    if (this.#hurried) this.#calmDown();
    if (!this.#isOver && piece !== null) this.#sink?.wrote(this.#pieceSize);
  }

  closeSent(): void {
    this.#writeClosed = true;
    if (this.#closed) this.#closeBeneath();
    else this.#sink?.writeClosed();
  }

  // The handshake, and what goes wrong.

  secured(session: TLSSession): void {
    if (this.#isOver) return;
    this.#session = session;
    this.#stopWaiting();
    // What the listener writes now is behind these: the connection has them under way.
    const waiting = this.#piece;
    const isWriteClosing = this.#writeClosing;
    if (!this.#listener?.handshakeCompleted() || this.#isOver) return;
    if (waiting !== null) this.#writeWaiting(waiting);
    else if (isWriteClosing) this.#engine.end();
    this.#readBeneath();
  }

  /** What the handshake held back. The connection looks at bytes that are gone, and ends: they only have to come back to it. */
  #writeWaiting(piece: Uint8Array): void {
    if (piece.length === this.#pieceSize) this.#engine.write(piece);
    else this.plaintextSent();
  }

  tlsFailed(cause: Error): void {
    if (this.#closed) this.#closeBeneath();
    else if (this.#session === null) this.#failHandshake(cause);
    else this.#fail(this.#error(cause));
  }

  failed(reason: Error): void {
    this.#ciphertext = null;
    this.#reading = false;
    // A peer that is gone need not be told.
    if (this.#closed) return this.#closeBeneath();
    if (this.#session === null) this.#failHandshake(reason);
    else this.#fail(reason);
  }

  // Closing.

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopWaiting();
    if (this.#session !== null && !this.#failed && !this.#writeClosed) {
      if (!this.#writeClosing) this.#engine.end();
    } else if (!this.#failed || this.#ciphertext === null) {
      return this.#closeBeneath();
    }
    // What is left is a few bytes, and a peer that does not read does not get them.
    if (this.#linger !== Infinity) {
      this.#deadline = this.#clock.callLater(this.#linger, () => this.#breakBeneath());
    }
  }

  abort(): void {
    this.#closed = true;
    this.#stopWaiting();
    this.#breakBeneath();
  }

  forceClose(): void {
    if (this.#closedBeneath) return;
    // Of the host's own clock: the reactor's has stopped with it.
    this.#lastMoment ??= setTimeout(() => this.#breakBeneath(), LAST_MOMENT);
  }

  released(): void {
    clearTimeout(this.#lastMoment);
    this.#sink?.released();
  }

  /** Never comes: what is beneath stays open both ways. */
  writeClosed(): void {}

  // Inside.

  /** The handshake's last pieces are sent after it is done for this side; those that follow go as the connection has it. */
  #calmDown(): void {
    this.#hurried = false;
    if (!this.#closed && !this.#noDelay) this.#beneath.setNoDelay?.(false);
  }

  get #isOver(): boolean {
    return this.#closed || this.#failed;
  }

  /** Reads ciphertext while the handshake or the connection has a use for it. */
  #readBeneath(): void {
    const wanted = !this.#isOver && !this.#unreadEnd && this.#end === null &&
      this.#unread === null && (this.#wanted || this.#session === null);
    if (wanted === this.#reading) return;
    this.#reading = wanted;
    if (wanted) this.#beneath.startReading();
    else if (!this.#closed && !this.#unreadEnd) this.#beneath.stopReading();
  }

  /** Hands the engine what came. */
  #feed(): void {
    if (this.#isOver || (this.#session !== null && !this.#wanted)) return;
    const chunk = this.#unread;
    this.#unread = null;
    if (chunk !== null) this.#engine.receive(chunk);
    if (this.#unreadEnd && this.#unread === null && !this.#isOver) this.#engine.receiveEnd();
  }

  /** Delivers what was held back, for as long as it is wanted. */
  #deliver(): void {
    while (this.#wanted && !this.#isOver) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      this.#sink?.received(chunk);
    }
    if (this.#end !== null) this.#endReading(this.#end);
  }

  #endReading(end: "closed" | TLSError): void {
    if (this.#isOver) return;
    this.#end = end;
    if (!this.#wanted || this.#held.length > 0) return this.#readBeneath();
    this.#wanted = false;
    this.#readBeneath();
    if (end === "closed") this.#sink?.readEnded();
    else this.#fail(end);
  }

  #send(): void {
    if (this.#ciphertext === null || this.#plaintext > 0 || this.#sending) return;
    if (this.#closedBeneath) return;
    this.#sending = true;
    this.#beneath.write(this.#ciphertext);
  }

  #sent(ciphertext: Uint8Array, count: number): void {
    const left = ciphertext.length - count;
    this.#ciphertext = left > 0 ? ciphertext.subarray(count) : null;
    if (left > 0) return;
    this.#engine.sent();
    // That was the alert which tells the peer what is wrong.
    if (this.#closed && this.#failed && this.#ciphertext === null) this.#closeBeneath();
  }

  #timedOut(): void {
    this.#deadline = null;
    this.#ciphertext = null;
    this.#failHandshake(
      new Error(`it took longer than ${this.#handshakeTimeout} s`),
      "ETIMEDOUT",
    );
  }

  #failHandshake(cause: Error, code?: string): void {
    if (this.#isOver) return;
    this.#failed = true;
    this.#stopWaiting();
    this.#readBeneath();
    this.#listener?.handshakeFailed(this.#error(cause, code));
  }

  #fail(reason: Error): void {
    if (this.#isOver) return;
    this.#failed = true;
    this.#sink?.failed(reason);
  }

  #error(cause: Error, code?: string): TLSError {
    const phase = this.#session === null ? "handshake" : "transfer";
    return new TLSError(phase, String(this.getPeer()), cause, code);
  }

  #stopWaiting(): void {
    if (this.#deadline?.active()) this.#deadline.cancel();
    this.#deadline = null;
  }

  #closeBeneath(): void {
    if (!this.#letGo()) return;
    this.#beneath.close();
  }

  #breakBeneath(): void {
    if (!this.#letGo()) return;
    this.#beneath.abort();
  }

  /** @returns whether it had not been let go of yet. */
  #letGo(): boolean {
    if (this.#closedBeneath) return false;
    this.#closedBeneath = true;
    this.#stopWaiting();
    this.#engine.destroy();
    return true;
  }
}
