/**
 * The threads of a pool that are to end, and have not ended yet.
 *
 * @module
 */

import { msg, warn } from "../../log/mod.ts";
import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import type { PoolWorker } from "./pool_worker.ts";

/** The pool, as this part of it sees it. */
export interface EndingOwner {
  /** Seconds that a thread may take to end before it counts as stuck. */
  readonly endTimeout: number;
  /** Another thread is stuck. */
  stuck(): void;
}

/**
 * Threads whose task was cancelled, or that are too many.
 *
 * Deno does not interrupt running JavaScript, so that ending a thread takes as long as its task
 * computes. One that takes more than `endTimeout` seconds is *stuck*: it may never end.
 */
export class EndingThreads {
  readonly #owner: EndingOwner;
  readonly #clock: Pick<IReactorTime, "callLater"> | null;
  /** Each with its timeout; null once that has passed, and where there is no clock. */
  readonly #threads = new Map<PoolWorker, IDelayedCall | null>();
  readonly #stuck = new Set<PoolWorker>();
  #held = false;

  /**
   * @param owner The pool.
   * @param clock Measures the time; null when no thread is ever to count as stuck.
   */
  constructor(owner: EndingOwner, clock: Pick<IReactorTime, "callLater"> | null) {
    this.#owner = owner;
    this.#clock = clock;
  }

  /** How many there are, stuck ones included. */
  get size(): number {
    return this.#threads.size;
  }

  /** How many of them are stuck. */
  get stuckCount(): number {
    return this.#stuck.size;
  }

  /** Adds a thread whose task was cancelled, or that was told to end. */
  add(worker: PoolWorker): void {
    this.#threads.set(worker, this.#timeout(worker));
    if (this.#held) worker.ref();
  }

  /** Removes a thread: it has ended, or its cancelled task has returned. */
  delete(worker: PoolWorker): void {
    this.#cancelTimeout(worker);
    this.#threads.delete(worker);
    if (!this.#stuck.delete(worker) || this.#stuck.size > 0) return;
    msg(`No thread is stuck any more: ${worker.taskName} has ended`);
  }

  /** Forgets all threads, which end when they can. */
  clear(): void {
    for (const worker of this.#threads.keys()) {
      this.#cancelTimeout(worker);
      worker.abandon();
    }
    this.#threads.clear();
    this.#stuck.clear();
  }

  /** Has the threads hold the process, or not: while a task waits for one of them to end. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    for (const worker of this.#threads.keys()) {
      if (held) worker.ref();
      else worker.unref();
    }
  }

  #timeout(worker: PoolWorker): IDelayedCall | null {
    const { endTimeout } = this.#owner;
    if (this.#clock === null || endTimeout === Infinity) return null;
    return this.#clock.callLater(endTimeout, () => this.#timedOut(worker));
  }

  #timedOut(worker: PoolWorker): void {
    if (!worker.terminated) {
      // Its task watched for the cancellation, but has not returned.
      worker.terminate();
      this.add(worker);
      return;
    }
    this.#threads.set(worker, null);
    this.#stuck.add(worker);
    if (this.#stuck.size === 1) {
      warn(
        `A thread is stuck: it was told to end during ${worker.taskName}, and still computes ` +
          `${this.#owner.endTimeout} seconds later. Tasks that compute should call ` +
          `currentTask().throwIfCancelled()`,
      );
    }
    this.#owner.stuck();
  }

  #cancelTimeout(worker: PoolWorker): void {
    const timeout = this.#threads.get(worker);
    if (timeout?.active() === true) timeout.cancel();
  }
}
