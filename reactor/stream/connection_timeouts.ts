/**
 * The timeouts of a connection: idle, stalled in writing, or open for too long.
 *
 * Most connections have none, and then none of this is created.
 *
 * @module
 */

import { ConnectionTimeout } from "../errors.ts";
import type { Address, ConnectionOptions, IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import { checkDelay } from "../../internal/validation.ts";

/** The timeouts of a connection, in seconds; `Infinity` for none. */
export interface TimeoutLimits {
  /** Seconds without a byte in either direction after which the connection is aborted. */
  readonly idle: number;
  /** Seconds without progress of a pending write after which the connection is aborted. */
  readonly writeStall: number;
  /** The maximum age of a connection in seconds. */
  readonly age: number;
}

/** The timeout that has expired. */
export type ExpiredTimeout = keyof TimeoutLimits;

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
  if (idle !== Infinity) checkDelay("idleTimeout", idle);
  if (writeStall !== Infinity) checkDelay("writeStallTimeout", writeStall);
  if (age !== Infinity) checkDelay("maxConnectionAge", age);
  return Math.min(idle, writeStall, age) === Infinity ? null : { idle, writeStall, age };
}

/** Measures the timeouts of one open connection. */
export class ConnectionTimeouts {
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #limits: TimeoutLimits;
  readonly #expired: (which: ExpiredTimeout, seconds: number) => void;
  readonly #idle: IDelayedCall | null;
  readonly #age: IDelayedCall | null;
  /** The write stall timeout, which runs while bytes are waiting to be sent. */
  #writeStall: IDelayedCall | null = null;

  /**
   * Starts the timeouts.
   *
   * @param clock The clock.
   * @param limits The timeouts, in seconds.
   * @param expired Called when a timeout expires. It must call {@linkcode stop}, or other timeouts
   *   follow.
   */
  constructor(
    clock: Pick<IReactorTime, "callLater">,
    limits: TimeoutLimits,
    expired: (which: ExpiredTimeout, seconds: number) => void,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#expired = expired;
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

  #start(which: ExpiredTimeout): IDelayedCall | null {
    const seconds = this.#limits[which];
    if (seconds === Infinity) return null;
    return this.#clock.callLater(seconds, () => this.#expired(which, seconds));
  }
}

/** A connection that is aborted when one of its timeouts expires. */
export interface TimedConnection {
  /** The address of the peer. */
  getPeer(): Address;
  /** Aborts the connection. */
  abort(reason: Error): void;
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
  if (limits === null) return null;
  return new ConnectionTimeouts(clock, limits, (which, seconds) => {
    connection.abort(new ConnectionTimeout(which, seconds, String(connection.getPeer())));
  });
}
