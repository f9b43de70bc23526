/**
 * The one timer that a running reactor asks of its host.
 *
 * @module
 */

import { isTimeFaked } from "./host_clock.ts";

// The host's timers take a signed 32-bit number of milliseconds; Deno fires at once past it.
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A single wake-up, moved as the earliest timed call moves. While it is set it also holds the process, which nothing idle in
 * Deno does: so a running reactor always has it set, if need be at the far end of the host's range.
 */
export class Alarm {
  readonly #wake: () => void;
  #clear: (() => void) | null = null;
  #timers: typeof globalThis.setTimeout | null = null;

  /** @param wake Called when the time has come, or at the end of the host's range: whoever is woken looks at the clock. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Whether it is set on timers that have been replaced since. */
  get isOutdated(): boolean {
    return this.#timers !== null && this.#timers !== globalThis.setTimeout;
  }

  /** Wakes in `seconds`, instead of when it was set to before. Infinity only holds the process. */
  set(seconds: number): void {
    this.clear();
    // Rounded up, or the clock would not be there yet; less a microsecond, or what binary fractions
    // leave over, as in 0.1 + 0.2, would cost a millisecond.
    const ms = Math.min(Math.max(Math.ceil(seconds * 1000 - 1e-3), 0), LONGEST_MS);
    // Looked up at each use: tests replace the global timers, and a timer is cleared where it was set.
    const { setTimeout, clearTimeout } = globalThis;
    const faked = isTimeFaked();
    this.#timers = setTimeout;
    const timer = setTimeout(() => {
      this.#clear = this.#timers = null;
      this.#wake();
    }, ms);
    this.#clear = () => {
      // A fake timer that was left behind cannot wake any more, and FakeTime throws when it is cleared.
      if (!faked || !this.isOutdated) clearTimeout(timer);
    };
  }

  /** Does not wake, and lets the process go. */
  clear(): void {
    this.#clear?.();
    this.#clear = this.#timers = null;
  }
}
