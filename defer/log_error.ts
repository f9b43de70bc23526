import { err } from "../log/mod.ts";

/**
 * An errback that logs a failure and passes it on. Twisted: `twisted.internet.defer.logError`.
 *
 * If no errback handles it further down the chain, it is logged again as an unhandled error.
 *
 * @param error The failure.
 * @returns Nothing: it throws.
 * @throws {Error} What it was given.
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
