import { ConcurrencyPrimitive, type ConcurrencyPrimitiveOptions } from "./concurrency_primitive.ts";

/**
 * A semaphore: a limited number of callers hold it at a time, and further callers wait in order.
 *
 * Twisted's `twisted.internet.defer.DeferredSemaphore`; `using` replaces `async with`.
 *
 * @example
 * ```ts
 * import { DeferredSemaphore, gatherResults } from "@torsion/reactor/defer";
 *
 * const urls = ["http://localhost:8080/a", "http://localhost:8080/b"];
 * const atOnce = new DeferredSemaphore(4);
 * gatherResults(urls.map((url) => atOnce.run(() => fetch(url))));
 * ```
 */
export class DeferredSemaphore extends ConcurrencyPrimitive {
  /** The number of callers that may hold the semaphore at a time. */
  readonly limit: number;

  /**
   * Makes a semaphore with all tokens free.
   *
   * @param tokens The number of callers that may hold the semaphore at a time, at least 1.
   * @param options The limit on waiting calls.
   * @throws {RangeError} If `tokens` is not an integer of at least 1, or the limit on waiting calls
   * is negative.
   */
  constructor(tokens: number, options?: ConcurrencyPrimitiveOptions) {
    if (!Number.isSafeInteger(tokens) || tokens < 1) {
      throw new RangeError(
        `Cannot make a DeferredSemaphore: its tokens must be an integer of at least 1, got ${tokens}`,
      );
    }
    super(tokens, options);
    this.limit = tokens;
  }

  /** The number of free tokens. */
  get tokens(): number {
    return this.free;
  }
}
