/**
 * The pool that a reactor has.
 *
 * @module
 */

import type { IReactorCore, IReactorTime, SystemEventTriggerID } from "../interfaces/mod.ts";
import type { ReactorResource, ReactorResources } from "../lifecycle/open_resources.ts";
import { ThreadPool } from "./thread_pool.ts";
import type { StartThread } from "./worker_thread.ts";

/** A reactor's pool: made when it is asked for, started and stopped with the reactor. */
export class ReactorThreads {
  readonly #reactor: IReactorCore & IReactorTime;
  readonly #resources: ReactorResources;
  readonly #startThread: StartThread;
  #pool: ThreadPool | null = null;

  /**
   * @param reactor Whose pool it is.
   * @param resources What the reactor holds open.
   * @param startThread Makes its threads.
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

  /** The pool. One that the reactor's stop has ended is not given again. */
  pool(): ThreadPool {
    this.#pool ??= this.#newPool();
    return this.#pool;
  }

  #newPool(): ThreadPool {
    const pool = new ThreadPool({ clock: this.#reactor, startThread: this.#startThread });
    let startup: SystemEventTriggerID | null = null;
    const resource: ReactorResource = {
      shutDown: () => {
        if (startup !== null) this.#reactor.removeSystemEventTrigger(startup);
        this.#pool = null;
        pool.stop();
        this.#resources.delete(resource);
      },
      unref: () => pool.unref(),
    };
    this.#resources.add(resource);
    startup = this.#reactor.callWhenRunning(() => {
      startup = null;
      pool.start();
    });
    return pool;
  }
}
