import { err } from "../log/mod.ts";

/**
 * Logs a failure and passes it on: an errback. Twisted's `twisted.internet.defer.logError`.
 *
 * If no later errback handles the failure, it is logged again as an unhandled error.
 *
 * @param error The failure.
 * @returns Never: the function throws.
 * @throws {Error} The same failure.
 *
 * @example
 * ```ts
 * import { fail, logError } from "@torsion/reactor/defer";
 *
 * fail(new Error("no answer"))
 *   .addErrback(logError)
 *   .addErrback(() => "a default");
 * ```
 */
export function logError(error: Error): never {
  err(error);
  throw error;
}
