import { checkInteger, quote } from "../../internal/validation.ts";
import type { Address, IInternetAddress } from "../../reactor/interfaces/mod.ts";
import { addressBytes, addressText, mapped } from "../../reactor/names/ip_address.ts";
import { crc32c } from "./crc32c.ts";
import { UNIX_LENGTH, V2_FIXED_LENGTH, V2_SIGNATURE } from "./proxy_header_v2.ts";
import { type ProxyTLV, ProxyTLVType } from "./tlv.ts";

const encoder = new TextEncoder();
const CHECKSUM_LENGTH = 7;

/** The content of a header to send. */
export interface ProxyHeaderOptions {
  /**
   * The version of the protocol: 1 is text, 2 is binary. Every receiver supports one of them; most
   * support both.
   *
   * @default {2}
   */
  version?: 1 | 2 | undefined;
  /**
   * The address of the client. Addresses that the header cannot express, such as that of a pipe,
   * count as unknown.
   *
   * @default {null} Unknown.
   */
  source?: Address | null | undefined;
  /**
   * The address to which the client has connected.
   *
   * @default {null} Unknown. The source must then be unknown, too.
   */
  destination?: Address | null | undefined;
  /**
   * `"LOCAL"` for a connection of the proxy itself, such as a health check. Version 1 cannot
   * express it, and sends `UNKNOWN`.
   *
   * @default {"PROXY"}
   */
  command?: "PROXY" | "LOCAL" | undefined;
  /**
   * Additional information, only in version 2.
   *
   * @default {[]}
   */
  tlvs?: readonly ProxyTLV[] | undefined;
  /**
   * Whether to add a checksum, only in version 2.
   *
   * @default {false}
   */
  checksum?: boolean | undefined;
}

/**
 * Returns a header of the PROXY protocol, which a proxy sends before all other bytes of a
 * connection. Write it with one call, and as the first.
 *
 * If one address is an IPv4 address and the other an IPv6 address, the former is sent as an
 * IPv4-mapped IPv6 address.
 *
 * @param options The content of the header.
 * @returns The header.
 * @throws {RangeError} when an address is not an IP address, or a part is too long.
 * @throws {TypeError} when version 1 cannot express an option.
 *
 * @example
 * ```ts
 * import { encodeProxyHeader } from "@torsion/reactor/proxy_protocol";
 * import { IPv4Address } from "@torsion/reactor/reactor";
 *
 * const source = new IPv4Address("TCP", "192.0.2.1", 56324);
 * const destination = new IPv4Address("TCP", "192.0.2.9", 443);
 * const header = encodeProxyHeader({ version: 1, source, destination });
 * console.log(new TextDecoder().decode(header)); // PROXY TCP4 192.0.2.1 192.0.2.9 56324 443
 * ```
 */
export function encodeProxyHeader(options: ProxyHeaderOptions): Uint8Array {
  const { version = 2, command = "PROXY", tlvs = [], checksum = false } = options;
  if (version !== 1 && version !== 2) {
    throw new RangeError(`version of a PROXY header must be 1 or 2, got ${quote(version)}`);
  }
  if (command !== "PROXY" && command !== "LOCAL") {
    throw new RangeError(
      `command of a PROXY header must be "PROXY" or "LOCAL", got ${quote(command)}`,
    );
  }
  const addresses = command === "LOCAL" ? null : addressesOf(options);
  if (version === 2) return encodeV2(command, addresses, tlvs, checksum);
  if (tlvs.length === 0 && !checksum) return encodeV1(addresses);
  throw new TypeError("A PROXY header of version 1 must have no tlvs and no checksum");
}

/** The addresses of a header: of internet hosts in bytes, or of UNIX sockets. */
type Addresses =
  | {
    readonly type: "TCP" | "UDP";
    readonly hosts: readonly [Uint8Array, Uint8Array];
    readonly ports: readonly [number, number];
  }
  | { readonly type: "UNIX"; readonly names: readonly [Uint8Array, Uint8Array] };

