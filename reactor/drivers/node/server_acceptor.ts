/**
 * The acceptor of a `net.Server`.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { isOutOfDescriptors } from "../deno/descriptors.ts";
import { SpareDescriptor } from "../deno/spare_descriptor.ts";
import { timersModule } from "./builtin_modules.ts";
import { errorWithCode } from "../../stream/system_error.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";

// The interval in milliseconds between two checks for free descriptors. During a shortage, a delay
// of one second is acceptable.
const CHECK_MS = 1000;

/** Options of an acceptor. */
export interface ServerAcceptorOptions {
  /** The number of connections that may wait. */
  readonly backlog: number;
  /** Creates the driver of an accepted connection; `null` if the connection is already lost. */
  readonly driverFor: (socket: Socket) => StreamDriver | null;
  /**
   * Makes the server check again for connections. Undefined if the server does not support that.
   */
  readonly lookAgain?: (() => void) | undefined;
}

/**
 * The acceptor of a listening server.
 *
 * The server accepts every connection by itself, so this class has its own backlog: connections
 * that the port has not requested yet wait here, paused. A connection that arrives while the
 * backlog is full is reset, as the system resets waiting connections when a port closes.
 *
 * Once no file descriptor is free, the server of Deno 2.9.6 stops accepting for good and reports
 * nothing. So the acceptor checks every second whether a descriptor is free, which needs no
 * permission, reports a shortage to its port, and makes the server check again for connections. It
 * also does that when one of its connections closes. A server on a UNIX socket cannot check again.
 */
export class ServerAcceptor<A extends Address> implements StreamAcceptor<A> {
  readonly address: A;
  readonly #server: Server;
  readonly #options: ServerAcceptorOptions;
  readonly #waiting: StreamDriver[] = [];
  readonly #stopChecking: () => void;
  #failure: Error | null = null;
  #sink: StreamAcceptorSink | null = null;
  readonly #spare = new SpareDescriptor();
  #isAccepting = false;
  #isShort = false;
  #turningAway = false;
  #closed = false;
  // The callback is created once per server, because a closure per connection would cost time.
  readonly #connectionClosed = (): void => this.#lookAgain();

  /**
   * Creates the acceptor of a server.
   *
   * @param server The server, with `pauseOnConnect` and `allowHalfOpen`. The acceptor closes it.
   * @param address The address on which the server listens.
   * @param options Backlog and drivers of its connections.
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
    this.#stopChecking = this.#checkEverySecond();
    if (options.lookAgain !== undefined) this.#spare.take();
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(turnAway: boolean = false): void {
    this.#isAccepting = true;
    const isIdle = this.#waiting.length === 0;
    this.#turningAway = turnAway && isIdle && this.#spare.isAllowed &&
      this.#options.lookAgain !== undefined;
    if (this.#turningAway) {
      this.#isShort = false;
      this.#spare.release();
      this.#lookAgain();
    } else if (this.#isShort && isIdle) {
      this.#check();
    }
    // Waiting connections are delivered in a later microtask. The port calls accept() again for
    // each delivered connection, and hundreds of nested calls could overflow the stack.
    if (!isIdle || this.#isShort || this.#failure !== null) queueMicrotask(() => this.#deliver());
  }

  /** Closes the server. The address is free at once. */
  close(): void {
    this.#closed = true;
    this.#stopChecking();
    this.#spare.release();
    this.#server.close();
    for (const driver of this.#waiting.splice(0)) driver.abort();
    queueMicrotask(() => this.#sink?.released());
  }

  unref(): void {
    this.#server.unref();
  }

  #checkEverySecond(): () => void {
    if (this.#options.lookAgain === undefined) return () => {};
    const { setInterval, clearInterval } = timersModule();
    // The timer is unreferenced: only the server keeps the process alive.
    const timer = setInterval(() => this.#watch(), CHECK_MS).unref();
    return () => clearInterval(timer);
  }

  #lookAgain(): void {
    if (!this.#closed) this.#options.lookAgain?.();
  }

  /** Records a shortage of descriptors; without one, makes the server check for connections. */
  #check(): void {
    this.#isShort = isOutOfDescriptors();
    if (!this.#isShort) this.#lookAgain();
  }

  #watch(): void {
    // While connections are turned away, the spare descriptor is closed and its place is free. A
    // check for free descriptors would therefore not notice the shortage.
    if (this.#turningAway) return this.#lookAgain();
    this.#check();
    this.#deliver();
  }

  /** Returns whether a connection was turned away because of a shortage of descriptors. */
  #isShortFor(socket: Socket): boolean {
    // If the spare descriptor can be reopened while the new connection is open, descriptors are
    // available again, and the connection is accepted normally.
    const isShort = !this.#spare.take() && this.#turningAway;
    this.#turningAway = false;
    if (!isShort) return false;
    this.#isAccepting = false;
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
      this.#sink?.refused(driver.getPeer(), `the backlog of ${backlog} is full`);
      driver.abort();
      return;
    }
    this.#waiting.push(driver);
    this.#deliver();
  }

  #deliver(): void {
    if (!this.#isAccepting || this.#closed) return;
    const driver = this.#waiting.shift();
    if (driver !== undefined) {
      this.#isAccepting = false;
      this.#sink?.accepted(driver);
      return;
    }
    const shortage = this.#isShort ? errorWithCode("EMFILE", "Too many open files") : null;
    const failure = this.#failure ?? shortage;
    if (failure === null) return;
    this.#failure = null;
    this.#isAccepting = false;
    this.#sink?.acceptFailed(failure);
  }
}
