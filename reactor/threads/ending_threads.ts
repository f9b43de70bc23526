/**
 * The threads of a pool that are terminating.
 *
 * @module
 */

import { msg, warn } from "../../log/mod.ts";
import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import type { PoolWorker } from "./pool_worker.ts";

/** The pool, as seen by its terminating threads. */
export interface EndingOwner {
  /** Returns the time in seconds after which a terminating thread counts as stuck. */
  endTimeout(): number;
  /** Called when one more thread is stuck. */
  stuck(): void;
}

/**
 * Threads that were terminated or whose task was cancelled, and that have not stopped yet.
 *
 * Deno does not interrupt running JavaScript, so a terminated thread runs until its task awaits or
 * returns. A thread that takes longer than `endTimeout` seconds is *stuck*: it may never stop.
 */
export class EndingThreads {
  readonly #owner: EndingOwner;
  readonly #clock: Pick<IReactorTime, "callLater"> | null;
  /** Each thread with its timeout; null if the timeout has passed, or without a clock. */
  readonly #threads = new Map<PoolWorker, IDelayedCall | null>();
  readonly #stuck = new Set<PoolWorker>();
  #held = false;

  /**
   * Creates an empty set.
   *
   * @param owner The pool.
   * @param clock Measures the timeouts; null if no thread should ever count as stuck.
   */
  constructor(owner: EndingOwner, clock: Pick<IReactorTime, "callLater"> | null) {
    this.#owner = owner;
    this.#clock = clock;
  }

  /** The number of terminating threads, stuck ones included. */
  get size(): number {
    return this.#threads.size;
  }

  /** The number of stuck threads. */
  get stuckCount(): number {
    return this.#stuck.size;
  }

  /** Adds a thread that was terminated or whose task was cancelled. */
  add(worker: PoolWorker): void {
    this.#threads.set(worker, this.#timeout(worker));
    if (this.#held) worker.ref();
  }

  /** Removes a thread that has stopped or whose cancelled task has returned. */
  delete(worker: PoolWorker): void {
    this.#cancelTimeout(worker);
    this.#threads.delete(worker);
    if (!this.#stuck.delete(worker) || this.#stuck.size > 0) return;
    msg(`No thread of the pool is stuck any more: the task ${worker.taskName} has ended`);
  }

  /** Abandons all threads. Each stops when its task awaits or returns. */
  clear(): void {
    for (const worker of this.#threads.keys()) {
      this.#cancelTimeout(worker);
      worker.abandon();
    }
    this.#threads.clear();
    this.#stuck.clear();
  }

  /**
   * Sets whether the threads keep the process alive, which they do while a task waits for one of
   * them to stop.
   */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    for (const worker of this.#threads.keys()) {
      if (held) worker.ref();
      else worker.unref();
    }
  }

  #timeout(worker: PoolWorker): IDelayedCall | null {
    const endTimeout = this.#owner.endTimeout();
    if (this.#clock === null || endTimeout === Infinity) return null;
    return this.#clock.callLater(endTimeout, () => this.#timedOut(worker));
  }

  #timedOut(worker: PoolWorker): void {
    if (!worker.terminated) {
      // The task was given time to notice its cancellation, but did not return within the timeout.
      worker.terminate();
      this.add(worker);
      return;
    }
    this.#threads.set(worker, null);
    this.#stuck.add(worker);
    if (this.#stuck.size === 1) {
      warn(
        `A thread of the pool is stuck: the task ${worker.taskName} was cancelled ` +
          `and still computes ${this.#owner.endTimeout()} seconds later. ` +
          "Tasks that compute should call currentTask().throwIfCancelled()",
      );
    }
    this.#owner.stuck();
  }

  #cancelTimeout(worker: PoolWorker): void {
    const timeout = this.#threads.get(worker);
    if (timeout?.active() === true) timeout.cancel();
  }
}
