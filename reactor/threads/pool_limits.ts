/**
 * Default limits of a thread pool, and their validation.
 *
 * @module
 */

import type { ThreadPoolLimits } from "../interfaces/mod.ts";
import { checkBound, checkInteger, checkTimeout, quote } from "../../internal/validation.ts";

/** The limits of a pool, with a value for each of them. */
type AllLimits = { readonly [K in keyof ThreadPoolLimits]-?: NonNullable<ThreadPoolLimits[K]> };

/** The limits of a pool that is created without any. */
export const DEFAULT_LIMITS: AllLimits = {
  min: 0,
  max: 10,
  maxBacklog: 10_000,
  endTimeout: 5,
  replaceStuck: false,
  maxHeapSize: 512 * 2 ** 20,
};

/** The smallest `maxHeapSize` with which a thread can start, in bytes. */
const MIN_HEAP_SIZE = 16 * 2 ** 20;

/**
 * Validates changes to the limits of a pool and applies them.
 *
 * @param limits The current limits.
 * @param changes The limits to change. Omitted or undefined limits stay the same.
 * @returns The new limits.
 * @throws {TypeError} If a limit has the wrong type.
 * @throws {RangeError} If a limit is out of range, or `min` is greater than `max`.
 */
export function changeLimits(
  limits: AllLimits,
  changes: ThreadPoolLimits,
): AllLimits {
  const {
    min = limits.min,
    max = limits.max,
    maxBacklog = limits.maxBacklog,
    endTimeout = limits.endTimeout,
    replaceStuck = limits.replaceStuck,
    maxHeapSize = limits.maxHeapSize,
  } = changes;
  checkInteger("min", min, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("max", max, 0, Number.MAX_SAFE_INTEGER);
  if (min > max) throw new RangeError(`min must not be more than max, got ${min} and ${max}`);
  checkBound("maxBacklog", maxBacklog, 0);
  checkTimeout("endTimeout", endTimeout);
  if (typeof replaceStuck !== "boolean") {
    throw new TypeError(`replaceStuck must be true or false, got ${quote(replaceStuck)}`);
  }
  checkBound("maxHeapSize", maxHeapSize, MIN_HEAP_SIZE);
  return { min, max, maxBacklog, endTimeout, replaceStuck, maxHeapSize };
}
