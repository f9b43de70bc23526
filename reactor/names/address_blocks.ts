/**
 * Sets of IP addresses, for access rules.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import { addressBytes, addressText, unmapped } from "./ip_address.ts";

/** The addresses that begin with the same bits. */
interface Block {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/**
 * A set of IP addresses, which consists of single addresses and of blocks in CIDR notation.
 *
 * An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) counts as the IPv4 address, and an IPv4 address
 * is in no block of IPv6 addresses. The zone of an address (`fe80::1%eth0`) is ignored. Python has
 * `ipaddress.ip_network` for this, and Node.js `net.BlockList`.
 *
 * @example
 * ```ts
 * import { AddressBlocks } from "@torsion/reactor/reactor";
 *
 * const office = new AddressBlocks(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]);
 * console.log(office.has("192.0.2.99"), office.has("203.0.113.1")); // true false
 * ```
 */
export class AddressBlocks {
  readonly #blocks: readonly Block[];

  /**
   * Creates a set.
   *
   * @param blocks Addresses (`192.0.2.1`, `2001:db8::1`) and blocks (`192.0.2.0/24`). The bits of a
   *   block's address after its prefix must be zero.
   * @throws {RangeError | TypeError} when an element is neither an address nor a block.
   */
  constructor(blocks: Iterable<string>) {
    this.#blocks = [...blocks].map(blockOf);
  }

  /**
   * Returns whether an address is in the set.
   *
   * @param address The IP address. A host name is in no set.
   */
  has(address: string): boolean {
    const bytes = addressBytes(address);
    if (bytes === null) return false;
    const own = unmapped(bytes);
    return this.#blocks.some((block) => contains(block, own));
  }
}

function blockOf(text: unknown): Block {
  if (typeof text !== "string") {
    throw new TypeError(`An address block must be a string, got ${quote(text)}`);
  }
  const [, address = "", length] = /^([^/%]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const written = addressBytes(address);
  if (written === null) {
    throw new RangeError(
      "An address block must be an IP address or a block such as 192.0.2.0/24, " +
        `got ${quote(text)}`,
    );
  }
  const prefix = length === undefined ? written.length * 8 : Number(length);
  const bytes = prefix >= written.length * 8 - 32 ? unmapped(written) : written;
  // The prefix of an IPv4-mapped block includes the 96 bits before the IPv4 address.
  const bits = prefix - (written.length - bytes.length) * 8;
  if (prefix > written.length * 8 || bits < 0) {
    throw new RangeError(
      `The prefix of an address block must have at most ${written.length * 8} bits, ` +
        `got ${quote(text)}`,
    );
  }
  const base = bytes.map((byte, i) => byte & maskOf(bits, i));
  if (bytes.some((byte, i) => byte !== base[i])) {
    throw new RangeError(
      `An address block must have zeros after its prefix, as in ${addressText(base)}/${bits}, ` +
        `got ${quote(text)}`,
    );
  }
  return { bytes, bits };
}

function contains({ bytes, bits }: Block, address: Uint8Array): boolean {
  return bytes.length === address.length &&
    bytes.every((byte, i) => byte === ((address[i] ?? 0) & maskOf(bits, i)));
}

/** Returns the bits of the byte at an index that belong to a prefix. */
function maskOf(bits: number, index: number): number {
  const own = Math.min(Math.max(bits - index * 8, 0), 8);
  return 0xff << (8 - own) & 0xff;
}

// The special-purpose addresses of https://www.iana.org/assignments/iana-ipv4-special-registry/ and
// multicast. The few single addresses in these blocks that are reachable serve protocols, not
// hosts.
const SPECIAL_IPV4 = [
  "0.0.0.0/8", // this host: on Linux, 0.0.0.0 connects to the loopback interface
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared by the customers of a provider
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local, with the metadata services of clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // relays for 6to4
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
];

/** The addresses for hosts of the internet. */
const GLOBAL_IPV6 = ["2000::/3"];

// The special-purpose addresses of https://www.iana.org/assignments/iana-ipv6-special-registry/
// within 2000::/3.
const SPECIAL_IPV6 = [
  "2001::/23", // protocol assignments, Teredo among them
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, whose addresses contain any IPv4 address
  "3fff::/20", // documentation
];

/** The addresses by which a NAT64 gateway reaches IPv4 hosts (RFC 6052). */
const NAT64 = ["64:ff9b::/96"];

/** The sets of the blocks above. */
interface KnownBlocks {
  readonly specialIPv4: AddressBlocks;
  readonly globalIPv6: AddressBlocks;
  readonly specialIPv6: AddressBlocks;
  readonly nat64: AddressBlocks;
}

// Made at the first use, so that importing the library does not wait for it.
let known: KnownBlocks | null = null;

function knownBlocks(): KnownBlocks {
  return known ??= {
    specialIPv4: new AddressBlocks(SPECIAL_IPV4),
    globalIPv6: new AddressBlocks(GLOBAL_IPV6),
    specialIPv6: new AddressBlocks(SPECIAL_IPV6),
    nat64: new AddressBlocks(NAT64),
  };
}

/**
 * Returns whether an address is that of a host on the public internet. It is `false` for loopback,
 * private, link-local, multicast and all other special-purpose addresses.
 *
 * A server that connects to addresses which its clients choose, such as a SOCKS server, uses it to
 * protect the services of its own host and network.
 *
 * An IPv6 address that contains an IPv4 address is judged by the latter: `::ffff:127.0.0.1` and
 * `64:ff9b::10.0.0.1` are not global. Python's `ipaddress` has `is_global`.
 *
 * @param address The IP address. For a host name the result is `false`: look it up first.
 *
 * @example
 * ```ts
 * import { isGlobalAddress } from "@torsion/reactor/reactor";
 *
 * console.log(isGlobalAddress("93.184.215.14")); // true
 * console.log(isGlobalAddress("169.254.169.254")); // false
 * ```
 */
export function isGlobalAddress(address: string): boolean {
  const bytes = addressBytes(address);
  if (bytes === null) return false;
  const own = unmapped(bytes);
  const host = addressText(own);
  const { specialIPv4, globalIPv6, specialIPv6, nat64 } = knownBlocks();
  if (own.length === 4) return !specialIPv4.has(host);
  if (nat64.has(host)) return isGlobalAddress(addressText(own.subarray(12)));
  return globalIPv6.has(host) && !specialIPv6.has(host);
}
