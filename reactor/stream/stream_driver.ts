/**
 * The seam between the connection state machine and what moves the bytes.
 *
 * @module
 */

import type { Address } from "../interfaces/mod.ts";
import type { TLSSession } from "../tls/tls_engine.ts";

/** What a driver tells its connection. Each may be called from within a call to the driver. */
export interface StreamDriverSink {
  /** Bytes came. The chunk's memory is never written again. At most one more may come after `stopReading`. */
  received(chunk: Uint8Array): void;
  /** The peer sends no more. */
  readEnded(): void;
  /** The first `count` bytes of the last write have been taken. */
  wrote(count: number): void;
  /** `closeWrite` is done. */
  writeClosed(): void;
  /** The connection broke; the reason is fit for `connectionLost`. */
  failed(reason: Error): void;
  /** After `close` or `abort`: nothing of the driver is left. */
  released(): void;
}

/** Moves the bytes of one stream connection: a socket, a pipe, or memory. */
export interface StreamDriver {
  /** Hands over the connection that listens. Comes first; and again when another takes over in the middle. */
  attach(sink: StreamDriverSink): void;
  /** Delivers what comes, until `stopReading`; possibly before this returns. */
  startReading(): void;
  /** Delivers no more; a read under way may still deliver. */
  stopReading(): void;
  /**
   * Sends bytes. One write at a time: the next comes after `wrote`. The bytes are not changed meanwhile, but a protocol that breaks
   * its word may detach them: they have no length then. A driver neither fails nor hangs on that, and calls `wrote` or `failed`.
   */
  write(bytes: Uint8Array): void;
  /** Ends the writing side. Comes with no write under way. */
  closeWrite(): void;
  /** Closes in order: what was taken still arrives. Nothing but `released` follows. */
  close(): void;
  /** Closes at once, with a reset where that can be had. Nothing but `released` follows. */
  abort(): void;
  /** No longer holds the process. */
  unref(): void;
  /** The other end's address. */
  getPeer(): Address;
  /** This end's address. */
  getHost(): Address;
  /** Switches Nagle's algorithm off or on, where there is one. */
  setNoDelay?(enabled: boolean): void;
  /** Switches keep-alive probes on or off, where there are any. */
  setKeepAlive?(enabled: boolean): void;
  /** Switches them on, the first one after that many seconds, where that can be said. */
  setKeepAliveIdle?(seconds: number): void;
  /** Whether they are on from the start; they are not unless it says so. */
  readonly keepsAlive?: boolean;
  /** The reactor has stopped: what `close` still waits for gets a last moment. Absent where it waits for nothing. */
  forceClose?(): void;
  /** What TLS has agreed on; null or absent without TLS, and before its handshake is done. */
  readonly session?: TLSSession | null;
}
