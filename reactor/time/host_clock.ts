/**
 * The clock of the host: monotonic, and faked while the host's time is faked.
 *
 * @module
 */

// The genuine Date class, even if a test has replaced the global one before this module was loaded:
// the JavaScript engine always uses the genuine class for a structured clone.
const hostDate: unknown = structuredClone(new Date(0)).constructor;

/**
 * A monotonic clock in seconds.
 *
 * The clock reads `performance.now()`, which does not follow changes of the wall clock. While
 * `globalThis.Date` is a fake, such as `FakeTime` of `@std/testing/time`, which does not fake
 * `performance`, the clock reads the fake. It continues from its last reading when a fake starts or
 * ends.
 */
export class HostClock {
  readonly #changed: (() => void) | undefined;
  #date: unknown = hostDate;
  /**
   * The time of the source in milliseconds at which this clock showed {@linkcode #base}.
   * Differences of the source's times are exact, sums are not.
   */
  #origin = 0;
  #base = 0;
  #last = 0;

  /** @param changed Called by the first reading after a fake has started or ended. */
  constructor(changed?: () => void) {
    this.#changed = changed;
  }

  /** Returns the current time in seconds. */
  seconds(): number {
    const date = globalThis.Date;
    const source = date === hostDate ? performance.now() : date.now();
    // A fake clock may return an invalid time. Until it returns a valid one, this clock shows its
    // latest time.
    if (!Number.isFinite(source)) return this.#last / 1000;
    if (date !== this.#date) this.#changeSource(date, source);
    const now = this.#base + (source - this.#origin);
    // The source's time may step back, for example when a second FakeTime starts at an earlier
    // date. This clock is monotonic, so it continues from its latest time.
    if (now < this.#last) this.#continueFrom(source);
    else this.#last = now;
    return this.#last / 1000;
  }

  #changeSource(date: DateConstructor, source: number): void {
    if (this.#date === hostDate) this.#last = this.#base + (performance.now() - this.#origin);
    this.#date = date;
    this.#continueFrom(source);
    this.#changed?.();
  }

  #continueFrom(source: number): void {
    this.#origin = source;
    // The time is rounded up to a whole microsecond, so that floating-point errors do not make
    // equal faked times different here. A whole microsecond stays as it is, although its product is
    // not exact, and the time never goes back.
    const rounded = Math.ceil(this.#last * 1000 - 1e-5) / 1000;
    this.#last = Math.max(this.#last, rounded);
    this.#base = this.#last;
  }
}

/** Returns whether the host's time is faked. Its timers are then faked as well. */
export function isTimeFaked(): boolean {
  return globalThis.Date !== hostDate;
}
