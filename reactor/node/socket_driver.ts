/**
 * Moves the bytes of a `net.Socket`, for what Deno's own sockets cannot do: a reset on abort, a local address to connect from, the idle
 * time of keep-alive probes, and sockets that came as file descriptors.
 *
 * One limit is Deno's (2.9.6): it takes a peer that has closed its writing side without ever sending a byte for gone. What the system does
 * not take at once of a write to it then breaks with EPIPE. Deno's own sockets have no such limit.
 *
 * @module
 */

import type { Socket } from "node:net";
import { connectionLost } from "../deno/system_error.ts";
import type { IAddress } from "../interfaces.ts";
import type { StreamDriver, StreamDriverSink } from "../stream_driver.ts";

// A write ends when all of it has been taken. In pieces, it shows that the peer reads: the linger time counts from the last one.
const LARGEST_WRITE = 262144;

// Of a new socket Deno does not know that it takes bytes until it has looked for news of it. A goodbye that is written in the turn in which
// the reactor stops would be lost for that. It is the time that a collection of garbage may keep it from looking.
const FIRST_WRITE_MS = 100;

/** A driver over a socket that is open and paused. */
export class SocketDriver implements StreamDriver {
  readonly #socket: Socket;
  // The socket forgets them when it closes.
  readonly #peer: IAddress;
  readonly #host: IAddress;
  #sink: StreamDriverSink | null = null;
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
   * @param peer The other end's address.
   * @param host This end's address.
   */
  constructor(socket: Socket, peer: IAddress, host: IAddress) {
    this.#socket = socket;
    this.#peer = peer;
    this.#host = host;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error) => this.#onError(error));
    socket.on("close", () => this.#onClose());
    // Listening to data starts the reading.
    socket.pause();
  }

  /** See {@linkcode StreamDriver.attach}. */
  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
  }

  /** See {@linkcode StreamDriver.getPeer}. */
  getPeer(): IAddress {
    return this.#peer;
  }

  /** See {@linkcode StreamDriver.getHost}. */
  getHost(): IAddress {
    return this.#host;
  }

  /** See {@linkcode StreamDriver.startReading}. */
  startReading(): void {
    this.#socket.resume();
  }

  /** See {@linkcode StreamDriver.stopReading}. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** See {@linkcode StreamDriver.write}. */
  write(bytes: Uint8Array): void {
    const piece = bytes.length > LARGEST_WRITE ? bytes.subarray(0, LARGEST_WRITE) : bytes;
    this.#writing = true;
    this.#writeSize = piece.length;
    this.#socket.write(piece, this.#taken);
  }

  /** See {@linkcode StreamDriver.closeWrite}. */
  closeWrite(): void {
    this.#socket.end((error?: Error | null) => {
      // A failure comes as an event, too.
      if (!this.#closed && !error) this.#sink?.writeClosed();
    });
  }

  /** See {@linkcode StreamDriver.close}. */
  close(): void {
    this.#end((socket) => {
      if (this.#writing && !this.#hasWritten) this.#destroySoon();
      else socket.destroy();
    });
  }

  /** See {@linkcode StreamDriver.abort}. */
  abort(): void {
    this.#end((socket) => this.reset(socket));
  }

  /** See {@linkcode StreamDriver.unref}. */
  unref(): void {
    this.#socket.unref();
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

  /** Ends the socket, unless it has ended by itself: then only the news of it is left to be told. */
  #end(how: (socket: Socket) => void): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#socketClosed) queueMicrotask(() => this.#sink?.released());
    else how(this.#socket);
  }

  #onData(chunk: Uint8Array): void {
    if (this.#closed) return;
    // Each chunk has memory of its own. As a Buffer its slice() would share that memory, unlike any other Uint8Array's.
    this.#sink?.received(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  #onEnd(): void {
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
    if (!this.#closed) this.#sink?.failed(connectionLost(syscallOf(error), this.#peer, error));
  }

  #onClose(): void {
    this.#socketClosed = true;
    if (this.#closed) this.#sink?.released();
  }
}

/** A driver over a TCP socket. */
export class TcpSocketDriver extends SocketDriver {
  readonly #tcp: Socket;
  /** See {@linkcode StreamDriver.keepsAlive}. */
  readonly keepsAlive: boolean;

  /**
   * @param socket The socket. It belongs to the driver now.
   * @param peer The other end's address.
   * @param host This end's address.
   * @param keepAlive Seconds that the peer may be idle before it is probed; without them, it is not.
   */
  constructor(socket: Socket, peer: IAddress, host: IAddress, keepAlive?: number) {
    super(socket, peer, host);
    this.#tcp = socket;
    this.keepsAlive = keepAlive !== undefined;
    if (keepAlive !== undefined) this.setKeepAliveIdle(keepAlive);
  }

  /** See {@linkcode StreamDriver.setNoDelay}. */
  setNoDelay(enabled: boolean): void {
    this.#tcp.setNoDelay(enabled);
  }

  /** See {@linkcode StreamDriver.setKeepAlive}. */
  setKeepAlive(enabled: boolean): void {
    this.#tcp.setKeepAlive(enabled);
  }

  /** See {@linkcode StreamDriver.setKeepAliveIdle}. */
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
