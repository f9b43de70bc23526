import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import type { LoopTimer, MakeLoopTimer } from "./loop_timer.ts";

/**
 * Returns a timer for reactors that a clock drives: a `Clock` of a test, or another reactor.
 *
 * The reactor reads the time of the clock, and makes its timed calls when the clock makes its own.
 *
 * @param clock The clock. Reactors on the same clock share its time.
 * @returns The function that creates the timer of one reactor.
 *
 * @example
 * ```ts
 * import { clockTimer, ReactorBase } from "@torsion/reactor/reactor";
 * import { Clock } from "@torsion/reactor/task";
 *
 * const clock = new Clock();
 * const signalSource = { listen: () => {}, unlisten: () => {} };
 * class ClockReactor extends ReactorBase {}
 * const loopTimer = clockTimer(clock);
 * const reactor = new ClockReactor({ signalSource, stopSignals: [], loopTimer });
 *
 * reactor.run();
 * reactor.callLater(3, () => console.log("at", reactor.seconds()));
 * clock.advance(3); // at 3
 * ```
 */
export function clockTimer(clock: IReactorTime): MakeLoopTimer {
  return (wake) => new ClockTimer(clock, wake);
}

/** The timer of one reactor on a clock. */
export class ClockTimer implements LoopTimer {
  readonly #clock: IReactorTime;
  readonly #wake: () => void;
  #call: IDelayedCall | null = null;
  /** The functions of {@linkcode soon} that have not been called. */
  readonly #soon: (() => void)[] = [];

  /** Always false: a clock never replaces its timers. */
  readonly isOutdated = false;

  /**
   * Creates a timer that is not set.
   *
   * @param clock The clock.
   * @param wake Called at the wake-up.
   */
  constructor(clock: IReactorTime, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  seconds(): number {
    return this.#clock.seconds();
  }

  set(delay: number): void {
    this.clear();
    // Without a call to make, there is no reason to wake: a clock does not keep a process alive.
    if (delay === Infinity) return;
    // The function has a name for the text of the timed call, which a test may show.
    const wakeReactor = (): void => {
      this.#call = null;
      this.#callSoon();
      this.#wake();
    };
    this.#call = this.#clock.callLater(delay, wakeReactor);
  }

  setGenuine(delay: number): void {
    this.set(delay);
  }

  clear(): void {
    this.#call?.cancel();
    this.#call = null;
  }

  soon(f: () => void): void {
    if (this.#soon.push(f) > 1) return;
    const makePendingCalls = () => this.#callSoon();
    this.#clock.callLater(0, makePendingCalls);
  }

  timeout(delay: number, f: () => void): () => void {
    const call = this.#clock.callLater(delay, f);
    return () => {
      if (call.active()) call.cancel();
    };
  }

  /**
   * Makes a step of the reactor's host at this instant: the arrival of bytes, for example. As in a
   * host's loop, the functions of {@linkcode soon} that are pending by then are called first.
   *
   * @param step The function to call.
   */
  step(step: () => void): void {
    const makeStep = () => {
      this.#callSoon();
      step();
    };
    this.#clock.callLater(0, makeStep);
  }

  #callSoon(): void {
    for (let f = this.#soon.shift(); f !== undefined; f = this.#soon.shift()) f();
  }
}
