/**
 * Rate-limited logging of events that any peer can cause: refused connections, failed handshakes,
 * oversized datagrams. Such events must be logged, but must not fill a disk.
 *
 * @module
 */

import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";

/** The interval between two lines, in seconds. */
const INTERVAL = 1;

/**
 * A log throttle for one type of event. It logs the first event at once, or the first few, and then
 * at most one line per second, with the number of events since the last line.
 *
 * A timed call is pending only while a line is due. {@linkcode flush} cancels it.
 *
 * @example
 * ```ts ignore
 * const refusals = new LogThrottle(reactor);
 * refusals.add((count) => msg(`Refused a connection from ${peer}${alike(count)}`));
 * // Refused a connection from 192.0.2.1:3000
 * // Refused a connection from 192.0.2.9:4711 (and 1023 more)
 * ```
 */
export class LogThrottle {
  readonly #clock: Pick<IReactorTime, "seconds" | "callLater">;
  /**
   * Logs the latest event, on behalf of all events that have not been logged; `null` if there are
   * none.
   */
  #log: ((count: number) => void) | null = null;
  #pending = 0;
  #count = 0;
  readonly #burst: number;
  /** The number of events that may still be logged immediately in this interval. */
  #left = 0;
  #quietUntil = -Infinity;
  #timer: IDelayedCall | null = null;

  /**
   * @param clock The reactor.
   * @param burst The number of events per interval that are logged immediately, at least 1.
   */
  constructor(clock: Pick<IReactorTime, "seconds" | "callLater">, burst = 1) {
    this.#clock = clock;
    this.#burst = burst;
  }

  /** The total number of events. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts an event, and logs it immediately or at the end of the interval.
   *
   * @param log Logs the event. Its argument is the number of events that the line represents,
   *   including this one.
   */
  add(log: (count: number) => void): void {
    this.#count++;
    if (this.#timer === null) {
      const now = this.#clock.seconds();
      if (now >= this.#quietUntil) this.#beginInterval(now, this.#burst);
      if (this.#left > 0) {
        this.#left--;
        return log(1);
      }
      // The wait is at most one interval, even if the clock has been set back meanwhile.
      const wait = Math.min(INTERVAL, this.#quietUntil - now);
      this.#timer = this.#clock.callLater(wait, () => this.#endInterval());
    }
    this.#pending++;
    this.#log = log;
  }

  /** Logs the line that is due, if any, and cancels the timed call. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#summarize();
  }

  #beginInterval(now: number, left: number): void {
    this.#quietUntil = now + INTERVAL;
    this.#left = left;
  }

  #endInterval(): void {
    this.#timer = null;
    // The summary counts as the first line of the next interval, so one line less is left for it.
    this.#beginInterval(this.#clock.seconds(), this.#burst - 1);
    this.#summarize();
  }

  #summarize(): void {
    const log = this.#log;
    const pending = this.#pending;
    this.#log = null;
    this.#pending = 0;
    log?.(pending);
  }
}

/**
 * Returns the suffix of a line that represents `count` events: `""` or, for 10, ` (and 9 more)`.
 */
export function alike(count: number): string {
  return count === 1 ? "" : ` (and ${count - 1} more)`;
}
