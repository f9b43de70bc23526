/**
 * Accepts the connections of a `net.Server`.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { debug } from "../../log/mod.ts";
import type { IAddress } from "../interfaces.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../stream_acceptor.ts";
import type { StreamDriver } from "../stream_driver.ts";

// A program that lacks file descriptors for a second more does not suffer for that.
const LOOK_AGAIN_MS = 1000;

/** How a server's connections are accepted. */
export interface ServerAcceptorOptions {
  /** How many connections may wait. */
  readonly backlog: number;
  /** Makes the driver of an accepted connection; `null` when that has gone already. */
  readonly driverFor: (socket: Socket) => StreamDriver | null;
  /** Has the server look again for connections, where it can be told to. */
  readonly lookAgain?: () => void;
}

/**
 * An acceptor over a server that listens.
 *
 * The server accepts by itself whatever comes, so here is the backlog: what comes before it is asked for waits, paused. What finds the
 * backlog full is reset, as the system resets what waits when the port is closed.
 *
 * When there are no file descriptors left, the server of Deno 2.9.6 accepts no more, ever, and tells nobody. So it is told to look again
 * whenever one of its connections has closed, and every second for those descriptors that others give back. It costs a system call each.
 * On a UNIX socket it cannot be told to.
 */
export class ServerAcceptor implements StreamAcceptor {
  /** See {@linkcode StreamAcceptor.address}. */
  readonly address: IAddress;
  readonly #server: Server;
  readonly #options: ServerAcceptorOptions;
  readonly #waiting: StreamDriver[] = [];
  readonly #stopLooking: () => void;
  #failure: Error | null = null;
  #sink: StreamAcceptorSink | null = null;
  #asked = false;
  #closed = false;
  // One for all its connections.
  readonly #connectionClosed = (): void => this.#lookAgain();

  /**
   * @param server The server, with `pauseOnConnect` and `allowHalfOpen`. It belongs to the acceptor now.
   * @param address Where it listens.
   * @param options How its connections are accepted.
   */
  constructor(server: Server, address: IAddress, options: ServerAcceptorOptions) {
    this.#server = server;
    this.address = address;
    this.#options = options;
    server.on("connection", (socket) => this.#arrived(socket));
    server.on("error", (error) => {
      this.#failure = error;
      this.#deliver();
    });
    this.#stopLooking = this.#lookEverySecond();
  }

  /** See {@linkcode StreamAcceptor.attach}. */
  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  /** See {@linkcode StreamAcceptor.accept}. */
  accept(): void {
    this.#asked = true;
    // Later, as from the system: its port asks for the next one within `accepted`, and there may be hundreds.
    if (this.#waiting.length > 0 || this.#failure !== null) queueMicrotask(() => this.#deliver());
  }

  /** See {@linkcode StreamAcceptor.close}. The address is free at once. */
  close(): void {
    this.#closed = true;
    this.#stopLooking();
    this.#server.close();
    for (const driver of this.#waiting.splice(0)) driver.abort();
    queueMicrotask(() => this.#sink?.released());
  }

  /** See {@linkcode StreamAcceptor.unref}. */
  unref(): void {
    this.#server.unref();
  }

  #lookEverySecond(): () => void {
    if (this.#options.lookAgain === undefined) return () => {};
    const { setInterval, clearInterval } = globalThis.process.getBuiltinModule("node:timers");
    // It is the server that holds the process.
    const timer = setInterval(() => this.#lookAgain(), LOOK_AGAIN_MS).unref();
    return () => clearInterval(timer);
  }

  #lookAgain(): void {
    if (!this.#closed) this.#options.lookAgain?.();
  }

  #arrived(socket: Socket): void {
    socket.once("close", this.#connectionClosed);
    const { backlog, driverFor } = this.#options;
    const driver = driverFor(socket);
    if (driver === null) {
      socket.destroy();
      return;
    }
    if (this.#waiting.length >= backlog) {
      debug(`Refused a connection to ${this.address}: ${backlog} wait already`);
      driver.abort();
      return;
    }
    this.#waiting.push(driver);
    this.#deliver();
  }

  #deliver(): void {
    if (!this.#asked || this.#closed) return;
    const failure = this.#failure;
    if (failure !== null) {
      this.#failure = null;
      this.#asked = false;
      this.#sink?.acceptFailed(failure);
      return;
    }
    const driver = this.#waiting.shift();
    if (driver === undefined) return;
    this.#asked = false;
    this.#sink?.accepted(driver);
  }
}
