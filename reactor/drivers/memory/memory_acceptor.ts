import type { Address } from "../../interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import type { Schedule } from "./memory_driver.ts";

/** An attempt to connect, which has reached a listening socket. */
export interface ArrivedAttempt {
  /**
   * Opens the connection.
   *
   * @param schedule Runs the steps of the server's end.
   * @returns The driver of the server's end.
   */
  open(schedule: Schedule): StreamDriver;
  /** Fails the attempt, because the socket has closed. */
  refuse(): void;
}

/**
 * A listening socket in memory.
 *
 * As on Linux, its queue holds one connection more than the backlog. A client is connected as soon
 * as it is in the queue. Further attempts get no answer until there is room.
 */
export class MemoryAcceptor<A extends Address> implements StreamAcceptor<A> {
  readonly address: A;
  readonly #backlog: number;
  readonly #schedule: Schedule;
  readonly #onClosed: () => void;
  readonly #queue: StreamDriver[] = [];
  readonly #unanswered: ArrivedAttempt[] = [];
  #sink: StreamAcceptorSink | null = null;
  #accepting = false;
  #closed = false;

  /**
   * @param address The address to which the socket is bound.
   * @param backlog The length of its queue, less one.
   * @param schedule Runs the steps of the socket and of the connections that it accepts.
   * @param closed Called when the socket is closed: the address is free.
   */
  constructor(address: A, backlog: number, schedule: Schedule, closed: () => void) {
    this.address = address;
    this.#backlog = backlog;
    this.#schedule = schedule;
    this.#onClosed = closed;
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(): void {
    this.#accepting = true;
    this.#wake();
  }

  /** Closes the socket. Connections that it has not accepted are reset. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClosed();
    for (const driver of this.#queue.splice(0)) driver.abort();
    for (const attempt of this.#unanswered.splice(0)) attempt.refuse();
    this.#schedule(() => this.#sink?.released());
  }

  /** Does nothing: a socket in memory does not keep the process alive. */
  unref(): void {}

  /** Receives an attempt to connect. */
  arrived(attempt: ArrivedAttempt): void {
    if (this.#queue.length > this.#backlog) this.#unanswered.push(attempt);
    else this.#admit(attempt);
  }

  /** Forgets a cancelled attempt. */
  withdraw(attempt: ArrivedAttempt): void {
    const index = this.#unanswered.indexOf(attempt);
    if (index >= 0) this.#unanswered.splice(index, 1);
  }

  #admit(attempt: ArrivedAttempt): void {
    this.#queue.push(attempt.open(this.#schedule));
    this.#wake();
  }

  #wake(): void {
    if (this.#accepting && this.#queue.length > 0) this.#schedule(() => this.#deliver());
  }

  #deliver(): void {
    const driver = this.#accepting ? this.#queue.shift() : undefined;
    if (driver === undefined) return;
    this.#accepting = false;
    const next = this.#unanswered.shift();
    if (next !== undefined) this.#admit(next);
    this.#sink?.accepted(driver);
  }
}
