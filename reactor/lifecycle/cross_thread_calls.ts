/**
 * Calls that wait for the reactor's next turn.
 *
 * @module
 */

import { callLogged } from "../../defer/guarded_call.ts";

type AnyFunction = (...args: never[]) => unknown;

/** The calls of `callFromThread`, in the order in which they were asked for. */
export class CrossThreadCalls {
  #waiting: { f: AnyFunction; args: readonly unknown[] }[] = [];

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Adds one at the end. */
  add(f: AnyFunction, args: readonly unknown[]): void {
    this.#waiting.push({ f, args });
  }

  /** Makes those that wait now. What they add waits for the turn after this one. */
  run(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting;
    this.#waiting = [];
    for (const { f, args } of due) callLogged(f, args, "While making a call of callFromThread()");
  }
}
