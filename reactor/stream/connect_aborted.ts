import { messageOf } from "../../internal/foreign_value.ts";
import { isTimeout } from "../../defer/is_timeout.ts";
import { type ConnectError, ConnectingCancelledError, ConnectTimeoutError } from "../errors.ts";
import type { IAddress } from "../interfaces/mod.ts";

/**
 * Creates the error of a connection attempt that an `AbortSignal` has cancelled. Its message names
 * the signal's reason, and its `cause` is that reason.
 *
 * @param destination The destination of the attempt.
 * @param reason The signal's reason.
 * @returns A `ConnectTimeoutError` if the signal was that of `AbortSignal.timeout()`, or else a
 *   `ConnectingCancelledError`.
 */
export function connectAborted(destination: IAddress, reason: unknown): ConnectError {
  const why = messageOf(reason);
  if (!isTimeout(reason)) {
    return new ConnectingCancelledError(destination, { cause: reason, reason: why });
  }
  return new ConnectTimeoutError(`Connecting to ${destination} timed out: ${why}`, {
    address: String(destination),
    syscall: "connect",
    cause: reason,
  });
}
