/**
 * The driver of a `net.Socket`, for features that Deno's own sockets lack: a reset on abort, a
 * local address for outgoing connections, the idle time of keep-alive probes, and sockets from file
 * descriptors.
 *
 * Deno 2.9.6 has a limitation: if a peer closes its writing side before it has sent a byte, Deno
 * takes the peer for gone, and fails pending writes with EPIPE. Bytes that the system accepts at
 * once are still sent. But Deno does not know that a newly accepted socket is writable before its
 * next I/O poll, so this driver holds the first write back until then. Bytes beyond the system's
 * buffer are lost to such a peer all the same. Deno's own sockets do not have this limitation. A
 * greeting therefore leaves 64 turns of Deno's loop later, which is half a millisecond when there
 * is little other work.
 *
 * @module
 */

import type { Socket } from "node:net";
import { connectionLost } from "../../stream/system_error.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";
import { timersModule } from "./builtin_modules.ts";
import { afterIOPoll } from "./io_poll.ts";

// The largest write in bytes. A larger write is split into parts, because each completed part shows
// that the peer reads, and restarts the linger timeout.
const MAX_WRITE_SIZE = 262144;

// The time in milliseconds that the first write of a socket may take after close().
const FIRST_WRITE_MS = 100;

/** The properties of a socket that the driver needs. */
export interface SocketFacts {
  /** The address of the peer. */
  readonly peer: Address;
  /** The local address. */
  readonly host: Address;
  /** Whether the socket was just accepted. */
  readonly isAccepted: boolean;
}

/** The driver of an open, paused socket. */
export class SocketDriver implements StreamDriver {
  readonly #socket: Socket;
  // The addresses are stored, because a closed socket does not return them any more.
  readonly #facts: SocketFacts;
  #sink: StreamDriverSink | null = null;
  /** Whether Deno has polled the socket, and knows that it is writable. */
  #isPolled: boolean;
  /** The first write, held back until the next I/O poll. */
  #held: Uint8Array | null = null;
  #stopWaiting: (() => void) | null = null;
  #writing = false;
  #hasWritten = false;
  #writeSize = 0;
  /** Whether `close` or `abort` was called. */
  #closed = false;
  #socketClosed = false;
  // The callback is created once per socket, because a closure per write would cost time.
  readonly #writeDone = (error?: Error | null): void => this.#onTaken(error);

  /**
   * Creates the driver of a socket.
   *
   * @param socket The socket, which the driver closes.
   * @param facts Its addresses and origin.
   */
  constructor(socket: Socket, facts: SocketFacts) {
    this.#socket = socket;
    this.#facts = facts;
    this.#isPolled = !facts.isAccepted;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error) => this.#onError(error));
    socket.on("close", () => this.#onClose());
    // Adding the listener for data has started reading. It stops until the connection calls
    // startReading().
    socket.pause();
  }

  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
  }

  getPeer(): Address {
    return this.#facts.peer;
  }

  getHost(): Address {
    return this.#facts.host;
  }

  startReading(): void {
    this.#socket.resume();
  }

  stopReading(): void {
    this.#socket.pause();
  }

  write(bytes: Uint8Array): void {
    const piece = bytes.length > MAX_WRITE_SIZE ? bytes.subarray(0, MAX_WRITE_SIZE) : bytes;
    this.#writing = true;
    this.#writeSize = piece.length;
    if (this.#isPolled) this.#socket.write(piece, this.#writeDone);
    else this.#hold(piece);
  }

  closeWrite(): void {
    this.#socket.end((error?: Error | null) => {
      // An error is ignored here, because the socket also emits it as an `error` event.
      if (!this.#closed && !error) this.#sink?.writeClosed();
    });
  }

  close(): void {
    this.#end((socket) => {
      if (!this.#writing || this.#hasWritten) socket.destroy();
      else if (this.#held === null) this.#destroySoon();
    });
  }

  abort(): void {
    this.#end((socket) => this.reset(socket));
  }

  unref(): void {
    this.#socket.unref();
  }

  #hold(piece: Uint8Array): void {
    this.#held = piece;
    this.#stopWaiting = afterIOPoll(() => this.#polled());
  }

  /** Called when the socket is known to be writable: after an I/O poll, or with the first event. */
  #polled(): void {
    this.#isPolled = true;
    this.#stopWaiting?.();
    const held = this.#held;
    this.#held = null;
    if (held === null || this.#socket.destroyed) return;
    if (held.length === this.#writeSize) this.#socket.write(held, this.#writeDone);
    // The application has transferred the buffer meanwhile. The write completes, and the connection
    // notices the missing buffer and aborts.
    else this.#onTaken();
    if (this.#closed) this.#destroySoon();
  }

  /** Destroys the socket once the first write is complete, or after a short time. */
  #destroySoon(): void {
    const { setTimeout, clearTimeout } = timersModule();
    const timer = setTimeout(() => this.#socket.destroy(), FIRST_WRITE_MS);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** Aborts the connection, with a reset if the transport has one. */
  protected reset(socket: Socket): void {
    socket.destroy();
  }

  /**
   * Closes the socket. If it has already closed by itself, only `released` remains to be reported.
   */
  #end(how: (socket: Socket) => void): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#socketClosed) queueMicrotask(() => this.#sink?.released());
    else how(this.#socket);
  }

  #onData(chunk: Uint8Array): void {
    if (!this.#isPolled) this.#polled();
    if (this.#closed) return;
    // Each chunk owns its memory, so no copy is needed. It becomes a plain Uint8Array, because the
    // slice() of a node Buffer returns a view instead of a copy.
    this.#sink?.received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  #onEnd(): void {
    if (!this.#isPolled) this.#polled();
    if (!this.#closed) this.#sink?.readEnded();
  }

  #onTaken(error?: Error | null): void {
    this.#writing = false;
    this.#hasWritten = true;
    // An error is ignored here, because the socket also emits it as an `error` event.
    if (!error) this.#sink?.wrote(this.#writeSize);
    if (this.#closed) this.#socket.destroy();
  }

  #onError(error: Error): void {
    if (!this.#closed) {
      this.#sink?.failed(connectionLost(syscallOf(error), this.#facts.peer, error));
    }
  }

  #onClose(): void {
    this.#socketClosed = true;
    this.#stopWaiting?.();
    if (this.#closed) this.#sink?.released();
  }
}

/** The driver of a TCP socket. */
export class TCPSocketDriver extends SocketDriver {
  readonly #tcp: Socket;
  readonly keepsAlive: boolean;

  /**
   * Creates the driver of a TCP socket.
   *
   * @param socket The socket, which the driver closes.
   * @param facts Its addresses and origin.
   * @param keepAlive Seconds of idle time before the peer is probed. Undefined disables the probes.
   */
  constructor(socket: Socket, facts: SocketFacts, keepAlive?: number) {
    super(socket, facts);
    this.#tcp = socket;
    this.keepsAlive = keepAlive !== undefined;
    if (keepAlive !== undefined) this.setKeepAliveIdle(keepAlive);
  }

  setNoDelay(enabled: boolean): void {
    this.#tcp.setNoDelay(enabled);
  }

  setKeepAlive(enabled: boolean): void {
    this.#tcp.setKeepAlive(enabled);
  }

  setKeepAliveIdle(seconds: number): void {
    this.#tcp.setKeepAlive(true, seconds * 1000);
  }

  protected override reset(socket: Socket): void {
    socket.resetAndDestroy();
  }
}

/** Returns the name of the failed system call, as node reports it. */
function syscallOf(error: Error): string {
  return "syscall" in error && typeof error.syscall === "string" ? error.syscall : "read";
}
