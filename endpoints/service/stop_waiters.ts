import { Deferred } from "../../defer/mod.ts";

/** Those who wait until a service has stopped. */
export class StopWaiters {
  #waiters: Deferred<void>[] = [];

  /** One more. Cancelling it ends that wait alone. */
  add(): Deferred<void> {
    const waiter = new Deferred<void>();
    this.#waiters.push(waiter);
    return waiter;
  }

  /**
   * Those who wait now, to be told; who comes after this waits for the next stop. Two steps, because who is told may start the service
   * again.
   *
   * @returns Tells them: of the error, if there is one.
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
