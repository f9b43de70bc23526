import { isError, isInstance, read } from "../internal/foreign_value.ts";
import { TimeoutError } from "./errors.ts";

/**
 * Reports whether an error means that a time limit has expired.
 *
 * @param error Any value.
 * @returns `true` for a {@linkcode TimeoutError}, for the `DOMException` of
 * `AbortSignal.timeout()`, and for an error of a connection whose `code` is `"ETIMEDOUT"`, such as
 * `ConnectTimeoutError`.
 *
 * @example
 * ```ts
 * import { Deferred, isTimeout } from "@torsion/reactor/defer";
 *
 * function report(answer: Deferred<string>): void {
 *   answer.addErrback((error) => {
 *     if (!isTimeout(error)) throw error;
 *     console.log("no answer in time");
 *   });
 * }
 * ```
 */
export function isTimeout(error: unknown): boolean {
  if (!isError(error)) return false;
  if (isInstance(error, DOMException)) return read(error, "name") === "TimeoutError";
  return isInstance(error, TimeoutError) || read(error, "code") === "ETIMEDOUT";
}
