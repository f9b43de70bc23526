/**
 * The clock of a simulated host.
 *
 * @module
 */

import type { LoopTimer } from "../../reactor/time/loop_timer.ts";
import type { Process } from "./process.ts";
import { type Schedule, type ScheduledEvent, SECOND } from "./schedule.ts";

const MILLION = 1_000_000;
/**
 * The number of turns of a reactor's loop that take no time. A program that calls `callLater(0)`
 * again and again would otherwise stop the time, and never receive from its network.
 */
const FREE_TURNS = 100;
/** The reactor counts in these ticks, of which a microsecond has ten. */
const TICKS = 10 * SECOND;

/**
 * Returns a delay in whole microseconds, rounded up. A product such as 0.07 * 1,000,000 is not
 * exact, so it must not be rounded up by itself.
 */
function inMicrosecondsUp(delay: number): number {
  return Math.ceil(Math.round(delay * TICKS) / 10);
}

/** A clock that shows the virtual time, or is wrong by a constant offset and a constant rate. */
export class MachineClock {
  readonly #schedule: Schedule;
  #offset: number;
  readonly #drift: number;

  /**
   * @param schedule The virtual time.
   * @param offset The error of the wall clock, in microseconds.
   * @param drift The error of the rate, in millionths.
   */
  constructor(schedule: Schedule, offset: number, drift: number) {
    this.#schedule = schedule;
    this.#offset = offset;
    this.#drift = drift;
  }

  /** Returns the time since the simulation began, in microseconds of this clock. */
  microseconds(): number {
    const { now } = this.#schedule;
    return now + Math.floor((now * this.#drift) / MILLION);
  }

  /** Moves the wall clock by a number of microseconds. */
  jump(by: number): void {
    this.#offset += by;
  }

  /** Returns what the wall clock shows, in microseconds since the simulation began. */
  wall(): number {
    return this.microseconds() + this.#offset;
  }

  /** Returns the virtual time at which this clock has moved by a delay, in microseconds. */
  after(delay: number): number {
    return this.#schedule.now + Math.ceil((delay * MILLION) / (MILLION + this.#drift));
  }
}

/** The timer of the reactor of one process. */
export class SimulatedTimer implements LoopTimer {
  readonly #clock: MachineClock;
  readonly #schedule: Schedule;
  readonly #process: Process;
  readonly #wake: () => void;
  readonly isOutdated = false;
  #event: ScheduledEvent | null = null;
  /** The time of the latest wake-up, and the number of wake-ups at that time. */
  #latest = -1;
  #turns = 0;

  /**
   * @param schedule The virtual time.
   * @param clock The clock of the host.
   * @param process The process of the reactor.
   * @param wake Called at the wake-up.
   */
  constructor(schedule: Schedule, clock: MachineClock, process: Process, wake: () => void) {
    this.#schedule = schedule;
    this.#clock = clock;
    this.#process = process;
    this.#wake = wake;
  }

  seconds(): number {
    return this.#clock.microseconds() / SECOND;
  }

  set(delay: number): void {
    this.clear();
    // Without a call to make there is no reason to wake.
    if (delay === Infinity) return;
    const time = this.#clock.after(inMicrosecondsUp(delay));
    const isBusy = this.#turns > FREE_TURNS && time <= this.#latest;
    this.#event = this.#schedule.at(isBusy ? this.#latest + 1 : time, () => {
      this.#event = null;
      this.#countTurn();
      this.#process.run(this.#wake);
    });
  }

  #countTurn(): void {
    const { now } = this.#schedule;
    this.#turns = now === this.#latest
      ? this.#turns + 1
      : now === this.#latest + 1
      ? this.#turns
      : 1;
    this.#latest = now;
  }

  setGenuine(delay: number): void {
    this.set(delay);
  }

  clear(): void {
    if (this.#event !== null) this.#schedule.cancel(this.#event);
    this.#event = null;
  }

  soon(f: () => void): void {
    this.#schedule.soon(() => this.#process.proceed(f));
  }

  timeout(delay: number, f: () => void): () => void {
    const time = this.#clock.after(inMicrosecondsUp(delay));
    const event = this.#schedule.at(time, () => this.#process.run(f));
    return () => this.#schedule.cancel(event);
  }
}
