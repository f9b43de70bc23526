/**
 * The failures of all attempts to connect to a host, combined in one error.
 *
 * @module
 */

import { isInstance, messageOf } from "../../internal/foreign_value.ts";
import type { HostnameAddress } from "../addresses.ts";
import {
  ConnectError,
  ConnectionRefusedError,
  ConnectTimeoutError,
  DNSLookupError,
  NetworkError,
  NoRouteError,
} from "../errors.ts";

const CLASSES = [ConnectionRefusedError, NoRouteError, ConnectTimeoutError, DNSLookupError];

/**
 * Creates the error for a host that could not be connected to. Its message contains every reason,
 * and its `cause` is an `AggregateError` of the reasons. A single reason about the same address is
 * returned itself.
 *
 * If all reasons have one class, the error has it too, so that a `catch` does not depend on the
 * number of addresses; otherwise it is a `ConnectError`. The same holds for `code`. Twisted fails
 * with the last reason only: then a failed IPv6 address may hide that the IPv4 address timed out,
 * or the reverse.
 *
 * @param to The host and port.
 * @param attempts The reasons of the failed attempts, in the order in which they failed.
 * @param lookups The reasons of the failed lookups.
 * @returns The error.
 */
export function connectFailure(
  to: HostnameAddress,
  attempts: readonly Error[],
  lookups: readonly Error[],
): ConnectError {
  const reasons = [...attempts, ...lookups];
  const address = String(to);
  const [first] = reasons;
  // If the host was given as an IP address, its only error already names that address and needs no
  // error around it.
  if (reasons.length === 1 && first instanceof ConnectError && first.address === address) {
    return first;
  }
  if (reasons.length === 0) {
    return new DNSLookupError(`Cannot connect to ${address}: the name has no address`, {
      code: "ENOTFOUND",
      syscall: "getaddrinfo",
      address,
      cause: new Error(`The resolver returned no address for ${JSON.stringify(to.hostname)}`),
    });
  }
  const ErrorClass = CLASSES.find((each) => reasons.every((reason) => reason instanceof each)) ??
    ConnectError;
  const messages = new Set(reasons.map(({ message }) => message));
  return new ErrorClass(
    `Cannot connect to ${address}: all attempts failed. ${[...messages].join(". ")}`,
    {
      code: common(reasons, "code"),
      syscall: common(reasons, "syscall"),
      address,
      cause: new AggregateError(reasons, `Cannot connect to ${address}`),
    },
  );
}

/**
 * Returns the reason of a failed lookup as a `ConnectError`. An error of another class, such as
 * that of an invalid host name, becomes the cause of a `DNSLookupError`.
 *
 * @param error The error of the lookup.
 * @param what The first part of the message: the operation that failed.
 * @param host The name.
 */
export function asConnectError(error: Error, what: string, host: string): ConnectError {
  if (isInstance(error, ConnectError)) return error;
  return new DNSLookupError(`${what}: ${messageOf(error)}`, {
    syscall: "getaddrinfo",
    address: host,
    cause: error,
  });
}

/** Returns a property that has the same value in all reasons; `undefined` if it differs. */
function common(reasons: readonly Error[], key: "code" | "syscall"): string | undefined {
  const values = new Set(
    reasons.map((reason) => reason instanceof NetworkError ? reason[key] : undefined),
  );
  const [value] = values;
  return values.size === 1 ? value : undefined;
}
