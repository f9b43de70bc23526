import { Alarm } from "./alarm.ts";
import { HostClock } from "./host_clock.ts";
import type { LoopTimer } from "./loop_timer.ts";

/**
 * The timer of the host: its monotonic clock, a single `setTimeout`, and microtasks. It follows
 * faked time.
 */
export class HostTimer implements LoopTimer {
  readonly #clock: HostClock;
  readonly #alarm: Alarm;

  /**
   * Creates a timer that is not set. See {@linkcode MakeLoopTimer}.
   *
   * @param wake Called at the wake-up.
   * @param changed Called when a test has started or stopped faking time. The alarm must use the
   *   timers that belong to the current time, genuine or faked.
   */
  constructor(wake: () => void, changed: () => void) {
    this.#clock = new HostClock(changed);
    this.#alarm = new Alarm(wake);
  }

  get isOutdated(): boolean {
    return this.#alarm.isOutdated;
  }

  seconds(): number {
    return this.#clock.seconds();
  }

  set(delay: number): void {
    this.#alarm.set(delay);
  }

  setGenuine(delay: number): void {
    this.#alarm.setGenuine(delay);
  }

  clear(): void {
    this.#alarm.clear();
  }

  soon(f: () => void): void {
    queueMicrotask(f);
  }

  timeout(delay: number, f: () => void): () => void {
    return hostTimeout(delay, f);
  }
}

/**
 * Calls a function after a delay, on a timer of the host.
 *
 * @param delay Seconds from now, at least 0, finite.
 * @param f The function.
 * @returns A function that cancels the call.
 */
export function hostTimeout(delay: number, f: () => void): () => void {
  // A timer must be cleared by the `clearTimeout` that belongs to its `setTimeout`, because a test
  // may replace the functions meanwhile.
  const { setTimeout, clearTimeout } = globalThis;
  const timer = setTimeout(f, delay * 1000);
  return () => clearTimeout(timer);
}
