/**
 * The process of a simulated host: it runs, is paused, or is dead.
 *
 * @module
 */

/** The program of a host, from its start until the host crashes or the process is killed. */
export class Process {
  readonly #entered: () => void;
  #waiting: (() => void)[] | null = null;
  #isAlive = true;

  /** @param entered Called before each call into the program. */
  constructor(entered: () => void) {
    this.#entered = entered;
  }

  /** Whether the process has not ended. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Whether the system has suspended the process. */
  get isPaused(): boolean {
    return this.#waiting !== null;
  }

  /** Calls a function of the program: now, after a pause, or never if the process has ended. */
  run(f: () => void): void {
    if (!this.#isAlive) return;
    if (this.#waiting !== null) {
      this.#waiting.push(f);
      return;
    }
    this.#entered();
    f();
  }

  /** Suspends the process. Calls are kept until it resumes. */
  pause(): void {
    this.#waiting ??= [];
  }

  /** Makes the calls that were kept, in their order. */
  resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const f of waiting) this.run(f);
  }

  /** Ends the process. Nothing calls the program any more. */
  end(): void {
    this.#isAlive = false;
    this.#waiting = null;
  }
}
