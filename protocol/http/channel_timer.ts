import type { IDelayedCall, IReactorTime } from "../../reactor/interfaces/mod.ts";

/**
 * The one timeout of a connection. It changes with each request, so a later deadline does not move
 * the timed call: the call looks for the current deadline when it is made.
 */
export class ChannelTimer {
  readonly #clock: Pick<IReactorTime, "callLater" | "seconds"> | null;
  readonly #expired: () => void;
  #call: IDelayedCall | null = null;
  /** When the timed call is made. */
  #callTime = Infinity;
  #deadline = Infinity;

  /**
   * @param clock The clock; `null` for no timeouts.
   * @param expired Called at the deadline.
   */
  constructor(
    clock: Pick<IReactorTime, "callLater" | "seconds"> | null,
    expired: () => void,
  ) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** Sets the deadline, in seconds from now; `Infinity` for none. */
  set(seconds: number): void {
    if (this.#clock === null) return;
    this.#deadline = seconds === Infinity ? Infinity : this.#clock.seconds() + seconds;
    if (this.#deadline >= this.#callTime) return;
    this.#cancel();
    this.#start(this.#clock, seconds);
  }

  /** Removes the deadline and the timed call. */
  stop(): void {
    this.#deadline = Infinity;
    this.#cancel();
  }

  #start(clock: Pick<IReactorTime, "callLater">, seconds: number): void {
    this.#callTime = this.#deadline;
    this.#call = clock.callLater(seconds, () => this.#called(clock));
  }

  #called(clock: Pick<IReactorTime, "callLater">): void {
    const isDue = this.#callTime === this.#deadline;
    const left = this.#deadline - this.#callTime;
    this.#call = null;
    this.#callTime = Infinity;
    if (this.#deadline === Infinity) return;
    if (!isDue) return this.#start(clock, left);
    this.#deadline = Infinity;
    this.#expired();
  }

  #cancel(): void {
    if (this.#call?.active()) this.#call.cancel();
    this.#call = null;
    this.#callTime = Infinity;
  }
}
