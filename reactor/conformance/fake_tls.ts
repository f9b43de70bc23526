/**
 * An engine that does no cryptography: what goes in, the test sees, and what comes out, the test says.
 *
 * @module
 */

import type { TlsContext, TlsEngine, TlsEngineSink, TlsProvider } from "../tls/tls_engine.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One side of one connection, worked by hand. */
export class FakeEngine implements TlsEngine {
  /** What it was told: `start`, `receive …`, `receiveEnd`, `sent`, `write …`, `end`, `destroy`. */
  readonly calls: string[] = [];
  #sink: TlsEngineSink | null = null;

  /** Who listens. */
  get sink(): TlsEngineSink {
    if (this.#sink === null) throw new Error("The engine has not been started");
    return this.#sink;
  }

  /** Has ciphertext sent. */
  encrypt(text: string): void {
    this.sink.encrypted(encoder.encode(text));
  }

  /** Has plaintext come. */
  decrypt(text: string): void {
    this.sink.decrypted(encoder.encode(text));
  }

  /** The handshake is done. */
  secure(): void {
    this.sink.secured({ negotiatedProtocol: "fake", peerCertificate: null });
  }

  start(sink: TlsEngineSink): void {
    this.calls.push("start");
    this.#sink = sink;
  }

  receive(bytes: Uint8Array): void {
    this.calls.push(`receive ${decoder.decode(bytes)}`);
  }

  receiveEnd(): void {
    this.calls.push("receiveEnd");
  }

  sent(): void {
    this.calls.push("sent");
  }

  write(bytes: Uint8Array): void {
    this.calls.push(
      bytes.length > 100 ? `write(${bytes.length})` : `write ${decoder.decode(bytes)}`,
    );
  }

  end(): void {
    this.calls.push("end");
  }

  destroy(): void {
    this.calls.push("destroy");
  }
}

/** What makes one engine, whatever the options. */
export class FakeTls implements TlsProvider, TlsContext {
  readonly engine = new FakeEngine();
  readonly handshakeTimeout: number;

  constructor(handshakeTimeout = 10) {
    this.handshakeTimeout = handshakeTimeout;
  }

  server(): TlsContext {
    return this;
  }

  client(): TlsContext {
    return this;
  }

  newEngine(): TlsEngine {
    return this.engine;
  }
}
