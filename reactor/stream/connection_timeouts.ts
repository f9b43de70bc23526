/**
 * The timeouts of a connection: idle, stalled in writing, or open for too long.
 *
 * Most connections have none, and then none of this is created.
 *
 * @module
 */

import { ConnectionTimeout } from "../errors.ts";
import type { Address, ConnectionOptions, IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import { checkTimeout } from "../../internal/validation.ts";

/** The timeouts of a connection, in seconds; `Infinity` for none. */
export interface TimeoutLimits {
  /** Seconds without a byte in either direction after which the connection is aborted. */
  readonly idle: number;
  /** Seconds without progress of a pending write after which the connection is aborted. */
  readonly writeStall: number;
  /** The maximum age of a connection in seconds. */
  readonly age: number;
}

/**
 * Checks the timeouts in a connection's options.
 *
 * @param options The options of the connection.
 * @returns The timeouts; `null` if there is none.
 * @throws {RangeError | TypeError} when a timeout is not a delay.
 */
export function timeoutLimits(options: ConnectionOptions): TimeoutLimits | null {
  const { idleTimeout: idle = Infinity, writeStallTimeout: writeStall = Infinity } = options;
  const { maxConnectionAge: age = Infinity } = options;
  checkTimeout("idleTimeout", idle);
  checkTimeout("writeStallTimeout", writeStall);
  checkTimeout("maxConnectionAge", age);
  return Math.min(idle, writeStall, age) === Infinity ? null : { idle, writeStall, age };
}

/** A connection that is aborted when one of its timeouts expires. */
export interface TimedConnection {
  /** The address of the peer. */
  getPeer(): Address;
  /** Aborts the connection, which calls {@linkcode ConnectionTimeouts.stop}. */
  abort(reason: Error): void;
}

/** Measures the timeouts of one open connection. */
export class ConnectionTimeouts {
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #limits: TimeoutLimits;
  readonly #connection: TimedConnection;
  readonly #idle: IDelayedCall | null;
  readonly #age: IDelayedCall | null;
  /** The write stall timeout, which runs while bytes are waiting to be sent. */
  #writeStall: IDelayedCall | null = null;

  /**
   * Starts the timeouts.
   *
   * @param clock The clock.
   * @param limits The timeouts, in seconds.
   * @param connection The connection. When a timeout expires, it is aborted with a
   *   `ConnectionTimeout`.
   */
  constructor(
    clock: Pick<IReactorTime, "callLater">,
    limits: TimeoutLimits,
    connection: TimedConnection,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#connection = connection;
    this.#idle = this.#start("idle");
    this.#age = this.#start("age");
  }

  /** Records that bytes have arrived. */
  received(): void {
    this.#idle?.reset(this.#limits.idle);
  }

  /** Records that bytes are passed to the system. */
  writing(): void {
    this.#writeStall ??= this.#start("writeStall");
  }

  /**
   * Records that the system has taken bytes.
   *
   * @param all Whether no bytes are left to be sent.
   */
  wrote(all: boolean): void {
    this.#idle?.reset(this.#limits.idle);
    if (!all) return this.#writeStall?.reset(this.#limits.writeStall);
    this.#writeStall?.cancel();
    this.#writeStall = null;
  }

  /** Stops all timeouts. */
  stop(): void {
    for (const call of [this.#idle, this.#age, this.#writeStall]) {
      if (call?.active()) call.cancel();
    }
  }

  #start(which: keyof TimeoutLimits): IDelayedCall | null {
    const seconds = this.#limits[which];
    if (seconds === Infinity) return null;
    const timeOutConnection = () => {
      const peer = String(this.#connection.getPeer());
      this.#connection.abort(new ConnectionTimeout(which, seconds, peer));
    };
    return this.#clock.callLater(seconds, timeOutConnection);
  }
}

/**
 * Starts the timeouts of a connection.
 *
 * @param clock The clock.
 * @param limits The timeouts, in seconds; `null` for none.
 * @param connection The connection. When a timeout expires, it is aborted with a
 *   `ConnectionTimeout`.
 * @returns The timeouts, which the connection informs of its progress; `null` for none.
 */
export function watchTimeouts(
  clock: Pick<IReactorTime, "callLater">,
  limits: TimeoutLimits | null,
  connection: TimedConnection,
): ConnectionTimeouts | null {
  return limits === null ? null : new ConnectionTimeouts(clock, limits, connection);
}
