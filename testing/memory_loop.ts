/**
 * The event loop of connections in memory, run by hand.
 *
 * @module
 */

import { nodeTLS } from "../reactor/drivers/node/tls_contexts.ts";
import type { IReactorTime } from "../reactor/interfaces/mod.ts";
import { MicrotaskQueue } from "../reactor/lifecycle/microtask_queue.ts";
import { ReactorResources } from "../reactor/lifecycle/open_resources.ts";
import type { ConnectionContext } from "../reactor/stream/connection_context.ts";
import { runningClock } from "./running_clock.ts";

/** An event loop whose turns the owner runs. */
export class MemoryLoop implements ConnectionContext {
  readonly reactor: ConnectionContext["reactor"];
  readonly timeout: ConnectionContext["timeout"];
  readonly resources: ReactorResources = new ReactorResources();
  readonly microtasks: MicrotaskQueue = new MicrotaskQueue((run) => {
    this.#turnEnds.push(run);
    this.#notify();
  });
  readonly tls = nodeTLS;
  /** Called when work becomes pending outside of a round. */
  onPending: () => void = () => {};
  readonly #turnEnds: (() => void)[] = [];
  #steps: (() => void)[] = [];
  #isRunning = false;

  /** @param clock The time of the connections. */
  constructor(clock: IReactorTime) {
    ({ reactor: this.reactor, timeout: this.timeout } = runningClock(clock));
  }

  /** Schedules one step of a read, a write or an accept. */
  readonly schedule = (step: () => void): void => {
    this.#steps.push(step);
    this.#notify();
  };

  /** Whether a round is running. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Runs rounds until nothing is pending. Does nothing if it is called within a round. */
  settle(): void {
    while (!this.#isRunning && this.runRound());
  }

  /**
   * Ends the turn, and runs each step that is pending now, in a turn of its own.
   *
   * @returns Whether anything was pending.
   */
  runRound(): boolean {
    this.#isRunning = true;
    try {
      const hadTasks = this.#endTurn();
      const steps = this.#steps;
      this.#steps = [];
      for (const step of steps) {
        step();
        this.#endTurn();
      }
      return hadTasks || steps.length > 0;
    } finally {
      this.#isRunning = false;
    }
  }

  #notify(): void {
    if (!this.#isRunning) this.onPending();
  }

  #endTurn(): boolean {
    const hadTasks = this.#turnEnds.length > 0;
    for (let run = this.#turnEnds.shift(); run !== undefined; run = this.#turnEnds.shift()) run();
    return hadTasks;
  }
}
