/**
 * Names of hosts as text.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../addresses.ts";

// RFC 1035 section 2.3.4. A label may have an underscore, as names of services do (RFC 2782), and a dot may end the whole name.
const LABEL = /^[a-z0-9_-]{1,63}$/i;
const LONGEST = 253;

// What ends the host in a URL, is decoded in it, or is skipped by its parser, beside what is ASCII and no part of a name anyhow.
const NOT_IN_A_NAME = /[\s\p{Cc}:/?#@%\\[\]]/u;

/**
 * The form of a host's name in which it is looked up: addresses and ASCII names as they are, other names by IDNA.
 *
 * Names are prepared as browsers do it (UTS #46, by way of the URL parser), where Twisted goes by IDNA 2008, and by IDNA 2003 where the
 * `idna` package is missing: so `Bücher.ch`, composed or not, is `xn--bcher-kva.ch`.
 *
 * @param host A name, or an address.
 * @throws {RangeError} when it is neither.
 */
export function encodeHostname(host: string): string {
  if (isIPAddress(host) || isIPv6Address(host)) return host;
  const ascii = /^[\0-\x7f]*$/.test(host) ? host : toASCII(host);
  if (ascii !== null && (isName(ascii) || isIPAddress(ascii))) return ascii;
  throw new RangeError(`Not a hostname: ${JSON.stringify(host)}`);
}

function toASCII(host: string): string | null {
  if (NOT_IN_A_NAME.test(host)) return null;
  return URL.parse(`http://${host}/`)?.hostname ?? null;
}

function isName(name: string): boolean {
  const labels = (name.endsWith(".") ? name.slice(0, -1) : name).split(".");
  return labels.join(".").length <= LONGEST && labels.every((label) => LABEL.test(label));
}
