import { messageOf } from "../../internal/foreign_value.ts";
import { isTimeout } from "../../defer/is_timeout.ts";
import { type ConnectError, ConnectingCancelledError, ConnectTimeoutError } from "../errors.ts";
import type { IAddress } from "../interfaces/mod.ts";

/**
 * Makes the error of a connection attempt that an `AbortSignal` has ended.
 *
 * @param destination The address that was being connected to.
 * @param reason The signal's reason.
 * @returns A `ConnectTimeoutError` for the reason of `AbortSignal.timeout()`, and else a
 *   `ConnectingCancelledError`; both name the reason, and have it as their `cause`.
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
