/**
 * An outgoing connection that can be opened again. Twisted's `BaseConnector`.
 *
 * @module
 */

import { checkClientFactory } from "../lifecycle/argument_checks.ts";
import { connectAborted } from "./connect_aborted.ts";
import type { Dial, DialSink } from "./dial.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionContext } from "./connection_context.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import {
  ConnectError,
  ConnectionDone,
  ConnectTimeoutError,
  NotConnectingError,
  UserError,
} from "../errors.ts";
import type {
  Address,
  ConnectorState,
  IClientFactory,
  IConnector,
  IDelayedCall,
  IProtocol,
  IReactorTime,
} from "../interfaces/mod.ts";
import { buildProtocol, startFactory, stopFactory } from "./factory_calls.ts";
import type { ReactorResource } from "../lifecycle/open_resources.ts";
import type { StreamDriver } from "./stream_driver.ts";
import { asError, callLogged, logUserError } from "../../defer/guarded_call.ts";
import { creationTracker } from "../../internal/creation_tracker.ts";
import { connectionOver } from "./unix_connection.ts";

/** A connector for every kind of stream. */
export class Connector<A extends Address = Address> implements IConnector<A>, ConnectionOwner {
  readonly context: ConnectionContext;
  readonly #factory: IClientFactory;
  readonly #destination: A;
  readonly limits: ConnectionLimits;
  readonly role = "client";
  readonly #timeout: number;
  readonly #dial: Dial;
  readonly #signal: AbortSignal | undefined;
  #state: ConnectorState = "disconnected";
  #factoryStarted = false;
  #attempt: Attempt | null = null;
  #connection: Connection | null = null;
  /** Whether `disconnect()` was called while the protocol was being built. */
  #disconnectRequested = false;

  /**
   * @param context The parts of the reactor that a connector uses.
   * @param factory The factory that builds the protocol and is notified of each attempt.
   * @param destination The address to connect to.
   * @param limits The limits of the connection.
   * @param timeout Seconds for one attempt; `Infinity` for no limit.
   * @param dial Opens the connection.
   * @param signal Cancels the current attempt when it aborts.
   * @throws {TypeError} when `factory` is not a client factory.
   */
  constructor(
    context: ConnectionContext,
    factory: IClientFactory,
    destination: A,
    limits: ConnectionLimits,
    timeout: number,
    dial: Dial,
    signal?: AbortSignal,
  ) {
    checkClientFactory(factory);
    this.context = context;
    this.#factory = factory;
    this.#destination = destination;
    this.limits = limits;
    this.#timeout = timeout;
    this.#dial = dial;
    this.#signal = signal;
    creationTracker?.maker(this);
  }

  get state(): ConnectorState {
    return this.#state;
  }

  get clock(): IReactorTime {
    return this.context.reactor;
  }

  getDestination(): A {
    return this.#destination;
  }

  /** Describes the connector for a log: `connector to 127.0.0.1:80 (connecting)`. */
  toString(): string {
    return `connector to ${this.#destination} (${this.#state})`;
  }

