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

/**
 * An acceptor over a server that listens.
 *
 * The server accepts by itself whatever comes, so here is the backlog: what comes before it is asked for waits, paused. What finds the
 * backlog full is reset, as the system resets what waits when the port is closed.
 */
export class ServerAcceptor implements StreamAcceptor {
  /** See {@linkcode StreamAcceptor.address}. */
  readonly address: IAddress;
  readonly #server: Server;
  readonly #backlog: number;
  readonly #driverFor: (socket: Socket) => StreamDriver | null;
  readonly #waiting: StreamDriver[] = [];
  #failure: Error | null = null;
  #sink: StreamAcceptorSink | null = null;
  #asked = false;
  #closed = false;

  /**
   * @param server The server, with `pauseOnConnect` and `allowHalfOpen`. It belongs to the acceptor now.
   * @param address Where it listens.
   * @param backlog How many connections may wait.
   * @param driverFor Makes the driver of an accepted connection; `null` when that has gone already.
   */
  constructor(
    server: Server,
    address: IAddress,
    backlog: number,
    driverFor: (socket: Socket) => StreamDriver | null,
  ) {
    this.#server = server;
    this.address = address;
    this.#backlog = backlog;
    this.#driverFor = driverFor;
    server.on("connection", (socket) => this.#arrived(socket));
    server.on("error", (error) => {
      this.#failure = error;
      this.#deliver();
    });
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
    this.#server.close();
    for (const driver of this.#waiting.splice(0)) driver.abort();
    queueMicrotask(() => this.#sink?.released());
  }

  /** See {@linkcode StreamAcceptor.unref}. */
  unref(): void {
    this.#server.unref();
  }

  #arrived(socket: Socket): void {
    const driver = this.#driverFor(socket);
    if (driver === null) {
      socket.destroy();
      return;
    }
    if (this.#waiting.length >= this.#backlog) {
      debug(`Refused a connection to ${this.address}: ${this.#backlog} wait already`);
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
