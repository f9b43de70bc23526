/**
 * A TLS engine on `node:tls`: a `TLSSocket` over a stream that leads to the driver.
 *
 * Deno's own TLS (`Deno.startTls`) needs a TCP connection, is a client only, and does not show the
 * peer's certificate. `node:tls` works over any stream, on both sides, and supports SNI and client
 * certificates. Both use rustls.
 *
 * This engine also serves `listenTLS` and `connectTLS`, although Deno's own TLS would suffice for
 * the plain cases and is faster. One connection made 26,000 to 31,000 round trips of 64 bytes a
 * second with a bare loop on Deno's TLS, 17,000 to 29,000 here, and 20,000 with `node:tls` on its
 * own sockets; large transfers ran at 320 to 360, 190 to 270 and 200 to 300 MB/s (Deno 2.9.6, two
 * busy cores). In exchange, a connection here can be aborted, shows the peer's certificate, and
 * accepts a server whose certificate is its own authority. The peer's certificate is verified by
 * `certificate_chain.ts`, which explains why Deno's verification is not enough.
 *
 * Three properties of `node:tls` are unexpected (checked on Deno 2.9.6):
 *
 * - A server verifies a client's certificate in `tls.Server`, not in `TLSSocket`. So each
 *   connection gets its own server, which never listens.
 * - When TLS fails, the stream is destroyed before the alert for the peer is written. The stream
 *   here delays its destruction.
 * - The callback of `end()` comes before close_notify is written. The stream shows a turn later
 *   that it was.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Certificate } from "../../tls/certificate.ts";
import type { TLSEngine, TLSEngineSink } from "../../tls/tls_engine.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { NodeTLSSession } from "./tls_session.ts";
import { streamModule } from "./builtin_modules.ts";

/** The callbacks for the outcome of a handshake. */
export interface Handshaking {
  /** Called when the handshake is complete, with the verified certificate of the peer, if any. */
  secured(socket: TLSSocket, certificate: Certificate | null): void;
  /** Called when the handshake has failed. */
  failed(cause: Error): void;
}

/** Starts a handshake over a stream. */
export type BeginHandshake = (wire: Duplex, handshaking: Handshaking) => void;

/** One side of one TLS connection. */
export class NodeTLSEngine implements TLSEngine, Handshaking {
  readonly #begin: BeginHandshake;
  #sink: TLSEngineSink | null = null;
  #wire: Duplex | null = null;
  #socket: TLSSocket | null = null;
  /** The callback of the stream's pending write, called when the bytes have been sent. */
  #written: (() => void) | null = null;
  #ending = false;
  #closeSent = false;
  #peerClosed = false;
  failure: Error | null = null;
  #over = false;

  /**
   * Creates an engine.
   *
   * @param begin Starts the handshake.
   */
  constructor(begin: BeginHandshake) {
    this.#begin = begin;
  }

  start(sink: TLSEngineSink): void {
    this.#sink = sink;
    this.#wire = newWire((bytes, written) => {
      this.#written = written;
      this.#report((sink) => sink.encrypted(plain(bytes)));
    });
    try {
      this.#begin(this.#wire, this);
    } catch (error) {
      // The engine checks some options only when a handshake starts, so an invalid one fails that
      // handshake.
      this.failed(asError(error));
    }
  }

  receive(bytes: Uint8Array): void {
    try {
      // emit() delivers the data at once, while push() might deliver it later. The exceptions of
      // Deno, which reads the peer's certificates during this call, can therefore be caught here.
      this.#wire?.emit("data", bytes);
    } catch (error) {
      this.failed(asError(error));
    }
  }

  receiveEnd(): void {
    // The stream stays open, because TLS would treat its end as a close_notify alert. The report
    // waits for the next turn, by which all received data has been delivered.
    setImmediate(() => {
      if (!this.#peerClosed && this.failure === null) this.#report((sink) => sink.peerVanished());
    });
  }

  sent(): void {
    const written = this.#written;
    this.#written = null;
    written?.();
    this.#closeWhenSent();
  }

  write(bytes: Uint8Array): void {
    this.#socket?.write(bytes, (error) => {
      // An error is ignored here, because the socket also emits it as an `error` event.
      if (!error) this.#report((sink) => sink.plaintextSent());
    });
  }

  end(): void {
    this.#socket?.end(() => {
      this.#ending = true;
      this.#closeWhenSent();
    });
  }

  destroy(): void {
    this.#over = true;
    this.#socket?.destroy();
    this.#wire?.destroy();
    this.#written = null;
  }

  secured(socket: TLSSocket, certificate: Certificate | null): void {
    if (this.#over) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.on("error", (error) => this.failed(error));
    // This listener runs for every chunk of data, so it avoids the extra closure that #report()
    // needs.
    socket.on("data", (data) => {
      if (!this.#over) this.#sink?.decrypted(plain(data));
    });
    socket.on("end", () => {
      this.#peerClosed = true;
      this.#report((sink) => sink.peerClosed());
    });
    const protocol = socket.alpnProtocol;
    this.#sink?.secured(new NodeTLSSession(protocol ? protocol : null, certificate));
  }

  failed(cause: Error): void {
    if (this.failure !== null) return;
    this.failure = cause;
    // The failure is reported in the next turn, because the engine writes its alert to the peer
    // before then.
    setImmediate(() => {
      this.#report((sink) => sink.tlsFailed(cause));
      this.#over = true;
    });
  }

  /**
   * Reports that close_notify was sent. As close_notify is the last write, it has been sent if no
   * write is pending in the next turn.
   */
  #closeWhenSent(): void {
    if (!this.#ending) return;
    setImmediate(() => {
      if (this.#written !== null || this.#closeSent) return;
      this.#closeSent = true;
      this.#report((sink) => sink.closeSent());
    });
  }

  #report(f: (sink: TLSEngineSink) => void): void {
    if (!this.#over && this.#sink !== null) f(this.#sink);
  }
}

/** Returns a node buffer as a plain Uint8Array, whose `slice` copies. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Creates the stream of a `TLSSocket`: it passes each write to `write`, and emits received data.
 */
function newWire(write: (bytes: Uint8Array, written: () => void) => void): Duplex {
  const wire = new (streamModule().Duplex)({
    read: () => {},
    write: (bytes: Uint8Array, _encoding, written) => write(bytes, written),
  });
  const destroy = wire.destroy.bind(wire);
  // The stream is destroyed one turn later: TLS destroys the stream before it writes its alert, and
  // a destroyed stream would not accept the alert.
  wire.destroy = () => {
    setImmediate(destroy);
    return wire;
  };
  return wire;
}
