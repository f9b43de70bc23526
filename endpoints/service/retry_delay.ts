import { atOnce } from "../../defer/guarded_call.ts";
import { checkDelay } from "../../internal/validation.ts";
import { err } from "../../log/mod.ts";
import type { RetryPolicy } from "./backoff_policy.ts";

/** A retry policy of the user, and what replaces it when it fails. */
export interface GuardedPolicy {
  /** The name of its owner, for the log. */
  readonly owner: string;
  /** The policy. */
  readonly policy: RetryPolicy;
  /** Replaces the policy for one wait. */
  readonly fallback: RetryPolicy;
  /** The name of the fallback, for the log. */
  readonly fallbackName: string;
}

/**
 * Returns the seconds to wait, according to a retry policy. If it throws, or returns anything but a
 * delay, the error is logged, and the result is that of the fallback.
 *
 * @param failures The number of attempts that have failed in a row.
 * @param guarded The policy and its fallback.
 */
export function retryDelay(
  failures: number,
  { owner, policy, fallback, fallbackName }: GuardedPolicy,
): number {
  try {
    const why = `Error while calling the retryPolicy of ${owner}`;
    const delay = atOnce("retryPolicy()", policy(failures), why);
    checkDelay("retryPolicy() result", delay);
    return delay;
  } catch (error) {
    err(error, `Error in the retryPolicy of ${owner}, so ${fallbackName} is used for this wait`);
    return fallback(failures);
  }
}
