import type { IDelayedCall } from "../../reactor/interfaces/mod.ts";
import type { TimerClock } from "./timer_clock.ts";

/** A timeout whose time stands still while it is paused. */
export class PausableTimeout {
  readonly #clock: TimerClock;
  readonly #seconds: number;
  readonly #ended: () => void;
  #call: IDelayedCall | null = null;
  /** The seconds that are left, while the timeout is paused; `null` if it has not started. */
  #left: number | null = null;
  #isPaused = false;

  /**
   * @param clock The clock.
   * @param seconds The time.
   * @param ended Called when the time is over.
   */
  constructor(clock: TimerClock, seconds: number, ended: () => void) {
    this.#clock = clock;
    this.#seconds = seconds;
    this.#ended = ended;
  }

  /** Whether the timeout has started, and its time is not over. */
  get isActive(): boolean {
    return this.#call !== null || this.#left !== null;
  }

  /** Starts the time, from the beginning. */
  start(): void {
    this.stop();
    if (this.#isPaused) this.#left = this.#seconds;
    else this.#run(this.#seconds);
  }

  /** Stops the time. */
  stop(): void {
    if (this.#call?.active()) this.#call.cancel();
    this.#call = this.#left = null;
  }

  /** Pauses or resumes the time. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused && this.#call !== null) {
      const left = Math.max(0, this.#call.getTime() - this.#clock.seconds());
      this.stop();
      this.#left = left;
    } else if (!isPaused && this.#left !== null) {
      this.#run(this.#left);
    }
  }

  #run(seconds: number): void {
    this.#left = null;
    this.#call = this.#clock.callLater(seconds, () => {
      this.#call = null;
      this.#ended();
    });
  }
}
