/**
 * Accepts the connections of a `net.Server`.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { isOutOfDescriptors } from "../deno/descriptors.ts";
import { SpareDescriptor } from "../deno/spare_descriptor.ts";
import { errorWithCode } from "../deno/system_error.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";

// A program that lacks file descriptors for a second more does not suffer for that.
const LOOK_AGAIN_MS = 1000;

/** How a server's connections are accepted. */
export interface ServerAcceptorOptions {
  /** How many connections may wait. */
  readonly backlog: number;
  /** Makes the driver of an accepted connection; `null` when that has gone already. */
  readonly driverFor: (socket: Socket) => StreamDriver | null;
  /** Has the server look again for connections, where it can be told to. */
  readonly lookAgain?: (() => void) | undefined;
}

/**
 * An acceptor over a server that listens.
 *
 * The server accepts by itself whatever comes, so here is the backlog: what comes before it is
 * asked for waits, paused. What finds the backlog full is reset, as the system resets what waits
 * when the port is closed.
 *
 * When no file descriptor is left, the server of Deno 2.9.6 stops accepting for good and reports
 * nothing. So the acceptor looks every second whether one is left, which needs no permission,
 * reports the shortage to its port, and has the server look again for connections. It also has the
 * server look again whenever one of its connections has closed. A server on a UNIX socket cannot
 * look again.
 */
export class ServerAcceptor<A extends Address> implements StreamAcceptor<A> {
  readonly address: A;
  readonly #server: Server;
  readonly #options: ServerAcceptorOptions;
  readonly #waiting: StreamDriver[] = [];
  readonly #stopLooking: () => void;
  #failure: Error | null = null;
  #sink: StreamAcceptorSink | null = null;
  readonly #spare = new SpareDescriptor();
  #asked = false;
  #short = false;
  #turningAway = false;
  #closed = false;
  // One for all its connections.
  readonly #connectionClosed = (): void => this.#lookAgain();

  /**
   * @param server The server, with `pauseOnConnect` and `allowHalfOpen`. It belongs to the acceptor
   *   now.
   * @param address Where it listens.
   * @param options How its connections are accepted.
   */
  constructor(server: Server, address: A, options: ServerAcceptorOptions) {
    this.#server = server;
    this.address = address;
    this.#options = options;
    server.on("connection", (socket) => this.#arrived(socket));
    server.on("error", (error) => {
      this.#failure = error;
      this.#deliver();
    });
    this.#stopLooking = this.#lookEverySecond();
    if (options.lookAgain !== undefined) this.#spare.take();
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(turnAway = false): void {
    this.#asked = true;
    const isIdle = this.#waiting.length === 0;
    this.#turningAway = turnAway && isIdle && this.#spare.isAllowed &&
      this.#options.lookAgain !== undefined;
    if (this.#turningAway) {
      this.#short = false;
      this.#spare.release();
      this.#lookAgain();
    } else if (this.#short && isIdle) {
      this.#look();
    }
    // Later, as from the system: its port asks for the next one within `accepted`, and there may be
    // hundreds.
    if (!isIdle || this.#short || this.#failure !== null) queueMicrotask(() => this.#deliver());
  }

  /** See {@linkcode StreamAcceptor.close}. The address is free at once. */
  close(): void {
    this.#closed = true;
    this.#stopLooking();
    this.#spare.release();
    this.#server.close();
    for (const driver of this.#waiting.splice(0)) driver.abort();
    queueMicrotask(() => this.#sink?.released());
  }

  unref(): void {
    this.#server.unref();
  }

  #lookEverySecond(): () => void {
    if (this.#options.lookAgain === undefined) return () => {};
    const { setInterval, clearInterval } = globalThis.process.getBuiltinModule("node:timers");
    // It is the server that holds the process.
    const timer = setInterval(() => this.#watch(), LOOK_AGAIN_MS).unref();
    return () => clearInterval(timer);
  }

  #lookAgain(): void {
    if (!this.#closed) this.#options.lookAgain?.();
  }

  /** Notes a shortage, or has the server look for connections. */
  #look(): void {
    this.#short = isOutOfDescriptors();
    if (!this.#short) this.#lookAgain();
  }

  #watch(): void {
    // While connections are turned away, the spare descriptor is free.
    if (this.#turningAway) return this.#lookAgain();
    this.#look();
    this.#deliver();
  }

  /** Returns whether a connection has come that is to be turned away. */
  #isShortFor(socket: Socket): boolean {
    // If the spare descriptor can be had again beside the connection, there is no shortage.
    const isShort = !this.#spare.take() && this.#turningAway;
    this.#turningAway = false;
    if (!isShort) return false;
    this.#asked = false;
    socket.destroy();
    this.#sink?.turnedAway();
    return true;
  }

  #arrived(socket: Socket): void {
    socket.once("close", this.#connectionClosed);
    if (this.#isShortFor(socket)) return;
    const { backlog, driverFor } = this.#options;
    const driver = driverFor(socket);
    if (driver === null) {
      socket.destroy();
      return;
    }
    if (this.#waiting.length >= backlog) {
      this.#sink?.refused(driver.getPeer(), `${backlog} wait already`);
      driver.abort();
      return;
    }
    this.#waiting.push(driver);
    this.#deliver();
  }

  #deliver(): void {
    if (!this.#asked || this.#closed) return;
    const driver = this.#waiting.shift();
    if (driver !== undefined) {
      this.#asked = false;
      this.#sink?.accepted(driver);
      return;
    }
    const shortage = this.#short ? errorWithCode("EMFILE", "Too many open files") : null;
    const failure = this.#failure ?? shortage;
    if (failure === null) return;
    this.#failure = null;
    this.#asked = false;
    this.#sink?.acceptFailed(failure);
  }
}
