/**
 * A clock that moves by itself when a test waits.
 *
 * @module
 */

import { logUserError } from "../defer/guarded_call.ts";
import { checkDelay } from "../internal/validation.ts";
import { Clock, nextDueOf, watchClock } from "../task/clock.ts";

// The genuine functions, which a fake of the time must not replace.
const { setImmediate, clearImmediate, setTimeout, clearTimeout } = globalThis;

/** A time that moves only by {@linkcode MovableTime.advance}, as that of a simulated network. */
export interface MovableTime {
  /** Returns the current time in seconds. */
  seconds(): number;
  /** Returns the time of the next call in seconds, or `undefined` if no call is pending. */
  nextDue(): number | undefined;
  /**
   * Moves the time, and makes the calls that become due.
   *
   * @param seconds The time to pass, in seconds.
   */
  advance(seconds: number): void;
  /**
   * Watches the calls.
   *
   * @param onEarlier Called when the time of the next call has become earlier.
   * @returns A function that ends the watch.
   */
  watch(onEarlier: () => void): () => void;
}

/** Options of {@linkcode autoAdvance}. */
export interface AutoAdvanceOptions {
  /**
   * Genuine seconds without a call of the clock after which its time moves. More than 0 is needed
   * if the test also waits for genuine work, such as a file, a thread or a TLS handshake.
   *
   * @default {0}
   */
  patience?: number | undefined;
}

/** A clock's automatic advance: see {@linkcode autoAdvance}. */
export interface AutoAdvance extends Disposable {
  /**
   * Holds the time. Calls that are due are still made.
   *
   * @returns The hold, whose disposal releases the time.
   */
  hold(): Disposable;
  /** Stops advancing the clock. */
  [Symbol.dispose](): void;
}

/**
 * Advances a clock automatically: whenever the program has nothing else to do, the clock moves to
 * its next call.
 *
 * A test that awaits cannot move a clock at the same time. With this function, an hour of the clock
 * takes no longer than the code that runs in it, and everything happens in the order of the clock.
 * An error of a timed call is logged.
 *
 * A test must wait for an event: a Deferred, `deferLater(clock, …)`, or `receives()` of a
 * `TestPeer`. A loop around `await Promise.resolve()` never leaves the program without work, so
 * that the clock stands still and the test hangs.
 *
 * @param time The clock, or a `SimulatedNetwork`.
 * @param options The patience with genuine work.
 * @returns The automatic advance, which ends with its disposal.
 * @throws {RangeError | TypeError} If `patience` is not a number of seconds.
 *
 * @example
 * ```ts
 * import { Clock, deferLater } from "@torsion/reactor/task";
 * import { autoAdvance } from "@torsion/reactor/testing";
 *
 * const clock = new Clock();
 * using _advancing = autoAdvance(clock);
 * await deferLater(clock, 3600, () => console.log("at", clock.seconds())); // at 3600
 * ```
 */
export function autoAdvance(
  time: Clock | MovableTime,
  options: AutoAdvanceOptions = {},
): AutoAdvance {
  const { patience = 0 } = options;
  checkDelay("patience", patience);
  return new Advancing(time instanceof Clock ? timeOf(time) : time, patience * 1000);
}

function timeOf(clock: Clock): MovableTime {
  return {
    seconds: () => clock.seconds(),
    nextDue: () => nextDueOf(clock),
    advance: (seconds) => clock.advance(seconds),
    watch: (onEarlier) => watchClock(clock, onEarlier),
  };
}

class Advancing implements AutoAdvance {
  readonly #time: MovableTime;
  readonly #patience: number;
  readonly #unwatch: () => void;
  #holds = 0;
  #next: NextStep | null = null;
  #isStepping = false;
  #isDisposed = false;

  constructor(time: MovableTime, patience: number) {
    this.#time = time;
    this.#patience = patience;
    this.#unwatch = time.watch(() => this.#schedule());
    this.#schedule();
  }

  hold(): Disposable {
    this.#holds++;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#holds--;
        this.#schedule();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#unwatch();
    this.#next?.cancel();
  }

  /** Schedules the next step, for when the running code and its promises have nothing to do. */
  #schedule(): void {
    if (this.#isStepping || this.#isDisposed || this.#next?.isSoon) return;
    const due = this.#time.nextDue();
    if (due === undefined) return;
    const isDue = due <= this.#time.seconds();
    if (!isDue && this.#holds > 0) return;
    this.#next?.cancel();
    this.#next = isDue || this.#patience === 0
      ? soon(() => this.#step())
      : later(this.#patience, () => this.#step());
  }

  #step(): void {
    this.#next = null;
    this.#isStepping = true;
    const now = this.#time.seconds();
    const wait = this.#holds > 0 ? 0 : Math.max(0, (this.#time.nextDue() ?? now) - now);
    try {
      this.#time.advance(wait);
    } catch (error) {
      logUserError(error, "Error while making a timed call of a clock");
    }
    this.#isStepping = false;
    this.#schedule();
  }
}

/** A scheduled step. */
interface NextStep {
  /** Whether it comes as soon as the host's loop has turned. */
  readonly isSoon: boolean;
  cancel(): void;
}

function soon(step: () => void): NextStep {
  const immediate = setImmediate(step);
  return { isSoon: true, cancel: () => clearImmediate(immediate) };
}

function later(milliseconds: number, step: () => void): NextStep {
  const timer = setTimeout(step, milliseconds);
  return { isSoon: false, cancel: () => clearTimeout(timer) };
}
