/**
 * A timer that does not keep the process alive, built on `Atomics.waitAsync()`.
 *
 * The engine keeps its time. Replaced globals such as those of `FakeTime` do not change it, and a
 * test that checks for leaked operations does not see it.
 */
export class GraceTimer {
  readonly #elapsed: () => void;
  #cell: Int32Array | null = null;
  #isSet = false;

  /** @param elapsed Called when the time has passed, unless the timer was cleared. */
  constructor(elapsed: () => void) {
    this.#elapsed = elapsed;
  }

  /** Whether the timer is set and has not fired. */
  get isSet(): boolean {
    return this.#isSet;
  }

  /**
   * Sets the timer. It must not be set.
   *
   * @param ms Milliseconds, more than 0.
   */
  set(ms: number): void {
    this.#isSet = true;
    this.#cell ??= new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const wait = Atomics.waitAsync(this.#cell, 0, 0, ms);
    // The wait is asynchronous, because the time is more than 0 and the cell is never changed. The
    // condition only satisfies the type.
    if (wait.async) wait.value.then((outcome) => this.#end(outcome));
  }

  /** Clears the timer, if it is set. */
  clear(): void {
    if (!this.#isSet || this.#cell === null) return;
    this.#isSet = false;
    Atomics.notify(this.#cell, 0);
  }

  #end(outcome: string): void {
    if (outcome !== "timed-out") return;
    this.#isSet = false;
    this.#elapsed();
  }
}
