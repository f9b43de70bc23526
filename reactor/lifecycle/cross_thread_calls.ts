/**
 * Queued calls of `callFromThread`.
 *
 * @module
 */

import { callLogged } from "../../defer/guarded_call.ts";

type AnyFunction = (...args: never[]) => unknown;

/** The calls of `callFromThread` that wait for the reactor's next turn, in order. */
export class CrossThreadCalls {
  #waiting: { f: AnyFunction; args: readonly unknown[] }[] = [];

  /** The number of queued calls. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Adds a call to the end of the queue. */
  add(f: AnyFunction, args: readonly unknown[]): void {
    this.#waiting.push({ f, args });
  }

  /** Makes the queued calls. Calls that they add are made in the next turn. */
  run(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting;
    this.#waiting = [];
    for (const { f, args } of due) {
      callLogged(f, args, "Error while making a call of callFromThread()");
    }
  }
}
