/**
 * The options of TCP sockets, checked.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../addresses.ts";
import type { ConnectTCPOptions } from "../interfaces/mod.ts";
import { checkInteger, checkKeepAliveIdle, quote } from "../../internal/validation.ts";

/**
 * Checks the socket options of a port or a connection.
 *
 * @throws {RangeError | TypeError} If an option is out of range or has the wrong type.
 */
export function checkSocketOptions({ keepAlive, bindAddress }: ConnectTCPOptions): void {
  if (keepAlive !== undefined) checkKeepAliveIdle("keepAlive", keepAlive);
  if (bindAddress === undefined) return;
  const [host, port] = localEnd(bindAddress);
  if (!isIPAddress(host) && !isIPv6Address(host)) {
    throw new RangeError(`bindAddress must be a numeric address, got ${quote(host)}`);
  }
  checkInteger("bindAddress port", port, 0, 65535);
}

/** Returns the address and the port of the option `bindAddress`; 0 is any free port. */
export function localEnd(
  bindAddress: string | readonly [string, number],
): readonly [string, number] {
  return typeof bindAddress === "string" ? [bindAddress, 0] : bindAddress;
}
