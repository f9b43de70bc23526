/**
 * Host names as text: validation and internationalized names.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../addresses.ts";

// The limits of RFC 1035 section 2.3.4. Underscores are allowed too, because labels of service
// names contain them (RFC 2782).
const LABEL = /^[a-z0-9_-]{1,63}$/i;
const LONGEST = 253;

/**
 * Returns the form in which a host name is looked up: addresses and ASCII names unchanged, other
 * names in their IDNA form.
 *
 * Names are prepared as in browsers (UTS #46, through the URL parser): `Bücher.ch`, composed or
 * not, becomes `xn--bcher-kva.ch`. Twisted uses IDNA 2008, or IDNA 2003 without the `idna` package.
 *
 * @param host A host name or an address.
 * @returns The name in ASCII, or the address.
 * @throws {RangeError} when `host` is neither a host name nor an address.
 */
export function encodeHostname(host: string): string {
  if (isIPAddress(host) || isIPv6Address(host)) return host;
  const ascii = /^[\0-\x7f]*$/.test(host) ? host : toASCII(host);
  if (ascii !== null && (isName(ascii) || isIPAddress(ascii))) return ascii;
  throw new RangeError(
    `Cannot use ${
      JSON.stringify(host)
    } as a host name: it is neither a valid host name nor an IP address`,
  );
}

function toASCII(host: string): string | null {
  // Characters that the URL parser would not keep as part of the host: it would skip or decode
  // them, or end the host there.
  if (/[\s\p{Cc}:/?#@%\\[\]]/u.test(host)) return null;
  return URL.parse(`http://${host}/`)?.hostname ?? null;
}

function isName(name: string): boolean {
  const labels = (name.endsWith(".") ? name.slice(0, -1) : name).split(".");
  return labels.join(".").length <= LONGEST && labels.every((label) => LABEL.test(label));
}
