import { ConcurrencyPrimitive, type ConcurrencyPrimitiveOptions } from "./concurrency_primitive.ts";

/**
 * A semaphore: no more than so many have it at a time, the others wait in line.
 *
 * Twisted: `twisted.internet.defer.DeferredSemaphore`; `using` takes the place of `async with`.
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
  /** How many may have it at a time. */
  readonly limit: number;

  /**
   * Makes a semaphore with all tokens free.
   *
   * @param tokens How many may have it at a time.
   * @param options The limit of those that wait.
   * @throws {RangeError} If the number is not a whole one of 1 or more, or the limit negative.
   */
  constructor(tokens: number, options?: ConcurrencyPrimitiveOptions) {
    if (!Number.isSafeInteger(tokens) || tokens < 1) {
      throw new RangeError(`DeferredSemaphore needs a whole number of tokens >= 1, not ${tokens}`);
    }
    super(tokens, options);
    this.limit = tokens;
  }

  /** How many more may have it now. */
  get tokens(): number {
    return this.free;
  }
}
