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
  readonly #changed: () => void;
  #date: unknown = hostDate;
  /** What the source showed when the reading was {@linkcode #base}. Only its differences count: they are exact, its sums are not. */
  #origin = 0;
  #base = 0;
  #last = 0;

  /** @param changed Told by the first reading after a fake has come or gone. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  /** The time now, in seconds. */
  seconds(): number {
    const date = globalThis.Date;
    const source = date === hostDate ? performance.now() : date.now();
    // The fake returns no time. The clock stands still until it does.
    if (!Number.isFinite(source)) return this.#last / 1000;
    if (date !== this.#date) this.#changeSource(date, source);
    const now = this.#base + (source - this.#origin);
    // The source may step back, such as a second FakeTime that starts before the first one ended.
    if (now < this.#last) this.#goOnFrom(source);
    else this.#last = now;
    return this.#last / 1000;
  }

  #changeSource(date: DateConstructor, source: number): void {
    if (this.#date === hostDate) this.#last = this.#base + (performance.now() - this.#origin);
    this.#date = date;
    this.#goOnFrom(source);
    this.#changed();
  }

  #goOnFrom(source: number): void {
    this.#origin = source;
    // On a whole microsecond, so that moments that are equal in faked time are so here, whenever it began.
    this.#last = Math.ceil(this.#last * 1000) / 1000;
    this.#base = this.#last;
  }
}

/** Whether the host's time is a fake one now. Its timers are, too, then. */
export function isTimeFaked(): boolean {
  return globalThis.Date !== hostDate;
}
