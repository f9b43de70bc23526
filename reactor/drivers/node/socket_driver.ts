/**
 * Moves the bytes of a `net.Socket`, for what Deno's own sockets cannot do: a reset on abort, a
 * local address to connect from, the idle time of keep-alive probes, and sockets that came as file
 * descriptors.
 *
 * One limit is Deno's (2.9.6): it takes a peer that has closed its writing side without ever
 * sending a byte for gone, and fails what waits to be sent with EPIPE. What the system takes at
 * once is sent still. But of a socket that it has just accepted, Deno does not know that it takes
 * anything until it has looked for news of it: so the first write is held back until then. What
 * does not fit into the system's buffer is lost to such a peer all the same; Deno's own sockets
 * have no such limit. A greeting leaves 64 turns of Deno's loop later for it, half a millisecond
 * where there is little else to do.
 *
 * @module
 */

import type { Socket } from "node:net";
import { connectionLost } from "../deno/system_error.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../stream/stream_driver.ts";
import { afterIOPoll } from "./io_poll.ts";

// A write ends when all of it has been taken. In pieces, it shows that the peer reads: the linger
// time counts from the last one.
const LARGEST_WRITE = 262144;

// What of a socket's first write the system does not take at once gets this long after the socket
// has been closed.
const FIRST_WRITE_MS = 100;

/** What is known of a socket. */
export interface SocketFacts {
  /** The other end's address. */
  readonly peer: Address;
  /** This end's address. */
  readonly host: Address;
  /** Whether it has been accepted, and just now. */
  readonly isAccepted: boolean;
}

/** A driver over a socket that is open and paused. */
export class SocketDriver implements StreamDriver {
  readonly #socket: Socket;
  // The socket forgets them when it closes.
  readonly #facts: SocketFacts;
  #sink: StreamDriverSink | null = null;
  /** Whether Deno has looked for news of it. */
  #isKnown: boolean;
  /** The first write, held back until it has. */
  #held: Uint8Array | null = null;
  #stopWaiting: (() => void) | null = null;
  #writing = false;
  #hasWritten = false;
  #writeSize = 0;
  /** Whether `close` or `abort` has come. */
  #closed = false;
  #socketClosed = false;
  // One for all writes.
  readonly #taken = (error?: Error | null): void => this.#onTaken(error);

  /**
   * @param socket The socket. It belongs to the driver now.
   * @param facts What is known of it.
   */
  constructor(socket: Socket, facts: SocketFacts) {
    this.#socket = socket;
    this.#facts = facts;
    this.#isKnown = !facts.isAccepted;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error) => this.#onError(error));
    socket.on("close", () => this.#onClose());
    // Listening to data starts the reading.
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
    const piece = bytes.length > LARGEST_WRITE ? bytes.subarray(0, LARGEST_WRITE) : bytes;
    this.#writing = true;
    this.#writeSize = piece.length;
    if (this.#isKnown) this.#socket.write(piece, this.#taken);
    else this.#hold(piece);
  }

  closeWrite(): void {
    this.#socket.end((error?: Error | null) => {
      // A failure comes as an event, too.
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
    this.#stopWaiting = afterIOPoll(() => this.#known());
  }

  /** There was news of the socket, or time enough for it. */
  #known(): void {
    this.#isKnown = true;
    this.#stopWaiting?.();
    const held = this.#held;
    this.#held = null;
    if (held === null || this.#socket.destroyed) return;
    if (held.length === this.#writeSize) this.#socket.write(held, this.#taken);
    // Its memory is gone: the connection finds that, and ends.
    else this.#onTaken();
    if (this.#closed) this.#destroySoon();
  }

  /** Waits for the first write of all, but not for a peer that does not read. */
  #destroySoon(): void {
    const { setTimeout, clearTimeout } = globalThis.process.getBuiltinModule("node:timers");
    const timer = setTimeout(() => this.#socket.destroy(), FIRST_WRITE_MS);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** Breaks off, with a reset where there is one. */
  protected reset(socket: Socket): void {
    socket.destroy();
  }

  /**
   * Ends the socket, unless it has ended by itself: then only the news of it is left to be told.
   */
  #end(how: (socket: Socket) => void): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#socketClosed) queueMicrotask(() => this.#sink?.released());
    else how(this.#socket);
  }

  #onData(chunk: Uint8Array): void {
    if (!this.#isKnown) this.#known();
    if (this.#closed) return;
    // Each chunk has memory of its own. As a Buffer its slice() would share that memory, unlike any
    // other Uint8Array's.
    this.#sink?.received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  #onEnd(): void {
    if (!this.#isKnown) this.#known();
    if (!this.#closed) this.#sink?.readEnded();
  }

  #onTaken(error?: Error | null): void {
    this.#writing = false;
    this.#hasWritten = true;
    if (this.#closed) this.#socket.destroy();
    // A failure comes as an event, too.
    else if (!error) this.#sink?.wrote(this.#writeSize);
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

/** A driver over a TCP socket. */
export class TCPSocketDriver extends SocketDriver {
  readonly #tcp: Socket;
  readonly keepsAlive: boolean;

  /**
   * @param socket The socket. It belongs to the driver now.
   * @param facts What is known of it.
   * @param keepAlive Seconds that the peer may be idle before it is probed; without them, it is
   *   not.
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

/** The call that failed, as node names it. */
function syscallOf(error: Error): string {
  return "syscall" in error && typeof error.syscall === "string" ? error.syscall : "read";
}
