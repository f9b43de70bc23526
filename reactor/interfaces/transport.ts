/**
 * A connection, as its protocol sees it.
 *
 * @module
 */

import type { Address } from "./address.ts";
import type { IConsumer } from "./producer.ts";
import type { ITLSTransport } from "./tls.ts";

/** How something is written. Twisted has no such thing. */
export interface WriteOptions {
  /**
   * Gives the buffer away: the caller does not use it any more, and its memory may be freed as soon as it has been sent. What is all of an
   * `ArrayBuffer` is detached then, as by `structuredClone(data, { transfer })`. For those who pass on a lot: garbage of this size may pile up
   * to some 70 MiB before it is collected. A buffer that was written to several connections is detached when the last of them has
   * sent it, so a broadcast may give it away with any of its writes.
   *
   * @default {false}
   */
  transfer?: boolean | undefined;
}

/** A connection, as its protocol sees it. Twisted's `ITransport` and `ITCPTransport`. */
export interface ITransport extends IConsumer, ITLSTransport {
  /** Whether the connection is being closed or aborted, or the peer has closed, and it is not yet lost. */
  readonly disconnecting: boolean;
  /** Whether the connection is open. */
  readonly connected: boolean;
  /**
   * Sends bytes, or a string as UTF-8, which Twisted does not take. Never blocks: what cannot go out now waits in the write buffer. All that
   * is written in one turn leaves together.
   *
   * Small writes are copied. A buffer of 4 KiB or more belongs to the transport until it is flushed: do not change it before. If it is
   * detached (transferred) or shrunk before, the connection is lost with a `ConnectionAborted` that says so.
   * Writing to a connection that is gone does nothing, as in Twisted.
   *
   * @throws {TypeError} when the data is neither, or when its buffer has been detached or shrunk already.
   */
  write(data: Uint8Array | string, options?: WriteOptions): void;
  /**
   * Sends several pieces, as if written one after the other.
   *
   * @throws {TypeError} when one of them is neither bytes nor a string; none is sent then.
   */
  writeSequence(data: Iterable<Uint8Array | string>): void;
  /**
   * Closes the connection once all that was written, and all that a registered producer writes, has gone out. Nothing more is
   * received. A peer that stops reading holds this up no longer than the linger time.
   */
  loseConnection(): void;
  /**
   * Closes the writing side once all that was written, and all that a registered producer writes, has gone out; receiving goes on. Twisted
   * does not wait for a push producer.
   */
  loseWriteConnection(): void;
  /**
   * Closes the connection now. What waits to be sent is thrown away; the protocol gets `ConnectionAborted`. Twisted takes no reason.
   *
   * The peer of a TCP connection with `resetOnAbort` sees a reset. Others may take it for an end in order: Deno's own sockets cannot reset.
   *
   * @param reason Why: a `ConnectionAborted` is what the protocol gets, any other error becomes the `cause` of one.
   */
  abortConnection(reason?: Error): void;
  /** The other end's address. */
  getPeer(): Address;
  /** This end's address. */
  getHost(): Address;
  /** Stops receiving, so that the peer is slowed down. */
  pauseProducing(): void;
  /** Receives again. */
  resumeProducing(): void;
  /** Closes the connection: nobody reads it any more. */
  stopProducing(): void;
  /** Sends small pieces at once (`true`) or lets the system gather them (`false`, Nagle's algorithm, the default). */
  setTcpNoDelay(enabled: boolean): void;
  /** Whether small pieces are sent at once. */
  getTcpNoDelay(): boolean;
  /**
   * Has the system probe an idle peer.
   *
   * Deno's own sockets leave the system's idle time as it is: two hours on most. A connection that was listened for or connected with
   * `keepAlive` or `resetOnAbort` can be told another (but on Windows, where Deno 2.9.6 leaves the system's time, too).
   *
   * @param enabled Whether it does.
   * @param idle Seconds without a byte before the first probe: an integer from 1 to 32767.
   * @throws {UnsupportedError} when an idle time is given, and the connection cannot be told one.
   * @throws {RangeError} when it is out of range.
   */
  setTcpKeepAlive(enabled: boolean, idle?: number): void;
  /** Whether the system probes an idle peer. */
  getTcpKeepAlive(): boolean;
}
