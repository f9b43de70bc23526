/**
 * The state machine of datagram ports, for every driver.
 *
 * It opens and closes the port, queues datagrams and calls the protocol. It uses no API of Deno or
 * node; the driver does. Three rules apply:
 *
 * - One datagram is sent at a time, and the next ones wait in a queue of limited size. Parallel
 *   sends would be reordered, and Deno would process all of them before the pending receive
 *   (measured on Deno 2.9.6: of 20,000 datagrams to a port of the same process, 16,194 arrive with
 *   one send at a time, 1,193 with a thousand).
 * - An error in a method of the protocol is logged, and the port stays open. The exceptions are
 *   `makeConnection` and `doStop`, whose errors go to the caller that opens or closes the port.
 * - A port that is being closed sends the queued datagrams and then calls `doStop` once, never
 *   within another call of the protocol.
 *
 * The semantics are those of Twisted's `udp.Port`, with three differences. In Twisted, `write`
 * sends immediately and raises the system's error; here the error occurs later and is logged.
 * Twisted passes the beginning of a datagram longer than `maxPacketSize` to the protocol; here it
 * is dropped. And if a protocol fails in `makeConnection`, the port is closed.
 *
 * @module
 */

import { checkDatagramProtocol } from "../lifecycle/argument_checks.ts";
import { Deferred } from "../../defer/deferred.ts";
import { Fifo } from "../../defer/fifo.ts";
import { succeed } from "../../defer/succeed.ts";
import { callWithSystem, enterSystem, leaveSystem } from "../../log/context.ts";
import { msg, warn } from "../../log/mod.ts";
import type { ConnectionContext } from "../stream/connection_context.ts";
import type { DatagramDriver, DatagramDriverSink } from "./datagram_driver.ts";
import type { DatagramLimits } from "./datagram_limits.ts";
import type { MicrotaskTask } from "../lifecycle/microtask_queue.ts";
import type { Address, DatagramPortStats, IDatagramTransport } from "../interfaces/mod.ts";
import { alike, LogThrottle } from "../lifecycle/log_throttle.ts";
import type { ReactorResource } from "../lifecycle/open_resources.ts";
import {
  asError,
  callGuarded,
  logPrefixOf,
  logUserError,
  nameInLog,
  onRejection,
} from "../../defer/guarded_call.ts";
import { codeOf } from "../../internal/foreign_value.ts";

// An upper estimate, in bytes, of the memory that a queued datagram needs in addition to its data.
// It is counted so that the write buffer limit also stops an endless queue of empty datagrams.
const DATAGRAM_OVERHEAD = 256;

/** The members of its protocol that every port uses. */
export interface DatagramPortProtocol {
  doStop(): void;
  connectionRefused(): void;
  logPrefix?(): string;
  readonly noisy?: boolean;
}

/** A queued datagram. */
interface Waiting<A> {
  readonly datagram: Uint8Array;
  readonly to: A;
}

/** The base class of UDP and UNIX datagram ports. */
export abstract class DatagramPort<
  A extends Address,
  D extends DatagramDriver<A>,
  P extends DatagramPortProtocol,
