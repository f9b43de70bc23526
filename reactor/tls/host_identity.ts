/**
 * Host names in certificates, checked by RFC 9525.
 *
 * Only alternative names of the kinds DNS and IP Address count, never the subject's common name. A
 * wildcard must be the whole first label, stands for exactly one label, and needs at least two
 * labels after it.
 *
 * @module
 */

import { addressBytes } from "../names/ip_address.ts";
import { sameBytes } from "./certificate.ts";
import type { GeneralName } from "./general_name.ts";

/**
 * Returns whether a certificate belongs to a host.
 *
 * @param names The alternative names of the certificate.
 * @param host A name in ASCII, or an address.
 */
export function isForHost(names: readonly GeneralName[], host: string): boolean {
  const address = addressBytes(host);
  return names.some((name) => {
    if (address !== null) return name.kind === "IP Address" && sameBytes(name.address, address);
    return name.kind === "DNS" && matches(name.text.toLowerCase(), host.toLowerCase());
  });
}

const LABEL = /^[a-z\d_](?:[a-z\d_-]*[a-z\d_])?$/;

function matches(pattern: string, host: string): boolean {
  // A dot at the end of a host name only marks the name as complete, and certificates omit it.
  const labels = host.replace(/\.$/, "").split(".");
  const [first = "", ...rest] = pattern.split(".");
  const isWildcard = first === "*";
  if (isWildcard ? rest.length < 2 : !LABEL.test(first)) return false;
  // A pattern whose last label is a number would be an IP address. Addresses have their own kind of
  // name in a certificate, so the pattern does not match.
  if (!rest.every((label) => LABEL.test(label)) || /^\d+$/.test(rest.at(-1) ?? first)) return false;
  const [own = "", ...others] = labels;
  return (isWildcard ? own !== "" : own === first) && rest.join(".") === others.join(".");
}
