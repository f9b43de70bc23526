/**
 * The process of a simulated host: it runs, is paused, or has ended.
 *
 * @module
 */

import type { Schedule } from "./schedule.ts";

/** The program of a host, from its start until the host crashes or the process is killed. */
export class Process {
  readonly #schedule: Schedule;
  readonly #entered: () => void;
  /** The calls that wait for the end of a pause; `null` while the process runs. */
  #waiting: (() => void)[] | null = null;
  #isAlive = true;

  /**
   * @param schedule The virtual time.
   * @param entered Called before each call into the program.
   */
  constructor(schedule: Schedule, entered: () => void) {
    this.#schedule = schedule;
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

  /** Suspends the process, unless it has ended. Calls are kept until it resumes. */
  pause(): void {
    if (this.#isAlive) this.#waiting ??= [];
  }

  /**
   * Makes the calls that were kept, in their order. Each is an event of its own, so that the
   * promises of one settle before the next, as in a process that runs.
   */
  resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const f of waiting) this.#schedule.at(this.#schedule.now, () => this.run(f));
  }

  /** Ends the process. Nothing calls the program any more. */
  end(): void {
    this.#isAlive = false;
    this.#waiting = null;
  }
}
