/**
 * IP addresses as text and as bytes.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../addresses.ts";

/**
 * Returns the bytes of an IP address.
 *
 * @param host An address or a name. The zone of an address is ignored, because it has a meaning on
 *   this host only.
 * @returns 4 or 16 bytes; `null` for a name.
 */
export function addressBytes(host: string): Uint8Array | null {
  if (isIPAddress(host)) return Uint8Array.from(host.split("."), Number);
  if (!isIPv6Address(host)) return null;
  const short = URL.parse(`http://[${host.replace(/%.*$/, "")}]/`)?.hostname.slice(1, -1) ?? "";
  const [front = [], back = []] = short.split("::").map((half) =>
    half === "" ? [] : half.split(":")
  );
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => "0");
  const groups = short.includes("::") ? [...front, ...zeros, ...back] : front;
  return Uint8Array.fromHex(groups.map((group) => group.padStart(4, "0")).join(""));
}

/**
 * Returns an IP address as text, an IPv6 address in the short form of RFC 5952.
 *
 * @param bytes 4 or 16 bytes.
 */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = bytes.toHex().match(/.{4}/g) ?? [];
  return URL.parse(`http://[${groups.join(":")}]/`)?.hostname.slice(1, -1) ?? bytes.toHex();
}

/**
 * Returns the IPv4 address in an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`), and any other
 * address unchanged.
 *
 * @param bytes 4 or 16 bytes.
 */
export function unmapped(bytes: Uint8Array): Uint8Array {
  const isMapped = bytes.length === 16 &&
    bytes.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff));
  return isMapped ? bytes.subarray(12) : bytes;
}

/**
 * Returns an IPv4 address as an IPv4-mapped IPv6 address, and an IPv6 address unchanged.
 *
 * @param bytes 4 or 16 bytes.
 */
export function mapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes;
  const whole = new Uint8Array(16);
  whole.fill(0xff, 10, 12);
  whole.set(bytes, 12);
  return whole;
}
