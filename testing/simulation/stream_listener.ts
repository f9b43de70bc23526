/**
 * A simulated listening socket.
 *
 * @module
 */

import { isIPv6Address } from "../../reactor/addresses.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../reactor/stream/stream_acceptor.ts";
import { isWildcard, type Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import type { StreamEnd } from "./stream_end.ts";

/** A socket that listens on a port or on a path. */
export class StreamListener<A extends Address = Address> implements StreamAcceptor<A> {
  readonly address: A;
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #host: string;
  readonly #port: number | string;
  readonly #backlog: number;
  /** Connections that are established and wait to be accepted. */
  #waiting: StreamEnd[] = [];
  #sink: StreamAcceptorSink | null = null;
  #isAccepting = false;
  #closed = false;

  /**
   * @param machine The machine on which the socket listens.
   * @param address The address to report.
   * @param host The IP address; `""` for a UNIX socket.
   * @param port The port number, or the path of a UNIX socket.
   * @param backlog The number of connections that may wait to be accepted.
   */
  constructor(machine: Machine, address: A, host: string, port: number | string, backlog: number) {
    this.#machine = machine;
    this.#process = machine.process;
    this.address = address;
    this.#host = host;
    this.#port = port;
    this.#backlog = backlog;
    machine.listeners.add(this);
  }

  /** Whether the system ignores connection attempts, because too many connections wait. */
  get isFull(): boolean {
    // As on Linux, the queue holds one connection more than the backlog: see listen(2).
    return this.#waiting.length > this.#backlog;
  }

  /** Returns whether connections to an address reach this socket. */
  isAt(host: string, port: number | string): boolean {
    if (port !== this.#port) return false;
    if (typeof port === "string" || host === this.#host || this.#host === "::") return true;
    return isWildcard(this.#host) && !isIPv6Address(host);
  }

  /** Adds an established connection. */
  add(end: StreamEnd): void {
    this.#waiting.push(end);
    if (this.#isAccepting) this.#process.run(() => this.#acceptNext());
  }

  /** Resets the connections that wait to be accepted. */
  resetWaiting(): void {
    for (const end of this.#waiting.splice(0)) end.abort();
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(): void {
    this.#isAccepting = true;
    if (this.#waiting.length > 0) this.#later(() => this.#acceptNext());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#isAccepting = false;
    this.#machine.listeners.delete(this);
    this.resetWaiting();
    this.#later(() => this.#sink?.released());
  }

  /** Does nothing: a simulated socket does not keep the process alive. */
  unref(): void {}

  #acceptNext(): void {
    const end = this.#isAccepting ? this.#waiting.shift() : undefined;
    if (end === undefined) return;
    this.#isAccepting = false;
    this.#sink?.accepted(end);
  }

  #later(f: () => void): void {
    this.#machine.schedule.at(this.#machine.schedule.now, () => this.#process.run(f));
  }
}
