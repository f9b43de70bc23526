/**
 * Comparison of IP addresses.
 *
 * @module
 */

import { isIPv6Address } from "../addresses.ts";

/**
 * Returns whether two hosts are the same IP address, regardless of notation. The zone of an IPv6
 * address is ignored, because Deno does not report it.
 */
export function isSameHost(a: string, b: string): boolean {
  // Only IPv6 addresses have several notations. Two of them are rarely compared.
  return a === b || (a.includes(":") && b.includes(":") && canonicalHost(a) === canonicalHost(b));
}

/**
 * Returns an IPv6 address in canonical form (RFC 5952), as URL does, and any other host unchanged.
 */
export function canonicalHost(host: string): string {
  if (!isIPv6Address(host)) return host;
  const [address = ""] = host.split("%", 1);
  return new URL(`http://[${address}]/`).hostname;
}
