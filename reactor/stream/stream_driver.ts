/**
 * The interface between the state machine of a connection and the driver that moves its bytes.
 *
 * @module
 */

import type { Address } from "../interfaces/mod.ts";
import type { TLSSession } from "../tls/tls_engine.ts";

/**
 * Receives the events of a driver. Implemented by a connection. Each method may be called inside a
 * call to the driver.
 */
export interface StreamDriverSink {
  /**
   * Called with received bytes. At most one more chunk may follow `stopReading`, and none if
   * `stopReading` was called within this method or {@linkcode receivedInto}.
   *
   * @param chunk The bytes. Their memory must never be written again.
   */
  received(chunk: Uint8Array): void;
  /**
   * Returns the memory of the protocol for the next read. A driver that reads into given memory
   * calls this method before each read, and {@linkcode receivedInto} afterwards. A driver that gets
   * its bytes in memory of their own calls only {@linkcode received}.
   *
   * The memory belongs to the driver until it calls `receivedInto`, or `readBuffer` again, or until
   * its `close` or `abort` has returned: from then on, nothing may be written to it. A driver
   * whose reads cannot be cancelled, such as that of standard input, therefore never calls this
   * method. Not even `attach` of another sink returns the memory.
   *
   * Absent on a sink that only receives chunks.
   *
   * @param sizeHint The size in bytes that the driver would choose.
   * @returns The memory, at least one byte; `null` if the driver is to use its own and to call
   *   {@linkcode received}.
   */
  readBuffer?(sizeHint: number): Uint8Array<ArrayBuffer> | null;
  /**
   * Called with bytes that were read into the memory that {@linkcode readBuffer} returned, on this
   * sink or on the one before. As with `received`, at most one more call may follow `stopReading`.
   *
   * Absent on a sink that only receives chunks, and does not replace another sink.
   *
   * @param buffer That memory. Its length is less than `count` if the protocol has detached it.
   * @param count The number of bytes, from the start of the memory.
   */
  receivedInto?(buffer: Uint8Array<ArrayBuffer>, count: number): void;
  /** Called when the peer has closed its writing side. */
  readEnded(): void;
  /**
   * Called when the system has taken bytes of the last write. After `close` or `abort`, it may
   * still be called once for the write that was in flight. The bytes are then only counted.
   *
   * @param count The number of bytes taken, from the start of the write.
   */
  wrote(count: number): void;
  /** Called when the writing side has been closed by `closeWrite`. */
  writeClosed(): void;
  /**
   * Called when the connection is broken. The receiver closes the driver.
   *
   * @param reason The reason for the protocol's `connectionLost`: a `ConnectionLost`, for example.
   */
  failed(reason: Error): void;
  /** Called after `close` or `abort`, when all resources of the driver are released. */
  released(): void;
}

/** Moves the bytes of one stream connection: of a socket, a pipe, or memory. */
export interface StreamDriver {
  /**
   * Sets the receiver of the events. Called first, and again when TLS starts on the connection.
   *
   * @param sink The receiver. It replaces the previous one.
   */
  attach(sink: StreamDriverSink): void;
  /**
   * Delivers arriving data until `stopReading` is called. May deliver a chunk before it returns.
   */
  startReading(): void;
  /** Stops delivering data. A pending read may still deliver one chunk. */
  stopReading(): void;
  /**
   * Sends bytes. One write at a time: the next comes after `wrote`. Nothing changes the bytes
   * meanwhile, but an incorrect protocol may detach their buffer, so that they have the length 0. A
   * driver must then still call `wrote` or `failed`, without throwing.
   *
   * @param bytes The bytes to send.
   */
  write(bytes: Uint8Array): void;
  /** Closes the writing side. Called while no write is in flight. */
  closeWrite(): void;
  /**
   * Closes gracefully: bytes that the driver has taken still reach the peer. Only `released`
   * follows, possibly after one `wrote` for the write in flight.
   */
  close(): void;
  /**
   * Closes at once, with a reset where the driver supports it. Only `released` follows, possibly
   * after one `wrote` for the write in flight.
   */
  abort(): void;
  /** Lets the process end while the connection is open. */
  unref(): void;
  /** Returns the address of the peer. */
  getPeer(): Address;
  /** Returns the address of this side. */
  getHost(): Address;
  /**
   * Switches TCP_NODELAY on or off. Absent on streams without Nagle's algorithm.
   *
   * @param enabled Whether small writes are sent at once.
   */
  setNoDelay?(enabled: boolean): void;
  /**
   * Switches keep-alive probes on or off. Absent on streams without them.
   *
   * @param enabled Whether probes are sent.
   */
  setKeepAlive?(enabled: boolean): void;
  /**
   * Switches keep-alive probes on, with a time of silence before the first. Absent where the time
   * cannot be set.
   *
   * @param seconds Seconds without traffic before the first probe.
   */
  setKeepAliveIdle?(seconds: number): void;
  /**
   * Whether keep-alive probes are on from the start.
   *
   * @default {false}
   */
  readonly keepsAlive?: boolean;
  /**
   * Limits how long `close` may still wait, because the reactor has stopped. Absent where `close`
   * does not wait.
   */
  forceClose?(): void;
  /** The TLS session. Absent without TLS; `null` before the handshake has completed. */
  readonly session?: TLSSession | null;
}
