import { atOnce } from "../../defer/guarded_call.ts";
import { checkDelay, checkFinite, checkFunction, quote } from "../../internal/validation.ts";

/**
 * Returns the seconds to wait before the next attempt, given the number of attempts that have
 * failed in a row.
 */
export type RetryPolicy = (failures: number) => number;

/** Options of {@linkcode backoffPolicy}. */
export interface BackoffPolicyOptions {
  /**
   * Seconds from which the wait grows. The first wait is this times {@linkcode factor}, as in
   * Twisted.
   *
   * @default {1}
   */
  initialDelay?: number | undefined;
  /**
   * The maximum wait in seconds, before jitter is added.
   *
   * @default {60}
   */
  maxDelay?: number | undefined;
  /**
   * The ratio of each wait to the one before.
   *
   * @default {1.5}
   */
  factor?: number | undefined;
  /**
   * Returns the seconds to add to a wait, so that the clients of one server do not all reconnect at
   * the same time. It receives the wait. A negative result shortens it.
   *
   * @default {Math.random}
   */
  jitter?: ((delay: number) => number) | undefined;
}

/**
 * Returns a retry policy whose waits grow by a factor, up to a maximum. Twisted's
 * `twisted.application.internet.backoffPolicy`, with the same defaults: the nth wait is
 * `min(1.5 ** n, 60)` seconds plus up to one second.
 *
 * @param options The growth of the wait.
 * @returns The policy.
 * @throws {RangeError} when a delay is negative or not finite, or the factor is not a positive
 *   number.
 *
 * @example Waits of random length up to a maximum that doubles ("full jitter")
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
  const { initialDelay = 1, maxDelay = 60, factor = 1.5 } = options;
  // Math.random is read at each call, because a test may replace it.
  const { jitter = () => Math.random() } = options;
  checkDelay("backoffPolicy() initialDelay", initialDelay);
  checkDelay("backoffPolicy() maxDelay", maxDelay);
  checkFunction("backoffPolicy() jitter", jitter);
  if (typeof factor !== "number") {
    throw new TypeError(`backoffPolicy() factor must be a number, got ${quote(factor)}`);
  }
  if (!(factor > 0)) {
    throw new RangeError(`backoffPolicy() factor must be more than 0, got ${factor}`);
  }
  return (failures) => {
    const grown = initialDelay * factor ** Math.min(100, failures);
    // Math.min() would return NaN if the delay is NaN after an overflow. The comparison treats NaN
    // as a delay above the maximum.
    const delay = grown <= maxDelay ? grown : maxDelay;
    const added = atOnce(
      "jitter()",
      jitter(delay),
      "Error while calling the jitter of backoffPolicy()",
    );
    checkFinite("backoffPolicy() jitter() result", added);
    return delay + added;
  };
}
