import { Deferred } from "../../defer/mod.ts";

/** The Deferreds that wait until a service has stopped. */
export class StopWaiters {
  #waiters: Deferred<void>[] = [];

  /** Adds a Deferred. Cancelling it ends only that wait. */
  add(): Deferred<void> {
    const waiter = new Deferred<void>();
    this.#waiters.push(waiter);
    return waiter;
  }

  /**
   * Removes the Deferreds that wait now. Later ones wait for the next stop. Firing them is a
   * separate step, because a callback may start the service again.
   *
   * @returns A function that fires the removed Deferreds, or fails them with an error.
   */
  take(): (error?: Error) => void {
    const waiters = this.#waiters;
    this.#waiters = [];
    return (error) => {
      for (const waiter of waiters) {
        if (error === undefined) waiter.callback();
        else waiter.errback(error);
      }
    };
  }
}
