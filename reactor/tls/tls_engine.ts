/**
 * The seam between the TLS layer and what does the cryptography: ciphertext in and out, plaintext in and out, and no socket.
 *
 * @module
 */

import type { PeerCertificate, TLSClientOptions, TLSServerOptions } from "../interfaces/mod.ts";

/** What a handshake agreed on. */
export interface TLSSession {
  /** The protocol chosen by ALPN; null without one. */
  readonly negotiatedProtocol: string | null;
  /** The peer's certificate; null if it showed none. */
  readonly peerCertificate: PeerCertificate | null;
}

/** What an engine tells its layer. Each may be called from within a call to the engine. */
export interface TLSEngineSink {
  /** Ciphertext to be sent. The next comes after `sent`. */
  encrypted(bytes: Uint8Array): void;
  /** Plaintext came. The chunk's memory is never written again. */
  decrypted(chunk: Uint8Array): void;
  /** The handshake is done, and the peer is who it should be. */
  secured(session: TLSSession): void;
  /** The peer has said that it sends no more. */
  peerClosed(): void;
  /** After `receiveEnd`: the peer never said that it would send no more. */
  peerVanished(): void;
  /** All of the last `write` has been sent. */
  plaintextSent(): void;
  /** After `end`: the peer has been told. */
  closeSent(): void;
  /** TLS has failed. What the peer should be told has been handed to `encrypted`; nothing follows. */
  tlsFailed(cause: Error): void;
}

/** One side of one TLS connection. */
export interface TLSEngine {
  /** Hands over who listens, and begins the handshake. Comes first, once. */
  start(sink: TLSEngineSink): void;
  /** Ciphertext came. */
  receive(bytes: Uint8Array): void;
  /** No more ciphertext comes. `peerVanished` or `tlsFailed` follows, or `peerClosed` if that had been on its way. */
  receiveEnd(): void;
  /** What was handed to `encrypted` has been sent. */
  sent(): void;
  /** Plaintext to be sent, once the handshake is done. One write at a time: the next comes after `plaintextSent`. */
  write(bytes: Uint8Array): void;
  /** Tells the peer that this side sends no more, behind what is being written. */
  end(): void;
  /** Lets go of everything. Nothing follows. */
  destroy(): void;
}

/** Makes the engines of one port, one connector or one `startTLS`. */
export interface TLSContext {
  /** Seconds for a handshake. */
  readonly handshakeTimeout: number;
  /** One more connection's engine. */
  newEngine(): TLSEngine;
}

/** What a reactor has for TLS. */
export interface TLSProvider {
  /**
   * Checks a server's options.
   *
   * @throws {TypeError | RangeError} when they cannot be used.
   */
  server(options: TLSServerOptions): TLSContext;
  /**
   * Checks a client's options.
   *
   * @throws {TypeError | RangeError} when they cannot be used.
   */
  client(options: TLSClientOptions): TLSContext;
}
