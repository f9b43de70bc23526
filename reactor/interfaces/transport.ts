/**
 * The transport: a connection from the view of its protocol.
 *
 * @module
 */

import type { Address } from "./address.ts";
import type { IConsumer } from "./producer.ts";
import type { IReactorTime } from "./time.ts";
import type { ITLSTransport } from "./tls.ts";

/** Options of {@linkcode ITransport.write}. Twisted has no equivalent. */
export interface WriteOptions {
  /**
   * Whether to transfer the buffer to the transport. The caller must not use it afterwards, and its
   * memory can be freed as soon as the data has been sent.
   *
   * A `Uint8Array` that spans its whole `ArrayBuffer` is detached then, as by
   * `structuredClone(data, { transfer })`. This serves programs that forward large amounts of data:
   * without it, up to about 70 MiB of sent buffers may await garbage collection. A buffer that was
   * written to several connections is detached when the last of them has sent it, so any write of a
   * broadcast may transfer it.
   *
   * @default {false}
   */
  transfer?: boolean | undefined;
  /**
   * Called once, when the transport no longer needs the memory of the data, so that the caller may
   * use it again: when the data has been sent, or within `write` if it was copied. With `transfer`,
   * small data is not copied either, so that `{ transfer: true, flushed }` reports when data of any
   * size has been sent.
   *
   * It is not called if the connection is lost before: the system may still read the memory then,
   * so the caller should leave it to the garbage collector. Nor is it called if there is nothing to
   * send: if the data is empty, or the connection closed. An error that it throws is logged and
   * loses the connection.
   */
  flushed?: (() => void) | undefined;
}

/** Counters and the state of a connection. Twisted has no equivalent. */
export interface TransportStats {
  /** Bytes received so far. Under TLS, the decrypted bytes. */
  readonly bytesReceived: number;
  /** Bytes that the system has accepted so far. Under TLS, the bytes before encryption. */
  readonly bytesSent: number;
  /**
   * Bytes that were written and that the system has not accepted yet: the size of the write buffer.
   * It is 0 when the connection is lost.
   */
  readonly bytesUnsent: number;
  /** Whether the protocol has stopped receiving with `pauseProducing`. */
  readonly receivingPaused: boolean;
  /**
   * Whether the registered push producer is paused, because the write buffer has exceeded the
   * option `writeBufferHighWater`.
   */
  readonly producerPaused: boolean;
  /** The time at which the connection was opened, in seconds of the transport's clock. */
  readonly openedAt: number;
}

/**
 * The transport of a protocol: its connection to the peer. Twisted's `ITransport` and
 * `ITCPTransport`.
 */
export interface ITransport extends IConsumer, ITLSTransport {
  /**
   * Whether the connection is closing: it is being closed or aborted, or the peer has closed it,
   * and `connectionLost` has not been called yet.
   */
  readonly disconnecting: boolean;
  /** Whether the connection is open. */
  readonly connected: boolean;
  /**
   * The clock of the reactor to which the connection belongs: protocols that need time use it, such
   * as one with a timeout. Twisted's attribute `reactor`. A transport without time, such as one of
   * a test, has none.
   */
  readonly clock?: IReactorTime | undefined;
  /**
   * Sends data without blocking. Data that the system does not accept immediately waits in the
   * write buffer. The writes of one turn are sent together. As in Twisted, a write to a closed
   * connection does nothing.
   *
   * Chunks under 4 KiB are copied, except with both `transfer` and `flushed`. A larger chunk
   * belongs to the transport until it has been sent and must not change before. If its buffer is
   * detached (transferred) or shrunk before, the connection is lost with a `ConnectionAborted` that
   * names the reason.
   *
   * @param data The bytes, or a string that is encoded as UTF-8. Twisted accepts only bytes.
   * @throws {TypeError} If the data is neither bytes nor a string, or if its buffer has already
   *   been detached or shrunk.
   */
  write(data: Uint8Array | string, options?: WriteOptions): void;
  /**
   * Sends several chunks in order.
   *
   * @throws {TypeError} If a chunk is neither bytes nor a string. No chunk is sent then.
   */
  writeSequence(data: Iterable<Uint8Array | string>): void;
  /**
   * Closes the connection after the pending writes, and all writes of a registered producer, have
   * been sent. Nothing more is received. If the peer stops reading, the connection is aborted after
   * the linger time.
   */
  loseConnection(): void;
  /**
   * Closes the writing side after the pending writes, and all writes of a registered producer, have
   * been sent. The protocol continues to receive. Twisted does not wait for a push producer.
   */
  loseWriteConnection(): void;
  /**
   * Closes the connection immediately and discards unsent data. The protocol's `connectionLost` is
   * called with a `ConnectionAborted`.
   *
   * A TCP connection with the option `resetOnAbort` is reset. Deno's own sockets cannot do that,
   * and without the option the peer may see a clean close.
   *
   * @param reason The reason of the abort. A `ConnectionAborted` is passed to `connectionLost` as
   *   it is, any other error as the `cause` of a new one. Twisted has no such parameter.
   */
  abortConnection(reason?: Error): void;
  /** Returns the address of the peer. */
  getPeer(): Address;
  /** Returns the address of this end. */
  getHost(): Address;
  /**
   * Returns the counters and the state of the connection. A wrapper returns those of its
   * connection. After the connection is lost, they keep their last values.
   *
   * @example Skip a frame of a broadcast for a peer that does not read fast enough
   * ```ts
   * import type { ITransport } from "@torsion/reactor/reactor";
   *
   * function sendFrame(transport: ITransport, frame: Uint8Array): void {
   *   if (transport.stats().bytesUnsent < 1_000_000) transport.write(frame);
   * }
   * ```
   */
  stats(): TransportStats;
  /** Stops receiving, so that the peer has to wait when the system's buffers are full. */
  pauseProducing(): void;
  /** Resumes receiving. */
  resumeProducing(): void;
  /**
   * Closes the connection as {@linkcode loseConnection} does. A consumer calls it when it needs no
   * more data.
   */
  stopProducing(): void;
  /**
   * Sets whether small writes are sent immediately.
   *
   * @param enabled `true` to send them immediately, `false` (the default) to let the system combine
   *   them (Nagle's algorithm).
   */
  setTcpNoDelay(enabled: boolean): void;
  /** Returns whether small writes are sent immediately. */
  getTcpNoDelay(): boolean;
  /**
   * Sets whether the system sends keep-alive probes to an idle peer.
   *
   * On Deno's own sockets the idle time is that of the system, two hours on most systems. It can be
   * changed on connections with the options `keepAlive` or `resetOnAbort`, except on Windows, where
   * Deno 2.9.6 ignores it.
   *
   * @param enabled Whether to send probes.
   * @param idle Seconds without a byte before the first probe: an integer from 1 to 32767.
   * @throws {UnsupportedError} If an idle time is given and the connection does not support one.
   * @throws {RangeError} If the idle time is out of range.
   */
  setTcpKeepAlive(enabled: boolean, idle?: number): void;
  /** Returns whether the system sends keep-alive probes. */
  getTcpKeepAlive(): boolean;
}
