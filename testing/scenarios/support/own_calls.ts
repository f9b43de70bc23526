/**
 * The timed calls of a simulated program, which end with its reactor.
 *
 * @module
 */

import type { IDelayedCall } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedReactor } from "../../simulation/mod.ts";

/** Makes timed calls, and cancels those that are pending when the reactor stops. */
export class OwnCalls {
  /** The reactor of the program. */
  readonly reactor: SimulatedReactor;
  #isStopped = false;
  readonly #calls = new Set<IDelayedCall>();

  /** @param reactor The reactor of the program. */
  constructor(reactor: SimulatedReactor) {
    this.reactor = reactor;
    reactor.addSystemEventTrigger("before", "shutdown", () => this.#stop());
  }

  /** Calls a function after a delay in seconds, unless the reactor stops before. */
  later(delay: number, f: () => void): void {
    if (this.#isStopped) return;
    const call: IDelayedCall = this.reactor.callLater(delay, () => {
      this.#calls.delete(call);
      f();
    });
    this.#calls.add(call);
  }

  #stop(): void {
    this.#isStopped = true;
    for (const call of this.#calls) call.cancel();
    this.#calls.clear();
  }
}
