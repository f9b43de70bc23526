/**
 * How long a connection may be silent, stuck, or open at all.
 *
 * A connection without such a bound, which is most, has none of this.
 *
 * @module
 */

import { ConnectionTimeout } from "../errors.ts";
import type { Address, ConnectionOptions, IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import { checkDelay } from "../../internal/validation.ts";

/** The bounds, in seconds; Infinity where there is none. */
export interface TimeoutLimits {
  /** Without a byte in either direction. */
  readonly idle: number;
  /** With bytes to send of which the system takes none. */
  readonly writeStall: number;
  /** From beginning to end. */
  readonly age: number;
}

/** Which bound a connection has run into. */
export type ExpiredTimeout = keyof TimeoutLimits;

/**
 * Fills in what the options leave open.
 *
 * @returns The bounds, or null when there is none.
 * @throws {RangeError | TypeError} when one is not a delay.
 */
export function timeoutLimits(options: ConnectionOptions): TimeoutLimits | null {
  const { idleTimeout: idle = Infinity, writeStallTimeout: writeStall = Infinity } = options;
  const { maxConnectionAge: age = Infinity } = options;
  if (idle !== Infinity) checkDelay("idleTimeout", idle);
  if (writeStall !== Infinity) checkDelay("writeStallTimeout", writeStall);
  if (age !== Infinity) checkDelay("maxConnectionAge", age);
  return Math.min(idle, writeStall, age) === Infinity ? null : { idle, writeStall, age };
}

/** Watches over one open connection. */
export class ConnectionTimeouts {
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #limits: TimeoutLimits;
  readonly #expired: (which: ExpiredTimeout, seconds: number) => void;
  readonly #idle: IDelayedCall | null;
  readonly #age: IDelayedCall | null;
  /** There while something is to be sent. */
  #writeStall: IDelayedCall | null = null;

  /**
   * Begins to count.
   *
   * @param clock What measures time.
   * @param limits The bounds.
   * @param expired Told of the first bound that is reached. Whoever is told stops the others.
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

  /** Bytes came. */
  received(): void {
    this.#idle?.reset(this.#limits.idle);
  }

  /** Bytes are handed to the system. */
  writing(): void {
    this.#writeStall ??= this.#start("writeStall");
  }

  /**
   * The system took bytes.
   *
   * @param all Whether nothing is left to be sent.
   */
  wrote(all: boolean): void {
    this.#idle?.reset(this.#limits.idle);
    if (!all) return this.#writeStall?.reset(this.#limits.writeStall);
    this.#writeStall?.cancel();
    this.#writeStall = null;
  }

  /** Counts no more. */
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
 * @param limits The timeouts; `null` for none.
 * @param connection The connection. It is aborted with a `ConnectionTimeout`.
 * @returns The timeouts, to be told of its progress; `null` for none.
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
