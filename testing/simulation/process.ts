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
  /** Who has paused the process and not resumed it. */
  readonly #holders = new Set<object>();
  /** The calls that wait for the end of a pause, or for others that have waited. */
  #waiting: (() => void)[] = [];
  /** Whether an event is pending that makes the first of the kept calls. */
  #isCatchingUp = false;
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
    return this.#holders.size > 0;
  }

  /** Calls a function of the program: now, after a pause, or never if the process has ended. */
  run(f: () => void): void {
    if (!this.#isAlive) return;
    // A call must not overtake those that were kept.
    if (this.#holders.size > 0 || this.#waiting.length > 0) {
      this.#waiting.push(f);
      return;
    }
    this.#entered();
    f();
  }

  /** Continues the current call of the program, before those that were kept. */
  proceed(f: () => void): void {
    if (this.isPaused || !this.#isAlive) return this.run(f);
    this.#entered();
    f();
  }

  /**
   * Suspends the process, unless it has ended. Calls are kept until it resumes.
   *
   * @param holder The cause of the pause, which {@linkcode resume} takes.
   */
  pause(holder: object): void {
    if (this.#isAlive) this.#holders.add(holder);
  }

  /**
   * Ends a pause. The process resumes when all causes have ended. It then makes the calls that were
   * kept, in their order. Each is an event of its own, so that the promises of one settle before
   * the next, as in a process that runs.
   *
   * @param holder The cause of the pause; all causes by default.
   * @returns Whether the process has resumed.
   */
  resume(holder?: object): boolean {
    if (!this.isPaused) return false;
    if (holder === undefined) this.#holders.clear();
    else this.#holders.delete(holder);
    if (!this.isPaused) this.#catchUp();
    return !this.isPaused;
  }

  /** Ends the process. Nothing calls the program any more. */
  end(): void {
    this.#isAlive = false;
    this.#holders.clear();
    this.#waiting = [];
  }

  #catchUp(): void {
    if (this.#isCatchingUp || this.#waiting.length === 0) return;
    this.#isCatchingUp = true;
    this.#schedule.at(this.#schedule.now, () => {
      this.#isCatchingUp = false;
      if (this.isPaused) return;
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#entered();
      next();
      this.#catchUp();
    });
  }
}
