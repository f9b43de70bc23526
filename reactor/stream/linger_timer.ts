import { LingerTimeout } from "../errors.ts";
import type { Address, IDelayedCall, IReactorTime } from "../interfaces/mod.ts";

/** The members of a connection that its linger timer needs. */
export interface LingeringConnection {
  /** The clock of the connection. */
  readonly clock: Pick<IReactorTime, "callLater">;
  /** The number of bytes that were written and have not been sent. */
  readonly unsent: number;
  /** Returns the address of the peer. */
  getPeer(): Address;
  /** Aborts the connection. */
  abort(reason: Error): void;
}

/**
 * Returns a timer that aborts a connection.
 *
 * @param connection The connection.
 * @param seconds Seconds without progress; `Infinity` for no limit.
 */
export function lingerTimer(connection: LingeringConnection, seconds: number): LingerTimer {
  return new LingerTimer(connection.clock, seconds, () => {
    connection.abort(new LingerTimeout(connection.unsent, seconds, String(connection.getPeer())));
  });
}

/** Limits how long a closing connection waits for its peer to read. */
export class LingerTimer {
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #seconds: number;
  readonly #expired: () => void;
  #call: IDelayedCall | null = null;

  /**
   * @param clock The clock.
   * @param seconds Seconds without progress; `Infinity` for no limit.
   * @param expired Called when they have passed.
   */
  constructor(clock: Pick<IReactorTime, "callLater">, seconds: number, expired: () => void) {
    this.#clock = clock;
    this.#seconds = seconds;
    this.#expired = expired;
  }

  /** Starts the timer, unless it is already running. */
  start(): void {
    if (this.#call !== null || this.#seconds === Infinity) return;
    const endLinger = () => {
      this.#call = null;
      this.#expired();
    };
    this.#call = this.#clock.callLater(this.#seconds, endLinger);
  }

  /** Restarts a running timer, because the peer has read data. */
  progressed(): void {
    this.#call?.reset(this.#seconds);
  }

  /** Stops the timer. */
  stop(): void {
    if (this.#call?.active()) this.#call.cancel();
    this.#call = null;
  }
}
