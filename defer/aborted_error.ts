import { messageOf } from "../internal/foreign_value.ts";
import { CancelledError, TimeoutError } from "./errors.ts";
import { isTimeout } from "./is_timeout.ts";

/**
 * Makes the error of a Deferred that an `AbortSignal` has cancelled.
 *
 * @param error The failure after the cancellation.
 * @param reason The signal's reason.
 * @returns The error that names the reason; `error` itself if it is not a `CancelledError`, or is
 *   of a subclass, which says more.
 */
export function abortedError(error: Error, reason: unknown): Error {
  if (!(error instanceof CancelledError) || error.constructor !== CancelledError) return error;
  const ErrorClass = isTimeout(reason) ? TimeoutError : CancelledError;
  return new ErrorClass(`Cancelled by an AbortSignal: ${messageOf(reason)}`, { cause: reason });
}
