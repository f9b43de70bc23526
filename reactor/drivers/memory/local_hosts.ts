/**
 * IP addresses as the system of one machine treats them: wildcards, loopback, and IPv4 addresses in
 * IPv6 form.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../../addresses.ts";
import { canonicalHost, isSameHost } from "../../datagram/same_host.ts";

// IPv4 addresses in the form in which IPv6 sockets show them (RFC 4291 section 2.5.5.2), as URL
// writes them.
const MAPPED = /^\[?::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]?$/i;

/** Returns whether an address stands for all addresses of its family. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || isSameHost(host, "::");
}

/** Returns whether an address is a loopback address, which exists on every machine. */
export function isLoopback(host: string): boolean {
  return isIPAddress(host) ? host.startsWith("127.") : isSameHost(host, "::1");
}

/** Returns the IPv4 address in an IPv6 address that maps one, and any other host unchanged. */
export function unmapped(host: string): string {
  if (!isIPv6Address(host)) return host;
  const [, high, low] = MAPPED.exec(canonicalHost(host)) ?? [];
  if (high === undefined || low === undefined) return host;
  const parts = [high, low].map((part) => parseInt(part, 16));
  return parts.flatMap((part) => [part >> 8, part & 255]).join(".");
}

/**
 * Returns an address in the form in which a socket shows it: an IPv6 socket shows IPv4 addresses in
 * IPv6 form.
 *
 * @param host The address.
 * @param bound The address to which the socket is bound.
 */
export function shownTo(bound: string, host: string): string {
  return isIPv6Address(bound) && isIPAddress(host) ? `::ffff:${host}` : host;
}

/**
 * Returns whether a socket that is bound to an address receives what is sent to a host. A socket on
 * all of IPv6 also receives over IPv4, as on Linux.
 */
export function reaches(bound: string, host: string): boolean {
  const to = unmapped(host);
  if (isIPv6Address(bound) === isIPv6Address(to)) return isWildcard(bound) || isSameHost(bound, to);
  return isIPv6Address(bound) && isWildcard(bound);
}

/** Returns whether two sockets cannot be bound to one port, because their addresses overlap. */
export function overlap(a: string, b: string): boolean {
  return reaches(a, b) || reaches(b, a);
}

/**
 * Returns the address to which the system connects: its own loopback address for a wildcard.
 */
export function destinationOf(host: string): string {
  if (!isWildcard(host)) return host;
  return isIPv6Address(host) ? "::1" : "127.0.0.1";
}

/** Returns the address from which the system connects to one of its own addresses. */
export function sourceFor(host: string): string {
  if (!isLoopback(host)) return host;
  return isIPv6Address(host) ? "::1" : "127.0.0.1";
}
