/**
 * A simulated connection attempt.
 *
 * @module
 */

import { BadFileError, type ConnectError } from "../../reactor/errors.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { DialSink } from "../../reactor/stream/dial.ts";
import { connectError, errorWithCode } from "../../reactor/stream/system_error.ts";
import type { Link } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import { type ScheduledEvent, SECOND } from "./schedule.ts";
import { connectEnds, HEADER, MOST_DELAY, type Opening, type StreamEnd } from "./stream_end.ts";
import type { StreamListener } from "./stream_listener.ts";

/** The first time after which an unanswered attempt is repeated. It doubles (RFC 6298). */
const FIRST_RETRY = SECOND;
/** The number of repetitions before the system gives up: `tcp_syn_retries` of Linux. */
const MOST_RETRIES = 6;
/** The time without an answer after which the system gives up. */
const GIVE_UP = FIRST_RETRY * (2 ** (MOST_RETRIES + 1) - 1);
/** The time after which an attempt is repeated at a UNIX socket whose queue is full. */
const UNIX_RETRY = SECOND / 20;

/** The longest time for which a queue is full by a fault, in microseconds. */
const MOST_FULL = 5 * SECOND;

/** The descriptions of the errors of an attempt, by the system's names. */
const REASONS = {
  ECONNREFUSED: "connection refused",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "no simulated host has this address",
  ENETUNREACH: "the host has no address of the same family",
  EADDRNOTAVAIL: "the host does not have the local address, or no free local port",
  EADDRINUSE: "the local address is in use",
  ENOENT: "there is no such file",
} as const;

/** The reason for which an attempt fails before a packet is sent. */
export type Obstacle = keyof typeof REASONS | "no lock";

/** Where an attempt leads, and where it comes from. */
export interface Route {
  readonly target: Machine;
  /** The IP address; `""` for a UNIX socket. */
  readonly host: string;
  /** The port, or the path of a UNIX socket. */
  readonly port: number | string;
  readonly local: Address;
  readonly remote: Address;
}

/** Options of {@linkcode ConnectAttempt}. */
export interface AttemptOptions {
  /** The address to report in errors. */
  readonly destination: Address;
  /** Finds the destination and takes a local end; returns the obstacle if there is one. */
  findRoute(): Route | Obstacle;
  /** Releases the local end that {@linkcode findRoute} has taken. */
  releaseRoute(route: Route): void;
  /** Seconds without a byte before the system probes the peer. */
  readonly keepAlive?: number | undefined;
}

/** One attempt to connect. */
export class ConnectAttempt {
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #options: AttemptOptions;
  readonly #sink: DialSink;
  #route: Route | null = null;
  #isDone = false;
  #retries = 0;
  #retryEvent: ScheduledEvent | null = null;

  /**
   * @param machine The machine that connects.
   * @param process Its process.
   * @param options The destination and the options.
   * @param sink Receives the outcome.
   */
  constructor(machine: Machine, process: Process, options: AttemptOptions, sink: DialSink) {
    this.#machine = machine;
    this.#process = process;
    this.#options = options;
    this.#sink = sink;
  }

