import { ConcurrencyPrimitive, type ConcurrencyPrimitiveOptions } from "./concurrency_primitive.ts";

/**
 * A lock: one caller at a time holds it, and further callers wait in order.
 *
 * Twisted's `twisted.internet.defer.DeferredLock`; `using` replaces `async with`.
 *
 * @example
 * ```ts
 * import { DeferredLock } from "@torsion/reactor/defer";
 *
 * const lock = new DeferredLock();
 *
 * async function append(line: string): Promise<void> {
 *   using _turn = await lock.acquire();
 *   await Deno.writeTextFile("notes.txt", line, { append: true });
 * }
 *
 * lock.run(append, "by itself, run() does the same\n");
 * ```
 */
export class DeferredLock extends ConcurrencyPrimitive {
  /**
   * Makes a free lock.
   *
   * @param options The limit on waiting calls.
   * @throws {RangeError} If that limit is negative or not a number.
   */
  constructor(options?: ConcurrencyPrimitiveOptions) {
    super(1, options);
  }

  /** Whether a caller holds the lock. */
  get locked(): boolean {
    return this.free === 0;
  }
}