/** Returns the addresses to send; `null` if they are unknown or cannot be expressed. */
function addressesOf({ source, destination }: ProxyHeaderOptions): Addresses | null {
  if (source === undefined || source === null) return null;
  if (destination === undefined || destination === null) {
    throw new TypeError(
      `A PROXY header must have a destination if it has a source, got ${source} alone`,
    );
  }
  if (source.type === "UNIX" && destination.type === "UNIX") {
    return { type: "UNIX", names: [nameBytes(source.name), nameBytes(destination.name)] };
  }
  if (!isInternet(source) || !isInternet(destination)) return null;
  const [from, to] = [hostBytes(source), hostBytes(destination)];
  checkInteger("port of a PROXY header's source", source.port, 0, 65535);
  checkInteger("port of a PROXY header's destination", destination.port, 0, 65535);
  return {
    type: source.type,
    hosts: from.length === to.length ? [from, to] : [mapped(from), mapped(to)],
    ports: [source.port, destination.port],
  };
}

function isInternet(address: Address): address is IInternetAddress {
  return address.type === "TCP" || address.type === "UDP";
}

function hostBytes(address: IInternetAddress): Uint8Array {
  const bytes = addressBytes(address.host);
  if (bytes !== null) return bytes;
  throw new RangeError(
    `An address of a PROXY header must have an IP address as its host, got ${quote(address.host)}`,
  );
}

function nameBytes(name: string): Uint8Array {
  const bytes = encoder.encode(name);
  if (bytes.length <= UNIX_LENGTH) return bytes;
  throw new RangeError(
    `A UNIX address of a PROXY header must have at most ${UNIX_LENGTH} bytes, got ${quote(name)}`,
  );
}

function encodeV1(addresses: Addresses | null): Uint8Array {
  if (addresses === null || addresses.type !== "TCP") return encoder.encode("PROXY UNKNOWN\r\n");
  const { hosts, ports } = addresses;
  const protocol = hosts[0].length === 4 ? "TCP4" : "TCP6";
  const fields = ["PROXY", protocol, ...hosts.map(addressText), ...ports];
  return encoder.encode(`${fields.join(" ")}\r\n`);
}

function encodeV2(
  command: "PROXY" | "LOCAL",
  addresses: Addresses | null,
  tlvs: readonly ProxyTLV[],
  checksum: boolean,
): Uint8Array {
  const [familyAndProtocol, address] = addressBlock(addresses);
  const extra = tlvs.reduce((sum, { value }) => sum + 3 + value.length, 0);
  const length = address.length + extra + (checksum ? CHECKSUM_LENGTH : 0);
  if (length > 0xffff) {
    throw new RangeError(
      `A PROXY header must have at most 65535 bytes after its first 16, got ${length}`,
    );
  }
  const header = new Uint8Array(V2_FIXED_LENGTH + length);
  const view = new DataView(header.buffer);
  header.set(V2_SIGNATURE);
  header[12] = command === "LOCAL" ? 0x20 : 0x21;
  header[13] = familyAndProtocol;
  view.setUint16(14, length);
  header.set(address, V2_FIXED_LENGTH);
  let at = V2_FIXED_LENGTH + address.length;
  for (const { type, value } of tlvs) {
    checkInteger("type of a TLV", type, 0, 255);
    header[at] = type;
    view.setUint16(at + 1, value.length);
    header.set(value, at + 3);
    at += 3 + value.length;
  }
  if (checksum) {
    header[at] = ProxyTLVType.CRC32C;
    view.setUint16(at + 1, 4);
    view.setUint32(at + 3, crc32c(header));
  }
  return header;
}

/** Returns the 14th byte of a header, and its addresses. */
function addressBlock(addresses: Addresses | null): [familyAndProtocol: number, Uint8Array] {
  if (addresses === null) return [0x00, new Uint8Array(0)];
  if (addresses.type === "UNIX") {
    const block = new Uint8Array(2 * UNIX_LENGTH);
    block.set(addresses.names[0]);
    block.set(addresses.names[1], UNIX_LENGTH);
    return [0x31, block];
  }
  const { type, hosts: [from, to], ports } = addresses;
  const block = new Uint8Array(2 * from.length + 4);
  block.set(from);
  block.set(to, from.length);
  const view = new DataView(block.buffer, 2 * from.length);
  view.setUint16(0, ports[0]);
  view.setUint16(2, ports[1]);
  return [(from.length === 4 ? 0x10 : 0x20) | (type === "TCP" ? 1 : 2), block];
}
