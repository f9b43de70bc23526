/**
 * The steps that a reactor in memory has scheduled on its clock.
 *
 * @module
 */

import type { IDelayedCall, IReactorTime } from "../../interfaces/mod.ts";

/** A step, and the timed call that makes it. */
interface Step {
  readonly call: IDelayedCall;
  readonly make: () => unknown;
}

/** A clock that knows the calls that were made on it, so that their reactor can be disposed of. */
export class StepClock implements IReactorTime {
  readonly #clock: IReactorTime;
  #steps: Step[] = [];
  /** The number of steps at which those that were made are dropped from the list. */
  #limit = 64;

  /** @param clock The clock that makes the calls. */
  constructor(clock: IReactorTime) {
    this.#clock = clock;
  }

  seconds(): number {
    return this.#clock.seconds();
  }

  callLater<A extends unknown[]>(
    delay: number,
    f: (...args: A) => unknown,
    ...args: A
  ): IDelayedCall {
    const call = this.#clock.callLater(delay, f, ...args);
    this.#steps.push({ call, make: () => f(...args) });
    if (this.#steps.length >= this.#limit) {
      this.#steps = this.#steps.filter(({ call }) => call.active());
      this.#limit = 64 + 2 * this.#steps.length;
    }
    return call;
  }

  getDelayedCalls(): IDelayedCall[] {
    return this.#steps.map(({ call }) => call).filter((call) => call.active());
  }

  /** Makes the steps that are due at once, and those that they schedule. */
  makeDue(): void {
    const isDue = ({ call }: Step) => call.active() && call.getTime() <= this.seconds();
    for (let next = this.#steps.find(isDue); next !== undefined; next = this.#steps.find(isDue)) {
      next.call.cancel();
      next.make();
    }
  }

  /** Cancels all steps. */
  cancelAll(): void {
    for (const call of this.getDelayedCalls()) call.cancel();
  }
}
