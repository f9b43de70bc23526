/**
 * Several reasons as one: why there is no connection to a host.
 *
 * @module
 */

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
 * The error for a host that could not be connected to: its message has every reason, and its `cause` is an `AggregateError` of them. The
 * only reason is that itself if it is about the same place.
 *
 * Its class is that of the reasons where they are of one kind, so that `catch` need not know how many addresses the host has today; else
 * `ConnectError`. The same holds for `code`. Twisted fails with whatever reason came last, and drops the others: then an unreachable IPv6
 * address hides that the IPv4 one timed out, or the other way round.
 *
 * @param to The host.
 * @param attempts Why each attempt failed, in the order in which they did.
 * @param lookups Why addresses could not be looked up, if they could not.
 */
export function connectFailure(
  to: HostnameAddress,
  attempts: readonly Error[],
  lookups: readonly Error[],
): ConnectError {
  const reasons = [...attempts, ...lookups];
  const address = String(to);
  const [first] = reasons;
  // It says it all where the host is an address.
  if (reasons.length === 1 && first instanceof ConnectError && first.address === address) {
    return first;
  }
  if (reasons.length === 0) {
    return new DNSLookupError(`Cannot connect to ${address}: the name has no address`, {
      code: "ENOTFOUND",
      syscall: "getaddrinfo",
      address,
    });
  }
  const ErrorClass = CLASSES.find((each) => reasons.every((reason) => reason instanceof each)) ??
    ConnectError;
  const messages = new Set(reasons.map(({ message }) => message));
  return new ErrorClass(`Cannot connect to ${address}. ${[...messages].join(". ")}`, {
    code: common(reasons, "code"),
    syscall: common(reasons, "syscall"),
    address,
    cause: new AggregateError(reasons, `Why there is no connection to ${address}`),
  });
}

/** What all of them say, if they do. */
function common(reasons: readonly Error[], key: "code" | "syscall"): string | undefined {
  const values = new Set(
    reasons.map((reason) => reason instanceof NetworkError ? reason[key] : undefined),
  );
  const [value] = values;
  return values.size === 1 ? value : undefined;
}
