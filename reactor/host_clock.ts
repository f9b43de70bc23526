/**
 * The host's clock: monotonic, and faked where the host's is faked.
 *
 * @module
 */

// The genuine Date, also when a test faked the global one before this module was loaded: structured clones are made by the engine.
const hostDate: unknown = structuredClone(new Date(0)).constructor;

/**
 * Seconds that only go forward. They come from `performance.now()`, which steps of the wall clock do not move; while
 * `globalThis.Date` is a fake (`FakeTime` of `@std/testing/time`, which leaves `performance` alone), they come from the fake.
 * The reading goes on where it was when a fake comes and when it goes.
 */
export class HostClock {
  #date: unknown = hostDate;
  #offset = 0;
  #last = 0;

  /** The time now, in seconds. */
  seconds(): number {
    const date = globalThis.Date;
    if (date !== this.#date) this.#changeSource(date);
    let now = (date === hostDate ? performance.now() : date.now()) + this.#offset;
    if (now < this.#last) {
      // The source stepped back, such as a second FakeTime that starts before the first one ended.
      this.#offset += this.#last - now;
      now = this.#last;
    }
    this.#last = now;
    return now / 1000;
  }

  #changeSource(date: DateConstructor): void {
    const now = this.#date === hostDate ? performance.now() + this.#offset : this.#last;
    this.#offset = now - (date === hostDate ? performance.now() : date.now());
    this.#last = now;
    this.#date = date;
  }
}
