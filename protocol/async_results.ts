import { Deferred } from "../defer/mod.ts";
import { follow, isInstance } from "../log/foreign.ts";
import { isThenable, logUserError } from "../reactor/user_code.ts";

/**
 * What several calls of a protocol's method returned, as one result for the connection to look at: an `async` method may have been
 * called for each of the lines of one chunk.
 *
 * The first failure is the connection's, which logs it and ends with it. Later ones are logged here.
 */
export class AsyncResults {
  #promises: PromiseLike<unknown>[] | null = null;

  /** Adds what a method returned. A Deferred is left alone: it logs an unhandled failure itself. */
  add(result: unknown): void {
    if (!isThenable(result) || isInstance(result, Deferred)) return;
    (this.#promises ??= []).push(result);
  }

  /** A promise that is rejected when one of them is; `undefined` where there is none. */
  combined(why: string): unknown {
    const promises = this.#promises;
    if (promises === null) return undefined;
    let failures = 0;
    for (const promise of promises) {
      follow(promise, undefined, (error) => {
        if (failures++ > 0) logUserError(error, why);
      });
    }
    return Promise.all(promises);
  }
}
