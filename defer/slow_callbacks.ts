/**
 * Warnings about callbacks that keep the event loop busy, as in the debug mode of asyncio.
 *
 * @module
 */

import { msg } from "../log/mod.ts";

/** Measures callbacks, and logs those that take long. */
export class SlowCallbacks {
  readonly #threshold: number;
  readonly #now: () => number;
  /** The seconds of all callbacks that have been reported. */
  #reported = 0;

  /**
   * @param threshold The seconds from which a callback is reported.
   * @param now Returns the current time in seconds.
   */
  constructor(threshold: number, now: () => number = () => performance.now() / 1000) {
    this.#threshold = threshold;
    this.#now = now;
  }

  /**
   * Starts to measure a callback.
   *
   * @returns A function for the end of the callback. Its argument returns the callback's name. The
   *   time of inner callbacks that were reported themselves does not count.
   */
  enter(): (name: () => string) => void {
    const [started, reported] = [this.#now(), this.#reported];
    return (name) => {
      const seconds = this.#now() - started - (this.#reported - reported);
      if (seconds < this.#threshold) return;
      this.#reported += seconds;
      msg(`Slow callback: ${name()} kept the event loop busy for ${seconds.toFixed(3)} s`);
    };
  }
}

/** Measures callbacks while debugging is on. A variable, because a call would be too slow. */
export let slowCallbacks: SlowCallbacks | null = null;

/** Starts to measure callbacks, or stops it. */
export function setSlowCallbacks(measuring: SlowCallbacks | null): void {
  slowCallbacks = measuring;
}