> implements IDatagramTransport, DatagramDriverSink<A>, ReactorResource, MicrotaskTask {
  /** The protocol that receives the datagrams. */
  protected readonly protocol: P;
  readonly #host: ConnectionContext;
  readonly #limits: DatagramLimits;
  readonly #bind: () => D;
  #driver: D | null = null;
  #address: A | null = null;
  /** The Deferreds of `stopListening()`; `null` if the port is not closing. */
  #stopping: Deferred<void>[] | null = null;
  /** Whether `close()` of the driver has been called. */
  #closing = false;
  #started = false;

  #queue = new Fifo<Waiting<A>>();
  #queued = 0;
  /** The destination of the datagram that is being sent; `null` if there is none. */
  #sendingTo: A | null = null;
  #pumping = false;

  // These log lines are rate-limited, so that a peer that floods the port cannot fill the disk with
  // them.
  readonly #overfull: LogThrottle;
  readonly #oversized: LogThrottle;
  readonly #sendFailures: LogThrottle;
  readonly #receiveFailures: LogThrottle;

  /**
   * @param host The services of the reactor.
   * @param protocol The protocol that receives the datagrams.
   * @param limits The limits of the port.
   * @param bind A function that binds the address, and throws a `CannotListenError` if it cannot.
   */
  constructor(host: ConnectionContext, protocol: P, limits: DatagramLimits, bind: () => D) {
    checkDatagramProtocol(protocol);
    this.protocol = protocol;
    this.#host = host;
    this.#limits = limits;
    this.#bind = bind;
    this.#overfull = new LogThrottle(host.reactor);
    this.#oversized = new LogThrottle(host.reactor);
    this.#sendFailures = new LogThrottle(host.reactor);
    this.#receiveFailures = new LogThrottle(host.reactor);
  }

  get stats(): DatagramPortStats {
    return {
      oversized: this.#oversized.count,
      unsent: this.#overfull.count,
      failedSends: this.#sendFailures.count,
      failedReceives: this.#receiveFailures.count,
    };
  }

  startListening(): void {
    if (this.#driver !== null) {
      throw new Error(`Cannot listen on ${this.#address}: this port is already listening`);
    }
    const driver = this.#bind();
    this.#driver = driver;
    this.#address = driver.address;
    this.bound(driver);
    this.#host.resources.add(this);
    driver.attach(this);
    if (this.#isNoisy) {
      msg(`${nameInLog(this.protocol)} starting on ${this.portName(driver.address)}`);
    }
    this.#startProtocol();
    this.#host.reactor.callWhenRunning(() => {
      if (this.#driver === driver && this.#stopping === null) driver.startReceiving();
    });
  }

  /** Returns the protocol and the address, for logs: `Pong on 53`, `Pong on 53 (closed)`. */
  toString(): string {
    const where = this.#address === null ? "no address" : this.portName(this.#address);
    return `${nameInLog(this.protocol)} on ${where}${this.#driver === null ? " (closed)" : ""}`;
  }

  /** Describes the port for `reactor.describe()`, with its counters. */
  describe(): string {
    const { oversized, unsent, failedSends, failedReceives } = this.stats;
    return `${this}: oversized ${oversized}, unsent ${unsent}, failed sends ${failedSends}, ` +
      `failed receives ${failedReceives}`;
  }

  stopListening(): Deferred<void> {
    if (this.#driver === null) return succeed();
    const stopped = new Deferred<void>();
    if (this.#stopping === null) {
      this.#stopping = [];
      this.#host.microtasks.add(this);
    }
    this.#stopping.push(stopped);
    return stopped;
  }

  loseConnection(): void {
    this.shutDown();
  }

  /** {@linkcode stopListening}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopListening();
  }

  getHost(): A {
    if (this.#address === null) {
      throw new Error("Cannot return the address of the port: it has never listened");
    }
    return this.#address;
  }

  /** Returns the name of the protocol and the transport: `Echo (UDP)`. */
  logPrefix(): string {
    return `${logPrefixOf(this.protocol)} (UDP)`;
  }

  // Methods that the reactor and the driver call.

  shutDown(): void {
    this.stopListening()
      .addErrback((error) => logUserError(error, `Error while closing ${this.#address}`));
  }

  unref(): void {
    this.#driver?.unref();
  }

  runMicrotask(): void {
    this.#closeIfSent();
  }

  received(datagram: Uint8Array, from: A): void {
    if (this.#stopping !== null) return;
    if (datagram.length > this.#limits.maxPacketSize) this.#dropOversized(from);
    else this.callProtocol("datagramReceived", () => this.deliver(datagram, from));
  }

  receiveFailed(error: Error): void {
    if (this.#stopping !== null) return;
    if (codeOf(error) === "ECONNREFUSED") return this.#refused();
    this.#receiveFailures.add((count) => {
      callWithSystem(
        this,
        () => logUserError(error, `Cannot receive a datagram${alike(count)}`),
      );
    });
  }

  sent(error: Error | null): void {
    const to = this.#sendingTo;
    this.#sendingTo = null;
    if (error !== null) this.#sendFailed(error, to);
    this.#pump();
    this.#closeIfSent();
  }

  released(): void {
    const troubles = [this.#overfull, this.#oversized, this.#sendFailures, this.#receiveFailures];
    for (const each of troubles) each.flush();
    const stopping = this.#stopping ?? [];
    this.#driver = this.#stopping = null;
    this.#closing = false;
    if (this.#address !== null && this.#isNoisy) msg(this.closedLine(this.#address));
    const failure = this.#stopProtocol();
    // If doStop() called startListening(), the port is open again and must remain in the reactor's
    // list of resources.
    if (this.#driver === null) this.#host.resources.delete(this);
    for (const stopped of stopping) {
      if (failure === null) stopped.callback();
      else stopped.errback(failure);
    }
  }

  // Members for subclasses.

  /** The driver of the open port. Throws an error if the port is closed. */
  protected get driver(): D {
    if (this.#driver === null) {
      throw new Error(`Cannot use the port on ${this.#address}: it is closed`);
    }
    return this.#driver;
  }

  /** Sends or queues a datagram. The caller may change the bytes afterwards. */
  protected send(datagram: Uint8Array, to: A): void {
    if (this.#driver === null || this.#closing) return;
    if (this.#sendingTo !== null || this.#pumping) return this.#enqueue(datagram, to);
    this.#sendNow(this.#driver, datagram, to);
    this.#pump();
  }

  /** Calls a method of the protocol. Its error is logged. */
  protected callProtocol(method: string, f: () => unknown): void {
    const previous = enterSystem(this);
    try {
      callGuarded(f, (error) => this.#protocolFailed(error, method), method);
    } finally {
      leaveSystem(previous);
    }
  }

  /** Called when the address has been bound, before the protocol is started. */
  protected bound(_driver: D): void {}

  /** Calls `makeConnection` of the protocol and returns its result. */
  protected abstract makeConnection(): unknown;

  /**
   * Calls `datagramReceived` of the protocol and returns its result, unless the port is connected
   * to an address other than `from`.
   */
  protected abstract deliver(datagram: Uint8Array, from: A): unknown;

  /** Whether the port is connected. Only then is `connectionRefused` of the protocol called. */
  protected abstract readonly isConnected: boolean;

  /** Returns the name of the port in log lines: a UDP port number or the path of a UNIX socket. */
  protected abstract portName(address: A): string;

  /** Returns the log line for a port that has closed. */
  protected abstract closedLine(address: A): string;

  #sendNow(driver: D, datagram: Uint8Array, to: A): void {
    this.#pumping = true;
    this.#sendingTo = to;
    driver.send(datagram, to);
    this.#pumping = false;
  }

  #enqueue(datagram: Uint8Array, to: A): void {
    const size = datagram.length + DATAGRAM_OVERHEAD;
    if (this.#queued + size > this.#limits.writeBufferLimit) return this.#dropUnsent(to);
    this.#queued += size;
    this.#queue.push({ datagram: datagram.slice(), to });
  }

  /** Sends queued datagrams until a send is pending. A driver may call sent() within its send(). */
  #pump(): void {
    while (
      this.#driver !== null && !this.#pumping && this.#sendingTo === null && this.#queue.length > 0
    ) {
      const { datagram, to } = this.#queue.shift();
      this.#queued -= datagram.length + DATAGRAM_OVERHEAD;
      this.#sendNow(this.#driver, datagram, to);
    }
  }

  #closeIfSent(): void {
    if (this.#stopping === null || this.#closing || this.#driver === null) return;
    if (this.#pumping || this.#sendingTo !== null || this.#queue.length > 0) return;
    this.#closing = true;
    this.#driver.close();
  }

  #refused(): void {
    if (!this.isConnected || this.#stopping !== null) return;
    this.callProtocol("connectionRefused", () => this.protocol.connectionRefused());
  }

  #sendFailed(error: Error, to: A | null): void {
    if (codeOf(error) === "ECONNREFUSED" && this.isConnected) return this.#refused();
    this.#sendFailures.add((count) => {
      const why = `Cannot send a datagram to ${to}${alike(count)}`;
      callWithSystem(this, () => logUserError(error, why));
    });
  }

  #dropUnsent(to: A): void {
    const waiting = this.#queue.length;
    this.#warn(
      this.#overfull,
      () => `Dropped a datagram to ${to}: the write buffer is full (${waiting} datagrams)`,
    );
  }

  #dropOversized(from: A): void {
    const { maxPacketSize } = this.#limits;
    this.#warn(
      this.#oversized,
      () =>
        `Dropped a datagram from ${from}: it is longer than maxPacketSize (${maxPacketSize} bytes)`,
    );
  }

  #warn(throttle: LogThrottle, line: () => string): void {
    throttle.add((count) => {
      callWithSystem(this, () => warn(`${line()}${alike(count)}`, { count }));
    });
  }

  /** Logs the rejection of a promise that a method of the protocol has returned. */
  #watch(result: unknown, method: string): void {
    // Most methods return nothing. They return before a closure is allocated, because this code
    // runs for every datagram.
    if (result !== undefined) onRejection(result, (error) => this.#protocolFailed(error, method));
  }

  #protocolFailed(error: unknown, method: string): void {
    callWithSystem(this, () => logUserError(error, `Error while calling ${method}`));
  }

  get #isNoisy(): boolean {
    return this.protocol.noisy !== false;
  }

  /** Calls makeConnection(). If it throws, closes the port. */
  #startProtocol(): void {
    try {
      this.#watch(this.makeConnection(), "makeConnection");
      this.#started = true;
    } finally {
      if (!this.#started) {
        this.#stopping ??= [];
        this.#host.microtasks.add(this);
      }
    }
  }

  /** Calls doStop() and returns its error, or `null`. */
  #stopProtocol(): Error | null {
    if (!this.#started) return null;
    this.#started = false;
    try {
      this.#watch(this.protocol.doStop(), "doStop");
      return null;
    } catch (error) {
      return asError(error);
    }
  }
}