  /** Sends the first packet. */
  start(): void {
    if (!this.#process.isAlive) return;
    const { destination } = this.#options;
    this.#machine.note(() => `connects to ${destination}`);
    const route = this.#options.findRoute();
    if (typeof route === "string") return this.#later(() => this.#fail(route));
    this.#route = route;
    const link = this.#machine.network.link(this.#machine, route.target);
    if (link.site.next("refuse") > 0) {
      this.#at(link.arrival(HEADER) + link.latency, () => this.#fail("ECONNREFUSED"));
    } else if (link.site.next("ignore") > 0) {
      this.#retryLater(() => this.#process.run(() => this.#fail("ETIMEDOUT")), GIVE_UP);
    } else {
      this.#send(route, link);
    }
  }

  /** Cancels the attempt. Only `released` follows. */
  cancel(): void {
    if (this.#isDone || !this.#process.isAlive) return;
    this.#finish();
    this.#later(() => this.#sink.released());
  }

  #send(route: Route, link: Link): void {
    if (this.#isDone || !this.#process.isAlive) return;
    const tries = this.#retries++;
    if (tries > MOST_RETRIES) return this.#process.run(() => this.#fail("ETIMEDOUT"));
    if (link.isOpen) {
      const time = link.arrival(HEADER) + link.site.next("delay", 1, MOST_DELAY);
      this.#machine.schedule.at(time, () => this.#arrive(route, link));
    }
    const isUNIX = typeof route.port === "string";
    if (isUNIX) this.#retries = 0;
    this.#retryLater(
      () => this.#send(route, link),
      isUNIX ? UNIX_RETRY : FIRST_RETRY * 2 ** tries,
    );
  }

  #retryLater(retry: () => void, delay: number): void {
    const { schedule } = this.#machine;
    this.#retryEvent = schedule.at(schedule.now + delay, () => {
      this.#retryEvent = null;
      retry();
    });
  }

  /** Called when a packet arrives at the target, which may have crashed. */
  #arrive(route: Route, link: Link): void {
    const { target, host, port } = route;
    if (this.#isDone || !target.isUp) return;
    const back = target.network.link(target, this.#machine);
    // The answer is lost, and the attempt will be repeated.
    if (!back.isOpen) return;
    const answered = back.arrival(HEADER);
    const listener = target.listenerAt(host, port);
    if (listener === null) {
      this.#at(answered, () => this.#fail("ECONNREFUSED"));
    } else if (this.#isTakenBy(listener, target)) {
      this.#at(answered + back.site.next("delay", 1, MOST_DELAY), () => {
        this.#connected(route, link, listener);
      });
    }
  }

  #isTakenBy(listener: StreamListener, { site, schedule }: Machine): boolean {
    const full = listener.isFull ? 0 : site.next("full queue", 1, MOST_FULL);
    if (full > 0) listener.fillUntil(schedule.now + full);
    return !listener.isFull;
  }

  /** Called when the answer has arrived. A packet that was repeated has several answers. */
  #connected({ target, local, remote }: Route, link: Link, listener: StreamListener): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#stopRetrying();
    this.#machine.note(() => `is connected to ${remote}`);
    const back = target.network.link(target, this.#machine);
    const [here] = connectEnds(
      { machine: this.#machine, link, address: local },
      { machine: target, link: back, address: remote },
      (there) => acceptAt(listener, there),
    );
    here.setKeepAliveOption(this.#options.keepAlive);
    here.open();
    this.#sink.connected(here);
    this.#later(() => this.#sink.released());
  }

  #fail(code: Obstacle): void {
    if (this.#isDone) return;
    this.#finish();
    const error = errorOf(this.#options.destination, code);
    this.#machine.note(() => error.message);
    this.#sink.failed(error);
    this.#sink.released();
  }

  /** Ends the attempt without a connection. */
  #finish(): void {
    this.#isDone = true;
    this.#stopRetrying();
    if (this.#route !== null) this.#options.releaseRoute(this.#route);
  }

  #stopRetrying(): void {
    if (this.#retryEvent !== null) this.#machine.schedule.cancel(this.#retryEvent);
    this.#retryEvent = null;
  }

  #later(f: () => void): void {
    this.#at(this.#machine.schedule.now, f);
  }

  #at(time: number, f: () => void): void {
    this.#machine.schedule.at(time, () => this.#process.run(f));
  }
}

/** Passes an established connection to its listening socket, which may have closed. */
function acceptAt(listener: StreamListener, end: StreamEnd): Opening {
  if (listener.isClosed) return "closed";
  if (listener.isFull) return "full";
  listener.add(end);
  return "accepted";
}

function errorOf(to: Address, code: Obstacle): ConnectError {
  if (code !== "no lock") return connectError(to, errorWithCode(code, REASONS[code]));
  const address = String(to);
  const why = `no process holds the lock ${address}.lock`;
  const details = { syscall: "readlink", address };
  return new BadFileError(`Cannot connect to ${address}: ${why}`, details);
}
