import {
  ConnectError,
  ConnectingCancelledError,
  ConnectionRefusedError,
  ConnectTimeoutError,
  DNSLookupError,
  NoRouteError,
} from "../../reactor/errors.ts";
import { TimeoutError } from "../../defer/errors.ts";
import { SOCKS5Reply } from "./socks_messages.ts";

/** The error of an address to which the rules of the server do not allow a connection. */
export class TargetNotAllowed extends ConnectError {}

/** The classes of errors with their reply codes, the first match counts. */
const CODES = [
  [ConnectionRefusedError, SOCKS5Reply.CONNECTION_REFUSED],
  [ConnectTimeoutError, SOCKS5Reply.TTL_EXPIRED],
  [TimeoutError, SOCKS5Reply.TTL_EXPIRED],
  // The attempts were cancelled by the timeout for all of them.
  [ConnectingCancelledError, SOCKS5Reply.TTL_EXPIRED],
  [DNSLookupError, SOCKS5Reply.HOST_UNREACHABLE],
  // An invalid host name.
  [RangeError, SOCKS5Reply.HOST_UNREACHABLE],
  [TargetNotAllowed, SOCKS5Reply.NOT_ALLOWED],
] as const;

/**
 * Returns the reply code of SOCKS 5 for a failed request. If several addresses of a name have
 * failed for different reasons, an address that the server was allowed to try decides.
 *
 * @param error The error.
 */
export function replyOfFailure(error: Error): number {
  const all: unknown[] = error.cause instanceof AggregateError ? error.cause.errors : [error];
  const decisive = all.findLast((reason) => !(reason instanceof TargetNotAllowed)) ?? all[0];
  if (decisive instanceof NoRouteError) {
    return decisive.code === "ENETUNREACH"
      ? SOCKS5Reply.NETWORK_UNREACHABLE
      : SOCKS5Reply.HOST_UNREACHABLE;
  }
  const [, code] = CODES.find(([ErrorClass]) => decisive instanceof ErrorClass) ?? [];
  return code ?? SOCKS5Reply.GENERAL_FAILURE;
}
