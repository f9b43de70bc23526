/**
 * The log of what strangers can bring about as often as they like: refused connections, failed handshakes, datagrams that are too long. It must
 * neither stay silent nor fill a disk.
 *
 * @module
 */

import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";

/** Seconds between two lines. */
const INTERVAL = 1;

/**
 * Logs one kind of event: the first at once, and those that follow within a second in one line at the second's end, with their number. It asks
 * for a timed call only while a line is due; {@linkcode flush} ends it.
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
  /** Logs the last event that has not been logged, in the name of all that have not. */
  #log: ((count: number) => void) | null = null;
  #pending = 0;
  #count = 0;
  #quietUntil = -Infinity;
  #timer: IDelayedCall | null = null;

  /** @param clock The reactor's. */
  constructor(clock: Pick<IReactorTime, "seconds" | "callLater">) {
    this.#clock = clock;
  }

  /** How many events there have been. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts an event, and logs it now or at the end of the second.
   *
   * @param log Logs the event. It gets the number of events that the line stands for, this one included.
   */
  add(log: (count: number) => void): void {
    this.#count++;
    const now = this.#clock.seconds();
    if (this.#timer === null && now >= this.#quietUntil) {
      this.#quietUntil = now + INTERVAL;
      log(1);
      return;
    }
    this.#pending++;
    this.#log = log;
    // A clock that has been set back must not silence it for long.
    const wait = Math.min(INTERVAL, Math.max(0, this.#quietUntil - now));
    this.#timer ??= this.#clock.callLater(wait, () => this.#endInterval());
  }

  /** Logs what is due, and leaves no timed call behind. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#summarize();
  }

  #endInterval(): void {
    this.#timer = null;
    this.#quietUntil = this.#clock.seconds() + INTERVAL;
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

/** What a line adds if it stands for several events: `""`, or ` (and 9 more)`. */
export function alike(count: number): string {
  return count === 1 ? "" : ` (and ${count - 1} more)`;
}
