import { ConnectError } from "../../errors.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { Dial, DialSink } from "../../stream/dial.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import { connectError, errorWithCode } from "../../stream/system_error.ts";
import type { ArrivedAttempt, MemoryAcceptor } from "./memory_acceptor.ts";
import type { Schedule } from "./memory_driver.ts";

/** The way of one attempt to a listening socket. */
export interface MemoryRoute {
  /** The listening socket. */
  readonly acceptor: MemoryAcceptor<Address>;
  /**
   * Opens the connection.
   *
   * @param server Runs the steps of the server's end.
   * @returns The client's end and the server's.
   */
  open(server: Schedule): readonly [StreamDriver, StreamDriver];
  /** Releases what the route has taken. Called in place of `open`. */
  release(): void;
}

/**
 * Returns a dial in memory.
 *
 * @param destination The address to which it connects, for its errors.
 * @param schedule Runs the steps of the client.
 * @param findRoute Finds the listening socket. Throws an error with a system code, or a
 *   `ConnectError`, if there is none.
 */
export function memoryDial(
  destination: Address,
  schedule: Schedule,
  findRoute: () => MemoryRoute,
): Dial {
  return (sink) => {
    const attempt = new MemoryAttempt(destination, schedule, findRoute, sink);
    attempt.start();
    return () => attempt.cancel();
  };
}

class MemoryAttempt implements ArrivedAttempt {
  readonly #destination: Address;
  readonly #schedule: Schedule;
  readonly #findRoute: () => MemoryRoute;
  readonly #sink: DialSink;
  #route: MemoryRoute | null = null;
  #isDone = false;

  constructor(
    destination: Address,
    schedule: Schedule,
    findRoute: () => MemoryRoute,
    sink: DialSink,
  ) {
    this.#destination = destination;
    this.#schedule = schedule;
    this.#findRoute = findRoute;
    this.#sink = sink;
  }

  start(): void {
    this.#schedule(() => this.#arrive());
  }

  cancel(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#route?.acceptor.withdraw(this);
    this.#route?.release();
    this.#sink.released();
  }

  open(server: Schedule): StreamDriver {
    const route = this.#route;
    if (route === null) throw new Error("Cannot open a connection: the attempt has no route");
    this.#route = null;
    const [client, serverEnd] = route.open(server);
    this.#schedule(() => this.#connected(client));
    return serverEnd;
  }

  refuse(): void {
    this.#route?.release();
    this.#route = null;
    this.#schedule(() => this.#fail(refusal()));
  }

  #arrive(): void {
    if (this.#isDone) return;
    try {
      this.#route = this.#findRoute();
    } catch (error) {
      return this.#fail(error);
    }
    this.#route.acceptor.arrived(this);
  }

  #connected(client: StreamDriver): void {
    // The attempt was cancelled while the answer was on its way, so the connection has no owner.
    if (this.#isDone) return client.abort();
    this.#isDone = true;
    this.#sink.connected(client);
    this.#sink.released();
  }

  #fail(cause: unknown): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const isExplained = cause instanceof ConnectError;
    this.#sink.failed(isExplained ? cause : connectError(this.#destination, cause));
    this.#sink.released();
  }
}

/** Returns the error of the system for a destination on which no socket listens. */
export function refusal(): Error {
  return errorWithCode("ECONNREFUSED", "connection refused: no socket listens on this address");
}
