import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";

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
