import { isWatched, logUserError, onRejection } from "../defer/guarded_call.ts";

/**
 * Combines the results of several calls of a protocol's method into one result for the connection.
 * An `async` method may be called once for each line of a chunk.
 *
 * The first failure rejects the combined promise, so the connection logs it and closes. Later
 * failures are logged here. If {@linkcode combined} is never called, because another call threw,
 * every failure is logged here.
 */
export class AsyncResults {
  readonly #why: string;
  readonly #promises: PromiseLike<unknown>[] = [];
  #failures = 0;
  #isCombined = false;

  /** @param why The log line's first part, such as "Error while receiving lines". */
  constructor(why: string) {
    this.#why = why;
  }

  /**
   * Adds the result of a call. A Deferred is ignored, because it reports an unhandled failure
   * itself.
   */
  add(result: unknown): void {
    if (!isWatched(result)) return;
    this.#promises.push(result);
    onRejection(result, (error) => this.#failed(error));
  }

  /** Returns a promise that rejects when one of the results does; `undefined` if there are none. */
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
