/**
 * A simulated connection attempt.
 *
 * @module
 */

import {
  type ConnectError,
  ConnectionRefusedError,
  ConnectTimeoutError,
  NoRouteError,
} from "../../reactor/errors.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { DialSink } from "../../reactor/stream/dial.ts";
import type { Link } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import { SECOND } from "./schedule.ts";
import { connectEnds, HEADER, MOST_DELAY, type StreamEnd } from "./stream_end.ts";

/** The first time after which an unanswered attempt is repeated. It doubles (RFC 6298). */
const FIRST_RETRY = SECOND;
/** The number of repetitions before the system gives up: `tcp_syn_retries` of Linux. */
const MOST_RETRIES = 6;

/** Where an attempt leads, and where it comes from. */
export interface Route {
  /** The machine with the address; `null` if there is none. */
  readonly target: Machine | null;
  /** The host of the address; `""` for a UNIX socket. */
  readonly host: string;
  /** The port, or the path of a UNIX socket. */
  readonly port: number | string;
  readonly local: Address;
  readonly remote: Address;
}

/** One attempt to connect. */
export class ConnectAttempt {
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #route: Route;
  readonly #sink: DialSink;
  #isDone = false;
  /** Whether the target has answered. A repeated packet then opens no second connection. */
  #isAnswered = false;
  #retries = 0;

  /**
   * @param machine The machine that connects.
   * @param route The destination and the source.
   * @param sink Receives the outcome.
   */
  constructor(machine: Machine, route: Route, sink: DialSink) {
    this.#machine = machine;
    this.#process = machine.process;
    this.#route = route;
    this.#sink = sink;
  }

  /** Sends the first packet. */
  start(): void {
    const { target, remote } = this.#route;
    this.#machine.note(() => `connects to ${remote}`);
    if (target === null) {
      this.#later(() => {
        const address = String(remote);
        const cause = new Error("no simulated host has this address");
        const message = `Cannot connect to ${address}: ${cause.message}`;
        const details = { code: "EHOSTUNREACH", syscall: "connect", address, cause };
        this.#fail(new NoRouteError(message, details));
      });
      return;
    }
    const link = this.#machine.surroundings.link(this.#machine, target);
    if (link.site.next("refuse") > 0) {
      this.#at(link.arrival(HEADER) + link.latency, () => this.#refused());
    } else if (link.site.next("ignore") === 0) {
      this.#send(target, link);
    }
  }

  /** Cancels the attempt. Only `released` follows. */
  cancel(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#later(() => this.#sink.released());
  }

  #send(target: Machine, link: Link): void {
    if (this.#isDone || this.#isAnswered || !this.#machine.isUp) return;
    const tries = this.#retries++;
    if (tries > MOST_RETRIES) return this.#process.run(() => this.#timedOut());
    if (link.isOpen) {
      const time = link.arrival(HEADER) + link.site.next("delay", 1, MOST_DELAY);
      this.#machine.schedule.at(time, () => this.#arrive(target, link));
    }
    this.#machine.schedule.at(
      this.#machine.schedule.now + FIRST_RETRY * 2 ** tries,
      () => this.#send(target, link),
    );
  }

  /** Called at the target, which may have crashed. */
  #arrive(target: Machine, link: Link): void {
    if (this.#isDone || this.#isAnswered || !target.isUp) return;
    const { host, port, local, remote } = this.#route;
    const back = target.surroundings.link(target, this.#machine);
    const listener = target.listenerAt(host, port);
    // The answer is lost, and the attempt will be repeated.
    if (!back.isOpen || listener?.isFull) return;
    this.#isAnswered = true;
    if (listener === null) {
      this.#machine.schedule.at(
        back.arrival(HEADER),
        () => this.#process.run(() => this.#refused()),
      );
      return;
    }
    const [here, there] = connectEnds(
      { machine: this.#machine, link, address: local },
      { machine: target, link: back, address: remote },
    );
    const answered = back.arrival(HEADER) + back.site.next("delay", 1, MOST_DELAY);
    this.#machine.schedule.at(answered, () => this.#process.run(() => this.#connected(here)));
    listener.add(there);
  }

  #connected(end: StreamEnd): void {
    // The attempt was cancelled while the answer was on its way.
    if (this.#isDone) return end.abort();
    this.#isDone = true;
    this.#machine.note(() => `is connected to ${this.#route.remote}`);
    this.#sink.connected(end);
    this.#later(() => this.#sink.released());
  }

  #refused(): void {
    const address = String(this.#route.remote);
    const cause = new Error("connection refused");
    const message = `Cannot connect to ${address}: ${cause.message}`;
    const details = { code: "ECONNREFUSED", syscall: "connect", address, cause };
    this.#fail(new ConnectionRefusedError(message, details));
  }

  #timedOut(): void {
    const address = String(this.#route.remote);
    this.#fail(
      new ConnectTimeoutError(`Cannot connect to ${address}: connection timed out`, {
        code: "ETIMEDOUT",
        syscall: "connect",
        address,
      }),
    );
  }

  #fail(error: ConnectError): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#machine.note(() => error.message);
    this.#sink.failed(error);
    this.#sink.released();
  }

  #later(f: () => void): void {
    this.#at(this.#machine.schedule.now, f);
  }

  #at(time: number, f: () => void): void {
    this.#machine.schedule.at(time, () => this.#process.run(f));
  }
}
