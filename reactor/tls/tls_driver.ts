/**
 * TLS as a driver over any other driver.
 *
 * Twisted's `TLSMemoryBIOProtocol` is a protocol between the transport and the application's
 * protocol. Here TLS is a driver between the connection and its driver, so that one state machine
 * serves plain and protected connections. A {@linkcode TLSEngine} does the cryptography.
 *
 * Closing, compared with Twisted:
 *
 * - `close` sends close_notify and closes, as RFC 8446, section 6.1, allows for a side that ignores
 *   further data. Twisted waits for the peer's close_notify without a limit.
 * - `closeWrite` sends close_notify and still reads: each direction closes by itself, as the same
 *   section says. The underlying driver stays open in both directions. Twisted has no half-close
 *   over TLS.
 * - If the peer closes without close_notify, an attacker on the network may have cut the stream (a
 *   truncation attack): the reason is a `ConnectionLost`, as in Twisted.
 *
 * Memory is limited in both directions. Ciphertext is read only while plaintext is wanted, and the
 * engine has one piece of plaintext at a time.
 *
 * @module
 */

import { TLSError } from "../errors.ts";
import type { HandshakeDriver, HandshakeListener } from "./handshake.ts";
import type { Address, IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import { readBufferSpoiled } from "../stream/protocol_buffer.ts";
import type { StreamDriver, StreamDriverSink } from "../stream/stream_driver.ts";
import { hostTimeout } from "../time/host_timer.ts";
import type { LoopTimer } from "../time/loop_timer.ts";
import type { TLSContext, TLSEngine, TLSEngineSink, TLSSession } from "./tls_engine.ts";

// The largest number of bytes for one write to the engine: three TLS records, which the engine
// encrypts at once. The engine would copy the rest of a larger write, and report no progress before
// all of it was sent.
const PIECE_SIZE = 49152;
// The time in seconds for sending the last bytes after the reactor has stopped.
const FORCE_CLOSE = 0.1;

/** The options of a {@linkcode TLSDriver}. */
export interface TLSDriverOptions {
  /** Seconds that a closing driver waits until its last bytes are sent. */
  linger: number;
  /**
   * The number of bytes that the connection still had to send when TLS started. They are sent
   * unencrypted.
   */
  plaintext?: number | undefined;
  /** Whether the underlying driver is reading. */
  reading?: boolean | undefined;
  /** Whether TCP_NODELAY is set on the underlying driver. */
  noDelay?: boolean | undefined;
  /**
   * Calls a function after a delay, even if the reactor has stopped by then.
   *
   * @default {A timer of the host.}
   */
  timeout?: LoopTimer["timeout"] | undefined;
}

/** Carries the bytes of a connection over TLS through an underlying driver. */
export class TLSDriver implements HandshakeDriver, StreamDriverSink, TLSEngineSink {
  readonly #underlying: StreamDriver;
  readonly #engine: TLSEngine;
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #timeout: LoopTimer["timeout"];
  readonly #handshakeTimeout: number;
  readonly #linger: number;
  #noDelay: boolean;
  /**
   * Whether TCP_NODELAY is set for the handshake, until application data has been sent or received.
   */
  #noDelayForced = false;
  readonly setKeepAliveIdle?: (seconds: number) => void;
  readonly keepsAlive: boolean;
  #sink: StreamDriverSink | null = null;
  #listener: HandshakeListener | null = null;
  #session: TLSSession | null = null;
  /** The timeout of the handshake, and later that of closing. */
  #deadline: IDelayedCall | null = null;

  /** The number of bytes that are still to be sent unencrypted. */
  #plaintext: number;
  /** Encrypted bytes that the underlying driver has not sent yet. */
  #ciphertext: Uint8Array | null = null;
  /** Whether the underlying driver is writing. */
  #sending = false;
  /**
   * The part of the connection's pending write that was passed to the engine; `null` without a
   * write.
   */
  #piece: Uint8Array | null = null;
  #pieceSize = 0;
  #writeClosing = false;
  #writeClosed = false;

  #connectionReads = false;
  #underlyingReads: boolean;
  /** Ciphertext that arrived while the driver was not reading. */
  #unread: Uint8Array | null = null;
  #unreadEnd = false;
  /** Decrypted data that arrived while the connection was not reading. */
  readonly #held: Uint8Array[] = [];
  #end: "closed" | TLSError | null = null;

  #failed = false;
  #closed = false;
  #underlyingClosed = false;
  #cancelForceClose: (() => void) | undefined;

  /**
   * @param underlying The driver that carries the ciphertext. It belongs to this driver from now
   *   on.
   * @param context Creates the engine.
   * @param clock The clock of the timeouts.
   * @param options The options.
   */
  constructor(
    underlying: StreamDriver,
    context: TLSContext,
    clock: Pick<IReactorTime, "callLater">,
    options: TLSDriverOptions,
  ) {
    const { linger, plaintext = 0, reading = false, noDelay = false } = options;
    this.#timeout = options.timeout ?? hostTimeout;
    this.#underlying = underlying;
    this.#engine = context.newEngine();
    this.#clock = clock;
    this.#handshakeTimeout = context.handshakeTimeout;
    this.#linger = linger;
    this.#noDelay = noDelay;
    this.#plaintext = plaintext;
    this.#underlyingReads = this.#connectionReads = reading;
    // Callers test whether a driver has this method, so it exists here only if the underlying
    // driver has it.
    if (underlying.setKeepAliveIdle !== undefined) {
      this.setKeepAliveIdle = (seconds) => underlying.setKeepAliveIdle?.(seconds);
    }
    this.keepsAlive = underlying.keepsAlive ?? false;
  }

  get session(): TLSSession | null {
    return this.#session;
  }

  attach(sink: StreamDriverSink): void {
    const former = this.#sink;
    if (former === null) this.#underlying.attach(this);
    this.#sink = sink;
    former?.released();
  }

  start(listener: HandshakeListener): void {
    this.#listener = listener;
    if (this.#handshakeTimeout !== Infinity) {
      const timeOutHandshake = () => this.#timedOut();
      this.#deadline = this.#clock.callLater(this.#handshakeTimeout, timeOutHandshake);
    }
    // TCP_NODELAY is set during the handshake, which consists of small writes. Without it, each of
    // them may wait 40 ms for an acknowledgement.
    this.#noDelayForced = true;
    this.#underlying.setNoDelay?.(true);
    this.#engine.start(this);
    this.#updateReading();
  }

  getPeer(): Address {
    return this.#underlying.getPeer();
  }

  getHost(): Address {
    return this.#underlying.getHost();
  }

  setNoDelay(enabled: boolean): void {
    this.#noDelay = enabled;
    if (!this.#noDelayForced) this.#underlying.setNoDelay?.(enabled);
  }

  setKeepAlive(enabled: boolean): void {
    this.#underlying.setKeepAlive?.(enabled);
  }

  unref(): void {
    this.#underlying.unref();
  }

  // Members for reading.

  startReading(): void {
    this.#connectionReads = true;
    this.#deliver();
    this.#feed();
    this.#updateReading();
  }

  stopReading(): void {
    this.#connectionReads = false;
    this.#updateReading();
  }

  received(chunk: Uint8Array): void {
    if (this.#isDone) return;
    this.#unread = chunk;
    this.#feed();
  }

  /**
   * Copies bytes that the underlying driver has read into the memory of the protocol: it began the
   * read before TLS was started.
   */
  receivedInto(buffer: Uint8Array<ArrayBuffer>, count: number): void {
    if (buffer.length >= count) this.received(buffer.slice(0, count));
    else this.failed(readBufferSpoiled(count, String(this.getPeer())));
  }

  readEnded(): void {
    this.#underlyingReads = false;
    this.#unreadEnd = true;
    this.#feed();
  }

  decrypted(chunk: Uint8Array): void {
    if (this.#isDone) return;
    if (this.#noDelayForced) this.#restoreNoDelay();
    if (this.#connectionReads && this.#held.length === 0) this.#sink?.received(chunk);
    else this.#held.push(chunk);
  }

  peerClosed(): void {
    this.#endReading("closed");
  }

  peerVanished(): void {
    if (this.#isDone || this.#end !== null) return;
    if (this.#session === null) {
      this.#failHandshake(new Error("the peer closed the connection"), "ECONNRESET");
    } else {
      // The error is delivered after the chunks that arrived before. The protocol receives these
      // chunks, although more data may be missing.
      this.#endReading(
        this.#error(new Error("the peer closed the connection without close_notify")),
      );
    }
  }

  // Members for writing.

  write(bytes: Uint8Array): void {
    if (this.#plaintext > 0) {
      this.#sending = true;
      this.#underlying.write(bytes.subarray(0, this.#plaintext));
      return;
    }
    this.#piece = bytes.subarray(0, PIECE_SIZE);
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
    if (this.#underlyingClosed) {
      if (this.#plaintext > 0) this.#sink?.wrote(count);
      return;
    }
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
    if (this.#noDelayForced) this.#restoreNoDelay();
    if (!this.#isDone && piece !== null) this.#sink?.wrote(this.#pieceSize);
  }

  closeSent(): void {
    this.#writeClosed = true;
    if (this.#closed) this.#closeUnderlying();
    else this.#sink?.writeClosed();
  }

  // Members for the handshake and for failures.

  secured(session: TLSSession): void {
    if (this.#isDone) return;
    this.#session = session;
    this.#stopWaiting();
    // The pending write is remembered before the listener is called. If the listener writes, those
    // bytes must follow the ones that the connection wrote before the handshake.
    const waiting = this.#piece;
    const isWriteClosing = this.#writeClosing;
    if (!this.#listener?.handshakeCompleted() || this.#isDone) return;
    if (waiting !== null) this.#writeWaiting(waiting);
    else if (isWriteClosing) this.#engine.end();
    this.#updateReading();
  }

  /**
   * Sends bytes that were written before the handshake. If their buffer was detached meanwhile,
   * reports the write as complete; the connection then notices the problem and aborts.
   */
  #writeWaiting(piece: Uint8Array): void {
    if (piece.length === this.#pieceSize) this.#engine.write(piece);
    else this.plaintextSent();
  }

  tlsFailed(cause: Error): void {
    if (this.#closed) this.#closeUnderlying();
    else if (this.#session === null) this.#failHandshake(cause);
    else this.#fail(this.#error(cause));
  }

  failed(reason: Error): void {
    this.#ciphertext = null;
    this.#underlyingReads = false;
    // The connection to the peer is broken, so a closing driver does not wait until close_notify is
    // sent.
    if (this.#closed) return this.#closeUnderlying();
    const { failure = null } = this.#engine;
    if (failure !== null) this.tlsFailed(failure);
    else if (this.#session === null) this.#failHandshake(reason);
    else this.#fail(reason);
  }

  // Members for closing.

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopWaiting();
    const hasToEnd = this.#session !== null && !this.#failed && !this.#writeClosed;
    const hasToSend = this.#failed && this.#ciphertext !== null;
    if (!hasToEnd && !hasToSend) return this.#closeUnderlying();
    // Only a few bytes, such as close_notify, remain to be sent. If the peer does not read them
    // within the linger timeout, the connection is aborted. The timeout is started first, because
    // the bytes may be sent at once, which stops it.
    if (this.#linger !== Infinity) {
      const endLinger = () => this.#abortUnderlying();
      this.#deadline = this.#clock.callLater(this.#linger, endLinger);
    }
    if (hasToEnd && !this.#writeClosing) this.#engine.end();
  }

  abort(): void {
    this.#closed = true;
    this.#stopWaiting();
    this.#abortUnderlying();
  }

  forceClose(): void {
    if (this.#underlyingClosed) return;
    // The reactor makes no timed calls any more.
    this.#cancelForceClose ??= this.#timeout(FORCE_CLOSE, () => this.#abortUnderlying());
  }

  released(): void {
    this.#cancelForceClose?.();
    this.#sink?.released();
  }

  /** Never called: the underlying driver stays open in both directions. */
  writeClosed(): void {}

  // Private methods.

  /**
   * Restores the connection's own setting of TCP_NODELAY. This happens some time after the
   * handshake, because its last bytes are sent after this side has completed it.
   */
  #restoreNoDelay(): void {
    this.#noDelayForced = false;
    if (!this.#closed && !this.#noDelay) this.#underlying.setNoDelay?.(false);
  }

  get #isDone(): boolean {
    return this.#closed || this.#failed;
  }

  /** Starts or stops reading ciphertext, as the handshake or the connection needs it. */
  #updateReading(): void {
    const wanted = !this.#isDone && !this.#unreadEnd && this.#end === null &&
      this.#unread === null && (this.#connectionReads || this.#session === null);
    if (wanted === this.#underlyingReads) return;
    this.#underlyingReads = wanted;
    if (wanted) this.#underlying.startReading();
    else if (!this.#closed && !this.#unreadEnd) this.#underlying.stopReading();
  }

  /** Passes received ciphertext to the engine. */
  #feed(): void {
    if (this.#isDone || (this.#session !== null && !this.#connectionReads)) return;
    const chunk = this.#unread;
    this.#unread = null;
    if (chunk !== null) this.#engine.receive(chunk);
    if (this.#unreadEnd && this.#unread === null && !this.#isDone) this.#engine.receiveEnd();
  }

  /** Delivers held plaintext while the connection reads. */
  #deliver(): void {
    while (this.#connectionReads && !this.#isDone) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      this.#sink?.received(chunk);
    }
    if (this.#end !== null) this.#endReading(this.#end);
  }

  #endReading(end: "closed" | TLSError): void {
    if (this.#isDone) return;
    this.#end = end;
    if (!this.#connectionReads || this.#held.length > 0) return this.#updateReading();
    this.#connectionReads = false;
    this.#updateReading();
    if (end === "closed") this.#sink?.readEnded();
    else this.#fail(end);
  }

  #send(): void {
    if (this.#ciphertext === null || this.#plaintext > 0 || this.#sending) return;
    if (this.#underlyingClosed) return;
    this.#sending = true;
    this.#underlying.write(this.#ciphertext);
  }

  #sent(ciphertext: Uint8Array, count: number): void {
    const left = ciphertext.length - count;
    this.#ciphertext = left > 0 ? ciphertext.subarray(count) : null;
    if (left > 0) return;
    this.#engine.sent();
    // The driver was closed after a failure and had only its alert left to send, which is complete
    // now.
    if (this.#closed && this.#failed && this.#ciphertext === null) this.#closeUnderlying();
  }

  #timedOut(): void {
    this.#deadline = null;
    this.#ciphertext = null;
    this.#failHandshake(
      new Error(`the handshake took longer than ${this.#handshakeTimeout} s`),
      "ETIMEDOUT",
    );
  }

  #failHandshake(cause: Error, code?: string): void {
    if (this.#isDone) return;
    this.#failed = true;
    this.#stopWaiting();
    this.#updateReading();
    this.#listener?.handshakeFailed(this.#error(cause, code));
  }

  #fail(reason: Error): void {
    if (this.#isDone) return;
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

  #closeUnderlying(): void {
    if (!this.#release()) return;
    this.#underlying.close();
  }

  #abortUnderlying(): void {
    if (!this.#release()) return;
    this.#underlying.abort();
  }

  /**
   * Releases the engine and the timers.
   *
   * @returns Whether this was the first call.
   */
  #release(): boolean {
    if (this.#underlyingClosed) return false;
    this.#underlyingClosed = true;
    this.#stopWaiting();
    this.#engine.destroy();
    return true;
  }
}
