/**
 * The limits of a pool, checked.
 *
 * @module
 */

import type { ThreadPoolLimits } from "../interfaces/mod.ts";
import { checkBound, checkDelay, checkInteger, quote } from "../../internal/validation.ts";

/** The limits of a pool that was given none. */
export const DEFAULT_LIMITS: Readonly<Required<ThreadPoolLimits>> = {
  min: 0,
  max: 10,
  maxBacklog: 10_000,
  endTimeout: 5,
  replaceStuck: false,
  maxHeapSize: 512 * 2 ** 20,
};

/** The least heap that a thread starts with. */
const LEAST_HEAP = 16 * 2 ** 20;

/**
 * Changes limits.
 *
 * @param limits The limits as they are.
 * @param changes The limits that change; those that are left out or undefined stay.
 * @returns The limits as they will be.
 * @throws {TypeError} when one of them has the wrong type.
 * @throws {RangeError} when one of them is out of range, or `min` is more than `max`.
 */
export function changeLimits(
  limits: Readonly<Required<ThreadPoolLimits>>,
  changes: ThreadPoolLimits,
): Readonly<Required<ThreadPoolLimits>> {
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
  if (endTimeout !== Infinity) checkDelay("endTimeout", endTimeout);
  if (typeof replaceStuck !== "boolean") {
    throw new TypeError(`replaceStuck must be true or false, got ${quote(replaceStuck)}`);
  }
  checkBound("maxHeapSize", maxHeapSize, LEAST_HEAP);
  return { min, max, maxBacklog, endTimeout, replaceStuck, maxHeapSize };
}