  connect(): void {
    if (this.#state !== "disconnected") {
      throw new Error(`Cannot connect to ${this.#destination}: the connector is ${this.#state}`);
    }
    if (!this.#factoryStarted) {
      startFactory(this.#factory);
      this.#factoryStarted = true;
    }
    this.#state = "connecting";
    const attempt = new Attempt(this.context, this.#dial, String(this.#destination), {
      connected: (driver) => this.#connected(driver),
      failed: (reason) => this.#failed(reason),
    });
    this.#attempt = attempt;
    if (this.#timeout !== Infinity) attempt.failIn(this.#timeout, () => this.#timedOut());
    const signal = this.#signal;
    if (signal !== undefined) {
      attempt.failOn(signal, () => connectAborted(this.#destination, signal.reason));
    }
    this.context.resources.traffic.connectStarted(this);
    this.#callFactory("startedConnecting", () => this.#factory.startedConnecting(this));
    this.context.reactor.callWhenRunning(() => attempt.start());
  }

  disconnect(): void {
    if (this.#state === "connecting") this.stopConnecting();
    else if (this.#connection !== null) this.#connection.loseConnection();
    else this.#disconnectRequested = this.#state === "connected";
  }

  stopConnecting(): void {
    if (this.#state !== "connecting") {
      throw new NotConnectingError(
        `Cannot stop connecting to ${this.#destination}: the connector is ${this.#state}`,
      );
    }
    this.#attempt?.fail(
      new UserError(`Connecting to ${this.#destination} was stopped`, {
        address: String(this.#destination),
      }),
    );
  }

  logSuffix(): string {
    return "client";
  }

  connectionLost(_connection: Connection, reason: Error): void {
    this.#ended("clientConnectionLost", reason);
  }

  #timedOut(): ConnectTimeoutError {
    return new ConnectTimeoutError(
      `Connecting to ${this.#destination} took longer than ${this.#timeout} s`,
      {
        code: "ETIMEDOUT",
        syscall: "connect",
        address: String(this.#destination),
      },
    );
  }

  #failed(reason: Error): void {
    this.context.resources.traffic.connectFailed(this, reason);
    this.#ended("clientConnectionFailed", reason);
  }

  #connected(driver: StreamDriver): void {
    this.context.resources.traffic.connectSucceeded(this, driver.getPeer());
    this.#attempt = null;
    this.#state = "connected";
    this.#disconnectRequested = false;
    let protocol: IProtocol | null;
    try {
      protocol = buildProtocol(this.#factory, driver.getPeer());
    } catch (error) {
      logUserError(error, `Error while calling buildProtocol for ${this.#destination}`);
      driver.abort();
      this.#ended("clientConnectionLost", asError(error));
      return;
    }
    if (protocol === null) {
      driver.close();
      this.#ended(
        "clientConnectionLost",
        new ConnectionDone("Connection was closed: the factory built no protocol"),
      );
      return;
    }
    this.#connection = connectionOver(this, driver, protocol);
    const connection = this.#connection;
    connection.open();
    if (this.#disconnectRequested) connection.loseConnection();
  }

  #ended(method: "clientConnectionFailed" | "clientConnectionLost", reason: Error): void {
    this.#attempt = null;
    this.#connection = null;
    this.#state = "disconnected";
    this.#callFactory(method, () => this.#factory[method](this, reason));
    this.#stopFactoryIfIdle();
  }

  /** Stops the factory, unless it has started to connect again meanwhile. */
  #stopFactoryIfIdle(): void {
    if (this.#state !== "disconnected" || !this.#factoryStarted) return;
    this.#factoryStarted = false;
    this.#callFactory("doStop", () => stopFactory(this.#factory));
  }

  #callFactory(method: string, f: () => unknown): void {
    callLogged(f, [], `Error while calling ${method} for ${this.#destination}`);
  }
}

/**
 * One attempt to connect. The attempt succeeds or fails once, and stays an open resource of the
 * reactor until its dial has been released.
 */
class Attempt implements DialSink, ReactorResource {
  readonly #context: ConnectionContext;
  readonly #dial: Dial;
  readonly #address: string;
  readonly #events: Omit<DialSink, "released">;
  #isDone = false;
  #timer: IDelayedCall | null = null;
  #cancelDial: (() => void) | null = null;
  #removeListener: (() => void) | null = null;

  constructor(
    context: ConnectionContext,
    dial: Dial,
    address: string,
    events: Omit<DialSink, "released">,
  ) {
    this.#context = context;
    this.#dial = dial;
    this.#address = address;
    this.#events = events;
  }

  /** Describes the attempt for a report of what is open: `attempt to connect to 127.0.0.1:80`. */
  toString(): string {
    return `attempt to connect to ${this.#address}`;
  }

  failIn(seconds: number, reason: () => Error): void {
    const timeOutAttempt = () => {
      this.#timer = null;
      this.fail(reason());
    };
    this.#timer = this.#context.reactor.callLater(seconds, timeOutAttempt);
  }

  /** Fails the attempt when the signal aborts, or in a later turn if it has already aborted. */
  failOn(signal: AbortSignal, reason: () => Error): void {
    const abort = () => this.fail(reason());
    this.#removeListener = () => signal.removeEventListener("abort", abort);
    // If the signal is already aborted, the attempt fails in a later turn. If it failed before
    // connect() returned, the caller could not distinguish it from a failure of the previous
    // attempt.
    if (signal.aborted) this.#context.reactor.callWhenRunning(abort);
    else signal.addEventListener("abort", abort);
  }

  start(): void {
    if (this.#isDone) return;
    this.#context.resources.add(this);
    this.#cancelDial = this.#dial(this);
  }

  /** Fails the attempt and cancels its dial. */
  fail(reason: Error): void {
    if (!this.#finish()) return;
    this.#cancelDial?.();
    this.#events.failed(reason);
  }

  connected(driver: StreamDriver): void {
    if (this.#finish()) this.#events.connected(driver);
    else driver.abort();
  }

  failed(reason: Error): void {
    if (this.#finish()) this.#events.failed(reason);
  }

  released(): void {
    this.#cancelDial = null;
    this.#context.resources.delete(this);
  }

  shutDown(): void {
    const address = this.#address;
    const message = `Connecting to ${address} was cancelled: the reactor has stopped`;
    this.fail(new ConnectError(message, { address }));
  }

  unref(): void {
    // A pending dial keeps the process alive and cannot be unreferenced, so it is cancelled.
    this.#cancelDial?.();
  }

  /**
   * Completes the attempt.
   *
   * @returns Whether the attempt was still pending.
   */
  #finish(): boolean {
    if (this.#isDone) return false;
    this.#isDone = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#removeListener?.();
    this.#removeListener = null;
    return true;
  }
}
