/**
 * A TLS engine on `node:tls`: a `TLSSocket` over a stream that leads nowhere but here.
 *
 * Deno's own TLS (`Deno.startTls`) begins on a TCP connection only and as a client only, and tells
 * nothing of the peer's certificate. `node:tls` speaks over any stream, on both sides, and knows
 * SNI and client certificates. Both are rustls beneath.
 *
 * It is the engine of `listenTLS` and `connectTLS`, too, although Deno's own TLS would do for the
 * plain cases, and is faster: one connection with a bare loop over it made 26 to 31 thousand round
 * trips of 64 bytes a second, the layer 17 to 29, `node:tls` on its own sockets 20; large transfers
 * went at 320 to 360, 190 to 270 and 200 to 300 MB/s (Deno 2.9.6, two busy cores). For that a
 * connection here can be forced to end, tells whom it is with, and takes a server whose certificate
 * is its own authority. The peer's certificate is verified by `certificate_chain.ts`, which says
 * why Deno alone is not enough.
 *
 * Three things are not as one would expect of it (checked on Deno 2.9.6):
 *
 * - A server checks a client's certificate in `tls.Server`, not in `TLSSocket`: so each connection
 *   gets a server of its own, which never listens.
 * - When TLS fails, the stream is destroyed before the alert is written that tells the peer why:
 *   {@linkcode Wire} puts that off.
 * - The callback of `end()` comes before close_notify is written: that it has been is seen from the
 *   stream, a turn later.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Certificate } from "../../tls/certificate.ts";
import type { TLSEngine, TLSEngineSink } from "../../tls/tls_engine.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { NodeTLSSession } from "./tls_session.ts";
import { streamModule } from "./tls_module.ts";

/** What becomes of a handshake. */
export interface Handshaking {
  /** It is done, and the peer's certificate, if it has shown one, is good. */
  secured(socket: TLSSocket, certificate: Certificate | null): void;
  /** It has failed. */
  failed(cause: Error): void;
}

/** Begins a handshake over a stream. */
export type BeginHandshake = (wire: Duplex, handshaking: Handshaking) => void;

/** One side of one TLS connection. */
export class NodeTLSEngine implements TLSEngine, Handshaking {
  readonly #begin: BeginHandshake;
  #sink: TLSEngineSink | null = null;
  #wire: Duplex | null = null;
  #socket: TLSSocket | null = null;
  /** Tells the stream that its last write is done. */
  #written: (() => void) | null = null;
  #ending = false;
  #closeSent = false;
  #peerClosed = false;
  #failing = false;
  #over = false;

  /** @param begin Begins the handshake. */
  constructor(begin: BeginHandshake) {
    this.#begin = begin;
  }

  start(sink: TLSEngineSink): void {
    this.#sink = sink;
    this.#wire = newWire((bytes, written) => {
      this.#written = written;
      this.#tell((sink) => sink.encrypted(plain(bytes)));
    });
    try {
      this.#begin(this.#wire, this);
    } catch (error) {
      // Something that only a handshake shows: it fails this one.
      this.failed(asError(error));
    }
  }

  receive(bytes: Uint8Array): void {
    try {
      // Not by push(), which may put it off: Deno reads the peer's certificates in here, and throws
      // at those that it cannot read.
      this.#wire?.emit("data", bytes);
    } catch (error) {
      this.failed(asError(error));
    }
  }

  receiveEnd(): void {
    // The stream itself is never ended: TLS would take that for the peer's word. What has come is
    // told of by then.
    setImmediate(() => {
      if (!this.#peerClosed && !this.#failing) this.#tell((sink) => sink.peerVanished());
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
      // What went wrong is told by the socket's own event.
      if (!error) this.#tell((sink) => sink.plaintextSent());
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
    // Not by way of #tell: this is called for every chunk.
    socket.on("data", (data) => {
      if (!this.#over) this.#sink?.decrypted(plain(data));
    });
    socket.on("end", () => {
      this.#peerClosed = true;
      this.#tell((sink) => sink.peerClosed());
    });
    const protocol = socket.alpnProtocol;
    this.#sink?.secured(new NodeTLSSession(protocol ? protocol : null, certificate));
  }

  failed(cause: Error): void {
    if (this.#failing) return;
    this.#failing = true;
    // An alert, if there is one, has been written by then.
    setImmediate(() => {
      this.#tell((sink) => sink.tlsFailed(cause));
      this.#over = true;
    });
  }

  /**
   * close_notify is the last that the stream is given: it has been sent when nothing is being
   * written in the turn after it.
   */
  #closeWhenSent(): void {
    if (!this.#ending) return;
    setImmediate(() => {
      if (this.#written !== null || this.#closeSent) return;
      this.#closeSent = true;
      this.#tell((sink) => sink.closeSent());
    });
  }

  #tell(f: (sink: TLSEngineSink) => void): void {
    if (!this.#over && this.#sink !== null) f(this.#sink);
  }
}

/** Node's buffers as what they are: their `slice` is not that of a `Uint8Array`. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A stream for a `TLSSocket`: what it writes is handed to `write`, and what is pushed it reads. */
function newWire(write: (bytes: Uint8Array, written: () => void) => void): Duplex {
  const wire = new (streamModule().Duplex)({
    read: () => {},
    write: (bytes: Uint8Array, _encoding, written) => write(bytes, written),
  });
  const destroy = wire.destroy.bind(wire);
  // A destroyed stream takes no more writes, and the alert is written only after TLS has destroyed
  // it.
  wire.destroy = () => {
    setImmediate(destroy);
    return wire;
  };
  return wire;
}
