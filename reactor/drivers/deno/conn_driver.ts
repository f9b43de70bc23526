/**
 * The driver of a `Deno.Conn`.
 *
 * It uses only `read` and `write`: `conn.readable` closes the whole connection when the peer closes
 * its side, and takes twice the time.
 *
 * @module
 */

import { codeOf } from "../../../internal/foreign_value.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";
import { addressOf } from "./address_of.ts";
import { ReadBuffer } from "./read_buffer.ts";
import { connectionLost } from "../../stream/system_error.ts";

// The time in milliseconds that the first write of a connection may take after close(). See close()
// for the reason.
const FIRST_WRITE_MS = 100;

/** The members of `Deno.Conn` that the driver uses. */
export type StreamConn = Pick<
  Deno.Conn,
  "read" | "write" | "closeWrite" | "close" | "localAddr" | "remoteAddr"
>;

/** A driver over a connection that Deno opened or accepted. */
export class ConnDriver implements StreamDriver {
  readonly #conn: StreamConn;
  readonly #cancelsReads: boolean;
  /** The address of the peer, which a port needs more than once. */
  #peer: Address | null = null;
  #sink: StreamDriverSink | null = null;
  readonly #buffer = new ReadBuffer();
  /** The memory of the protocol that the pending read fills; `null` if it fills the buffer. */
  #borrowed: Uint8Array<ArrayBuffer> | null = null;
  #wanted = false;
  #reading = false;
  #writing = false;
  #hasWritten = false;
  /**
   * Whether `close` or `abort` was called. `#connClosed` says whether the Deno connection was
   * closed.
   */
  #closed = false;
  #connClosed = false;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  // The callbacks are created once per connection, those of writes at the first write, because a
  // closure per read would cost time. A bound method takes less memory than a closure.
  readonly #read = this.#onRead.bind(this);
  readonly #readFailed = this.#onReadFailed.bind(this);
  #wrote: ((count: number) => void) | null = null;
  #writeFailed: ((error: unknown) => void) | null = null;

  /**
   * Creates the driver of a connection.
   *
   * @param conn The connection, which the driver closes.
   * @param cancelsReads Whether nothing is read any more once `close` of the connection has
   *   returned. Only then does the driver read into the memory of a protocol.
   */
  constructor(conn: StreamConn, cancelsReads = true) {
    this.#conn = conn;
    this.#cancelsReads = cancelsReads;
  }

  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
  }

  getPeer(): Address {
    return this.#peer ??= addressOf(this.#conn.remoteAddr);
  }

  getHost(): Address {
    return addressOf(this.#conn.localAddr);
  }

  startReading(): void {
    this.#wanted = true;
    this.#readOn();
  }

  stopReading(): void {
    this.#wanted = false;
  }

  write(bytes: Uint8Array): void {
    this.#wrote ??= this.#onWrote.bind(this);
    this.#writeFailed ??= this.#onWriteFailed.bind(this, "write");
    this.#writing = true;
    this.#conn.write(bytes).then(this.#wrote, this.#writeFailed);
  }

  closeWrite(): void {
    this.#writing = true;
    this.#conn.closeWrite().then(() => {
      this.#writing = false;
      if (this.#closed) return this.#closeConn();
      this.#sink?.writeClosed();
      this.#readOn();
    }, (error: unknown) => this.#onWriteFailed("shutdown", error));
  }

  /**
   * Closes the connection. A pending first write may complete first, within 0.1 seconds: Deno must
   * poll a newly accepted socket before it writes to it, and closing the socket would lose that
   * write. A read into the memory of the protocol is cancelled at once, because the memory must not
   * be written to when this method has returned.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wanted = false;
    const mayWait = this.#writing && !this.#hasWritten && this.#borrowed === null;
    if (!mayWait) this.#closeConn();
    else this.#closeTimer = setTimeout(() => this.#closeConn(), FIRST_WRITE_MS);
  }

  /** Closes the connection at once. Deno cannot reset a socket. */
  abort(): void {
    if (this.#connClosed) return;
    this.#closed = true;
    this.#wanted = false;
    this.#closeConn();
  }

  unref(): void {
    if (!this.#connClosed && "unref" in this.#conn && typeof this.#conn.unref === "function") {
      this.#conn.unref();
    }
  }

  /**
   * Starts a read, if none is pending. The first write comes before: the socket has room for it, so
   * that it completes in the next I/O poll. A server that greets and closes then never reads, and
   * a read that is cancelled costs as much as the rest of such a connection.
   */
  #readOn(): void {
    if (!this.#wanted || this.#reading || this.#closed) return;
    if (this.#writing && !this.#hasWritten && this.#cancelsReads) return;
    this.#reading = true;
    if (this.#cancelsReads) {
      this.#borrowed = this.#sink?.readBuffer?.(this.#buffer.sizeHint) ?? null;
    }
    this.#conn.read(this.#borrowed ?? this.#buffer.space).then(this.#read, this.#readFailed);
  }

  #onRead(count: number | null): void {
    const borrowed = this.#borrowed;
    this.#borrowed = null;
    this.#reading = false;
    if (this.#closed) return this.#releaseIfIdle();
    if (count === null) {
      // Another read would return the same, after each write.
      this.#wanted = false;
      return this.#sink?.readEnded();
    }
    if (borrowed === null) {
      this.#sink?.received(this.#buffer.take(count));
    } else {
      this.#buffer.filled(count, borrowed.length);
      this.#sink?.receivedInto?.(borrowed, count);
    }
    this.#readOn();
  }

  #onReadFailed(error: unknown): void {
    this.#borrowed = null;
    this.#reading = false;
    if (this.#closed) this.#releaseIfIdle();
    else this.#sink?.failed(connectionLost("read", this.getPeer(), error));
  }

  #onWrote(count: number): void {
    this.#writing = false;
    this.#hasWritten = true;
    this.#sink?.wrote(count);
    if (this.#closed) this.#closeConn();
    else this.#readOn();
  }

  #onWriteFailed(syscall: "write" | "shutdown", error: unknown): void {
    this.#writing = false;
    if (this.#closed) this.#closeConn();
    else this.#sink?.failed(connectionLost(syscall, this.getPeer(), error));
  }

  #closeConn(): void {
    clearTimeout(this.#closeTimer);
    if (!this.#connClosed) {
      this.#connClosed = true;
      this.#conn.close();
    }
    this.#releaseIfIdle();
  }

  #releaseIfIdle(): void {
    if (this.#reading || this.#writing || !this.#connClosed) return;
    this.#buffer.release();
    this.#sink?.released();
  }
}

/** A driver over a TCP connection. */
export class TCPConnDriver extends ConnDriver {
  readonly #tcp: Deno.TcpConn;

  /**
   * Creates the driver of a TCP connection.
   *
   * @param conn The connection, which the driver closes.
   */
  constructor(conn: Deno.TcpConn) {
    super(conn);
    this.#tcp = conn;
  }

  setNoDelay(enabled: boolean): void {
    unlessReset(() => this.#tcp.setNoDelay(enabled));
  }

  setKeepAlive(enabled: boolean): void {
    unlessReset(() => this.#tcp.setKeepAlive(enabled));
  }
}

/**
 * Sets a socket option. macOS refuses it with EINVAL once the peer has reset the connection. That
 * error is ignored, because the next read reports the reset.
 */
function unlessReset(set: () => void): void {
  try {
    set();
  } catch (error) {
    if (codeOf(error) !== "EINVAL") throw error;
  }
}
