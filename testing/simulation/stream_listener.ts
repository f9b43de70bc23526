/**
 * A simulated listening socket.
 *
 * @module
 */

import { isWildcard, reaches } from "../../reactor/drivers/memory/local_hosts.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../../reactor/stream/stream_acceptor.ts";
import type { Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import type { StreamEnd } from "./stream_end.ts";

/** The address of a listening socket, and its options. */
export interface ListenerOptions {
  /** The IP address; `""` for a UNIX socket. */
  readonly host: string;
  /** The port number, or the path of a UNIX socket. */
  readonly port: number | string;
  /** The number of connections that may wait to be accepted. */
  readonly backlog: number;
  /** Seconds without a byte before the system probes the peer of a connection. */
  readonly keepAlive?: number | undefined;
  /** Whether the socket holds the lock file of a UNIX socket. */
  readonly isLocked?: boolean;
}

/** A socket that listens on a port or on a path. */
export class StreamListener<A extends Address = Address> implements StreamAcceptor<A> {
  readonly address: A;
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #options: ListenerOptions;
  /** Connections that are established and wait to be accepted. */
  #waiting: StreamEnd[] = [];
  #sink: StreamAcceptorSink | null = null;
  #isAccepting = false;
  /** The time until which the queue counts as full, by a fault. */
  #fullUntil = 0;
  #closed = false;

  /**
   * @param machine The machine on which the socket listens.
   * @param address The address to report.
   * @param options The address and its options.
   */
  constructor(machine: Machine, address: A, options: ListenerOptions) {
    this.#machine = machine;
    this.#process = machine.process;
    this.address = address;
    this.#options = options;
    machine.listeners.add(this);
  }

  /** Whether the system ignores connection attempts, because too many connections wait. */
  get isFull(): boolean {
    // As on Linux, the queue holds one connection more than the backlog: see listen(2).
    return this.#waiting.length > this.#options.backlog ||
      this.#machine.schedule.now < this.#fullUntil;
  }

  /** Lets the queue count as full until a time in microseconds. */
  fillUntil(time: number): void {
    this.#fullUntil = time;
  }

  /** Whether the socket is closed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether the socket is bound to all addresses. */
  get isOnAll(): boolean {
    return isWildcard(this.#options.host);
  }

  /** Whether the socket holds its lock file. */
  get isLocked(): boolean {
    return this.#options.isLocked ?? false;
  }

  /** Returns whether connections to an address reach this socket. */
  isReachedBy(host: string, port: number | string): boolean {
    if (port !== this.#options.port) return false;
    return typeof port === "string" || reaches(this.#options.host, host);
  }

  /** Adds an established connection. */
  add(end: StreamEnd): void {
    this.#waiting.push(end);
    if (this.#isAccepting) this.#process.run(() => this.#acceptNext());
  }

  /** Closes the socket without the program. Returns the connections that wait to be accepted. */
  shut(): StreamEnd[] {
    this.#closed = true;
    this.#isAccepting = false;
    return this.#waiting.splice(0);
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
    this.#machine.listeners.delete(this);
    const { port } = this.#options;
    if (typeof port === "string") this.#machine.socketFiles.delete(port);
    for (const end of this.shut()) end.discard();
    this.#later(() => this.#sink?.released());
  }

  /** Does nothing: a simulated socket does not keep the process alive. */
  unref(): void {}

  #acceptNext(): void {
    const end = this.#isAccepting ? this.#waiting.shift() : undefined;
    if (end === undefined) return;
    this.#isAccepting = false;
    end.setKeepAliveOption(this.#options.keepAlive);
    this.#sink?.accepted(end);
  }

  #later(f: () => void): void {
    this.#machine.schedule.at(this.#machine.schedule.now, () => this.#process.run(f));
  }
}
