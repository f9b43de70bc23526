import { ConcurrencyPrimitive, type ConcurrencyPrimitiveOptions } from "./concurrency_primitive.ts";

/**
 * A lock: one at a time has it, the others wait in line.
 *
 * Twisted: `twisted.internet.defer.DeferredLock`; `using` takes the place of `async with`.
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
   * Makes a lock that is free.
   *
   * @param options The limit of those that wait.
   * @throws {RangeError} If that limit is negative or not a number.
   */
  constructor(options?: ConcurrencyPrimitiveOptions) {
    super(1, options);
  }

  /** Whether somebody has it. */
  get locked(): boolean {
    return this.free === 0;
  }
}
