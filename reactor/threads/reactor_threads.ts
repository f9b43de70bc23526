/**
 * The thread pool of a reactor.
 *
 * @module
 */

import type { IReactorCore, IReactorTime, SystemEventTriggerID } from "../interfaces/mod.ts";
import type { ReactorResource, ReactorResources } from "../lifecycle/open_resources.ts";
import { ThreadPool } from "./thread_pool.ts";
import type { StartThread } from "./worker_thread.ts";

/** A reactor's thread pool: created on first use, started and stopped with the reactor. */
export class ReactorThreads {
  readonly #reactor: IReactorCore & IReactorTime;
  readonly #resources: ReactorResources;
  readonly #startThread: StartThread;
  #pool: ThreadPool | null = null;

  /**
   * Prepares the pool of a reactor. No thread starts yet.
   *
   * @param reactor The reactor that owns the pool.
   * @param resources The open resources of the reactor, which close when it shuts down.
   * @param startThread Starts one thread of the pool.
   */
  constructor(
    reactor: IReactorCore & IReactorTime,
    resources: ReactorResources,
    startThread: StartThread,
  ) {
    this.#reactor = reactor;
    this.#resources = resources;
    this.#startThread = startThread;
  }

  /** Returns the pool. A pool that a reactor shutdown has stopped is replaced by a new one. */
  pool(): ThreadPool {
    this.#pool ??= this.#newPool();
    return this.#pool;
  }

  #newPool(): ThreadPool {
    const pool = new ThreadPool({ clock: this.#reactor, startThread: this.#startThread });
    let startup: SystemEventTriggerID | null = null;
    const resource: ReactorResource & { toString(): string; pendingThreadCalls: number } = {
      shutDown: () => {
        if (startup !== null) this.#reactor.removeSystemEventTrigger(startup);
        this.#pool = null;
        pool.stop();
        this.#resources.delete(resource);
      },
      unref: () => pool.unref(),
      toString: () => "thread pool",
      get pendingThreadCalls(): number {
        return pool.statistics().backloggedWorkCount;
      },
    };
    this.#resources.add(resource);
    startup = this.#reactor.callWhenRunning(() => {
      startup = null;
      pool.start();
    });
    return pool;
  }
}
