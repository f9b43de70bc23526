/**
 * Whether two addresses are one.
 *
 * @module
 */

import { isIPv6Address } from "../addresses.ts";

/** Whether two are one IP address, however each is written. The zone of an IPv6 address is not looked at: Deno does not report it. */
export function isSameHost(a: string, b: string): boolean {
  return a === b || canonical(a) === canonical(b);
}

/** An IPv6 address in the one form that the URL standard gives it (as RFC 5952 does); any other host as it is. */
function canonical(host: string): string {
  if (!isIPv6Address(host)) return host;
  const [address = ""] = host.split("%", 1);
  return new URL(`http://[${address}]/`).hostname;
}
