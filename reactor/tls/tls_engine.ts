/**
 * The interface between {@linkcode TLSDriver} and a TLS implementation: ciphertext and plaintext in
 * and out, without a socket.
 *
 * @module
 */

import type { PeerCertificate, TLSClientOptions, TLSServerOptions } from "../interfaces/mod.ts";

/** The result of a handshake. */
export interface TLSSession {
  /** The application protocol chosen by ALPN; `null` if none was negotiated. */
  readonly negotiatedProtocol: string | null;
  /** The peer's certificate; `null` if the peer sent none. */
  readonly peerCertificate: PeerCertificate | null;
}

/** Receives the events of an engine. Each method may be called inside a call to the engine. */
export interface TLSEngineSink {
  /** Called with ciphertext to send. The next call comes after `sent`. */
  encrypted(bytes: Uint8Array): void;
  /**
   * Called with decrypted data. The receiver may keep the chunk, because its memory is not reused.
   */
  decrypted(chunk: Uint8Array): void;
  /** Called when the handshake has completed and the peer has been verified. */
  secured(session: TLSSession): void;
  /** Called when the peer's close_notify has arrived. */
  peerClosed(): void;
  /** Called after `receiveEnd` if the peer closed the connection without close_notify. */
  peerVanished(): void;
  /** Called when the bytes of the last `write` have been sent. */
  plaintextSent(): void;
  /** Called after `end`, when close_notify has been sent. */
  closeSent(): void;
  /**
   * Called when TLS has failed. `encrypted` was already called with the alert for the peer. No
   * further call follows.
   */
  tlsFailed(cause: Error): void;
}

/** One side of one TLS connection. */
export interface TLSEngine {
  /** Sets the receiver of the events and starts the handshake. Called first, once. */
  start(sink: TLSEngineSink): void;
  /** Passes in received ciphertext. */
  receive(bytes: Uint8Array): void;
  /**
   * Reports the end of the ciphertext. `peerVanished` or `tlsFailed` follows, or `peerClosed` if
   * close_notify was being processed.
   */
  receiveEnd(): void;
  /** Reports that the ciphertext of the last `encrypted` has been sent. */
  sent(): void;
  /**
   * Encrypts plaintext. Called only after the handshake, and only after `plaintextSent` has
   * reported the previous write.
   */
  write(bytes: Uint8Array): void;
  /** Sends close_notify after the pending write. */
  end(): void;
  /**
   * The failure that the engine is about to report, while it still writes its alert. The reason why
   * the peer then closes or resets the connection.
   */
  readonly failure?: Error | null;
  /** Releases all resources. The engine reports no further events. */
  destroy(): void;
}

/** Creates the engines of one port, one connector or one `startTLS`. */
export interface TLSContext {
  /** The timeout of a handshake in seconds; `Infinity` for none. */
  readonly handshakeTimeout: number;
  /** Creates the engine of one connection. */
  newEngine(): TLSEngine;
}

/** The TLS implementation of a reactor. */
export interface TLSProvider {
  /**
   * Checks the options of a server.
   *
   * @param options The options.
   * @returns The context of the server's engines.
   * @throws {TypeError | RangeError} when an option cannot be used.
   */
  server(options: TLSServerOptions): TLSContext;
  /**
   * Checks the options of a client.
   *
   * @param options The options.
   * @returns The context of the client's engines.
   * @throws {TypeError | RangeError} when an option cannot be used.
   */
  client(options: TLSClientOptions): TLSContext;
}
