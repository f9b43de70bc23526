import { RateLimit } from "../../internal/rate_limit.ts";
import type { IDelayedCall } from "../../reactor/interfaces/mod.ts";
import type { TimerClock } from "./timer_clock.ts";

/** Measures the bytes in one direction, and holds that direction back above the limit. */
export class Throttle {
  readonly #limit: RateLimit;
  readonly #hold: (isHeld: boolean) => void;
  #isHeld = false;
  #release: IDelayedCall | null = null;

  /**
   * @param bytesPerSecond The limit. The bytes of one second may come at once.
   * @param hold Called when the direction starts and stops to be held back.
   */
  constructor(bytesPerSecond: number, hold: (isHeld: boolean) => void) {
    this.#limit = new RateLimit(bytesPerSecond, bytesPerSecond);
    this.#hold = hold;
  }

  /** Whether the direction is held back. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * Counts bytes, and holds the direction back if they exceed the limit.
   *
   * @param clock The clock.
   * @param count The number of bytes. With 0, checks the bytes so far.
   */
  add(clock: TimerClock, count: number): void {
    const now = clock.seconds();
    this.#limit.take(now, count);
    if (!this.#isHeld && this.#limit.wait(now, 0) > 0) this.#start(clock);
  }

  /** Stops to measure until the next call of {@linkcode add}. What was counted is not forgotten. */
  stop(): void {
    if (this.#release?.active()) this.#release.cancel();
    this.#release = null;
    this.#isHeld = false;
  }

  #start(clock: TimerClock): void {
    this.#isHeld = true;
    this.#releaseLater(clock);
    this.#hold(true);
  }

  /** Ends the hold when the bytes are within the limit: further bytes may arrive until then. */
  #releaseLater(clock: TimerClock): void {
    const wait = this.#limit.wait(clock.seconds(), 0);
    this.#release = clock.callLater(wait, () => {
      if (this.#limit.wait(clock.seconds(), 0) > 0) return this.#releaseLater(clock);
      this.#release = null;
      this.#isHeld = false;
      this.#hold(false);
    });
  }
}
