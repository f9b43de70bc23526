/**
 * A limit on the rate of events, such as new connections or received bytes: so many per second on
 * average, and at most those of a short time at once.
 *
 * It keeps one number: the time at which the events so far would be due if they came at exactly the
 * limit. The time is passed in, in seconds on a monotonic clock.
 */
export class RateLimit {
  readonly #rate: number;
  readonly #window: number;
  #due = -Infinity;

  /**
   * @param rate The number of events per second, more than 0.
   * @param burst The number of events that may come at once.
   */
  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#window = burst / rate;
  }

  /** Whether the limit has no memory of earlier events: they are too long ago. */
  isIdle(now: number): boolean {
    return this.#due <= now;
  }

  /**
   * Returns how long to wait before further events are within the limit.
   *
   * @param now The time.
   * @param amount The number of further events. With 0, the events so far.
   * @returns The seconds to wait; 0 if they are within the limit.
   */
  wait(now: number, amount = 1): number {
    const wait = Math.max(this.#due, now) + amount / this.#rate - now - this.#window;
    // A wait of less than a nanosecond is a rounding error.
    return wait < 1e-9 ? 0 : wait;
  }

  /**
   * Counts events.
   *
   * @param now The time.
   * @param amount The number of events.
   */
  take(now: number, amount = 1): void {
    this.#due = Math.max(this.#due, now) + amount / this.#rate;
  }
}
