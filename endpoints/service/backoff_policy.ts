import { atOnce } from "../../defer/guarded_call.ts";
import { checkDelay, checkFinite, checkFunction, quote } from "../../internal/validation.ts";

/** How long to wait before the next attempt: given how many have failed in a row, it returns seconds. */
export type RetryPolicy = (failures: number) => number;

/** How the wait between attempts grows. */
export interface BackoffPolicyOptions {
  /**
   * Seconds that the growth begins with: the first wait is this times {@linkcode factor}, as in Twisted.
   *
   * @default {1}
   */
  initialDelay?: number | undefined;
  /**
   * Seconds that the wait does not exceed, jitter aside.
   *
   * @default {60}
   */
  maxDelay?: number | undefined;
  /**
   * By how much each wait is longer than the one before.
   *
   * @default {1.5}
   */
  factor?: number | undefined;
  /**
   * Seconds to add to a wait, so that clients that lost one server do not all come back to it at once. It is given the wait. One that
   * returns less than nothing shortens it.
   *
   * @default {Math.random}
   */
  jitter?: ((delay: number) => number) | undefined;
}

/**
 * Waits that grow by a factor, up to a bound. Twisted's `twisted.application.internet.backoffPolicy`, with its numbers: unless told
 * otherwise, the nth wait is `min(1.5 ** n, 60)` seconds and up to one more.
 *
 * @param options How it grows.
 * @returns The policy.
 * @throws {RangeError} when a delay is negative or not finite, or the factor not a positive number.
 *
 * @example Any time up to the wait, with randomness that a test can hand in ("full jitter")
 * ```ts
 * import { backoffPolicy } from "@torsion/reactor/endpoints";
 *
 * function fullJitter(random = Math.random) {
 *   return backoffPolicy({ factor: 2, jitter: (delay) => -delay * random() });
 * }
 *
 * console.log(fullJitter(() => 0.25)(3)); // 6
 * ```
 */
export function backoffPolicy(options: BackoffPolicyOptions = {}): RetryPolicy {
  const { initialDelay = 1, maxDelay = 60, factor = 1.5, jitter = Math.random } = options;
  checkDelay("backoffPolicy() initialDelay", initialDelay);
  checkDelay("backoffPolicy() maxDelay", maxDelay);
  checkFunction("backoffPolicy() jitter", jitter);
  if (!(factor > 0)) {
    throw new RangeError(`backoffPolicy() factor must be a positive number, got ${quote(factor)}`);
  }
  return (failures) => {
    const grown = initialDelay * factor ** Math.min(100, failures);
    // Not Math.min: what has grown beyond all numbers may be NaN, and counts as too long.
    const delay = grown <= maxDelay ? grown : maxDelay;
    const added = atOnce("jitter()", jitter(delay), "While calling the jitter of backoffPolicy()");
    checkFinite("backoffPolicy() jitter() result", added);
    return delay + added;
  };
}
