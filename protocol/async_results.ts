import { isWatched, logUserError, onRejection } from "../defer/guarded_call.ts";

/**
 * What several calls of a protocol's method returned, as one result for the connection to look at: an `async` method may have been
 * called for each of the lines of one chunk.
 *
 * The first failure is the connection's, which logs it and ends with it. Later ones are logged here; and so are all of them if the
 * connection does not get {@linkcode combined}, because another call threw.
 */
export class AsyncResults {
  readonly #why: string;
  readonly #promises: PromiseLike<unknown>[] = [];
  #failures = 0;
  #isCombined = false;

  /** @param why What was being done, for the log. */
  constructor(why: string) {
    this.#why = why;
  }

  /** Adds what a method returned. A Deferred is left alone: it logs an unhandled failure itself. */
  add(result: unknown): void {
    if (!isWatched(result)) return;
    this.#promises.push(result);
    onRejection(result, (error) => this.#failed(error));
  }

  /** A promise that is rejected when one of them is; `undefined` where there is none. */
  combined(): unknown {
    if (this.#promises.length === 0) return undefined;
    this.#isCombined = true;
    return Promise.all(this.#promises);
  }

  #failed(error: unknown): void {
    this.#failures++;
    if (this.#failures > 1 || !this.#isCombined) logUserError(error, this.#why);
  }
}
