/**
 * The interface between a reactor and the timer of its host.
 *
 * @module
 */

/**
 * The clock of a reactor, and its single wake-up. The host has one; a test or a simulation passes
 * its own.
 */
export interface LoopTimer {
  /** Returns the current time in seconds. The time never goes back. */
  seconds(): number;
  /**
   * Sets the wake-up, replacing the previous one.
   *
   * @param delay Seconds from now, at least 0. `Infinity` only keeps the process alive.
   */
  set(delay: number): void;
  /**
   * Sets the wake-up after {@linkcode LoopTimer.seconds} or {@linkcode LoopTimer.set} has thrown.
   * It does not throw itself.
   *
   * @param delay Seconds from now, at least 0.
   */
  setGenuine(delay: number): void;
  /** Clears the wake-up, so that it no longer keeps the process alive. */
  clear(): void;
  /** Whether the wake-up is set and must be set again, because the host's timers have changed. */
  readonly isOutdated: boolean;
  /**
   * Calls a function when the running code has returned, whether the reactor runs or not.
   *
   * @param f The function. It must not throw.
   */
  soon(f: () => void): void;
  /**
   * Calls a function after a delay, even if the reactor has stopped by then.
   *
   * @param delay Seconds from now, at least 0, finite.
   * @param f The function. It must not throw.
   * @returns A function that cancels the call.
   */
  timeout(delay: number, f: () => void): () => void;
}

/**
 * Creates the timer of one reactor.
 *
 * @param wake Called at the wake-up. It may be called early, so it must check the clock.
 * @param changed Called when the wake-up must be set again, because the host's time has changed.
 */
export type MakeLoopTimer = (wake: () => void, changed: () => void) => LoopTimer;
