/**
 * Moves the bytes of a `Deno.Conn`.
 *
 * It uses `read` and `write` only: `conn.readable` closes the whole connection at the end of the
 * stream, and takes twice the time.
 *
 * @module
 */

import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";
import { addressOf } from "./address_of.ts";
import { ReadBuffer } from "./read_buffer.ts";
import { codeOf, connectionLost } from "./system_error.ts";

// What the system does not take at once of a first write gets this long after the connection has
// been closed.
const FIRST_WRITE_MS = 100;

/** What becomes of a write, made once per connection and only for one that writes. */
interface WriteHandlers {
  wrote: (count: number) => void;
  failed: (error: unknown) => void;
}

/** What the driver asks of a `Deno.Conn`. */
export type StreamConn = Pick<
  Deno.Conn,
  "read" | "write" | "closeWrite" | "close" | "localAddr" | "remoteAddr"
>;

/** A driver over a connection that Deno opened or accepted. */
export class ConnDriver implements StreamDriver {
  readonly #conn: StreamConn;
  #sink: StreamDriverSink | null = null;
  readonly #buffer = new ReadBuffer();
  #wanted = false;
  #reading = false;
  #writing = false;
  #hasWritten = false;
  /** Whether `close` or `abort` has come, and whether the connection itself has been closed. */
  #closed = false;
  #connClosed = false;
  #lastMoment: ReturnType<typeof setTimeout> | undefined;

  // One of each per connection, for all its reads; the ones for writes are made at the first write.
  readonly #read = (count: number | null): void => this.#onRead(count);
  readonly #readFailed = (error: unknown): void => this.#onReadFailed(error);
  #writeHandlers: WriteHandlers | null = null;

  /** @param conn The connection. It belongs to the driver now. */
  constructor(conn: StreamConn) {
    this.#conn = conn;
  }

  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
  }

  getPeer(): Address {
    return addressOf(this.#conn.remoteAddr);
  }

  getHost(): Address {
    return addressOf(this.#conn.localAddr);
  }

  startReading(): void {
    this.#wanted = true;
    if (!this.#reading) this.#readOn();
  }

  stopReading(): void {
    this.#wanted = false;
  }

  write(bytes: Uint8Array): void {
    const handlers = this.#writeHandlers ??= {
      wrote: (count) => this.#onWrote(count),
      failed: (error) => this.#onWriteFailed("write", error),
    };
    this.#writing = true;
    this.#conn.write(bytes).then(handlers.wrote, handlers.failed);
  }

  closeWrite(): void {
    this.#writing = true;
    this.#conn.closeWrite().then(() => {
      this.#writing = false;
      if (this.#closed) this.#closeConn();
      else this.#sink?.writeClosed();
    }, (error: unknown) => this.#onWriteFailed("shutdown", error));
  }

  /**
   * See {@linkcode StreamDriver.close}. Deno has to look at a socket that it has just accepted
   * before it knows that it takes bytes, and closing it would end the write: so a first write that
   * is under way goes first.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wanted = false;
    if (!this.#writing || this.#hasWritten) this.#closeConn();
    else this.#lastMoment = setTimeout(() => this.#closeConn(), FIRST_WRITE_MS);
  }

  /** Closes the connection at once: Deno's own sockets cannot be told to reset. */
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

  #readOn(): void {
    this.#reading = true;
    this.#conn.read(this.#buffer.space).then(this.#read, this.#readFailed);
  }

  #onRead(count: number | null): void {
    this.#reading = false;
    if (this.#closed) {
      this.#releaseIfIdle();
    } else if (count === null) {
      this.#sink?.readEnded();
    } else {
      this.#sink?.received(this.#buffer.take(count));
      if (this.#wanted && !this.#reading) this.#readOn();
    }
  }

  #onReadFailed(error: unknown): void {
    this.#reading = false;
    if (this.#closed) this.#releaseIfIdle();
    else this.#sink?.failed(connectionLost("read", this.getPeer(), error));
  }

  #onWrote(count: number): void {
    this.#writing = false;
    this.#hasWritten = true;
    if (this.#closed) this.#closeConn();
    else this.#sink?.wrote(count);
  }

  #onWriteFailed(syscall: "write" | "shutdown", error: unknown): void {
    this.#writing = false;
    if (this.#closed) this.#closeConn();
    else this.#sink?.failed(connectionLost(syscall, this.getPeer(), error));
  }

  #closeConn(): void {
    clearTimeout(this.#lastMoment);
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

  /** @param conn The connection. It belongs to the driver now. */
  constructor(conn: Deno.TcpConn) {
    super(conn);
    this.#tcp = conn;
  }

  setNoDelay(enabled: boolean): void {
    unlessBroken(() => this.#tcp.setNoDelay(enabled));
  }

  setKeepAlive(enabled: boolean): void {
    unlessBroken(() => this.#tcp.setKeepAlive(enabled));
  }
}

/**
 * Sets an option. Of a connection that its peer has reset macOS takes none (EINVAL): that it is
 * broken, reading tells.
 */
function unlessBroken(set: () => void): void {
  try {
    set();
  } catch (error) {
    if (codeOf(error) !== "EINVAL") throw error;
  }
}
