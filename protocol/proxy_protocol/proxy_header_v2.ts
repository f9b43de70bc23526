/**
 * Version 2 of the PROXY protocol: a binary header.
 *
 * @module
 */

import { UNIXAddress } from "../../reactor/addresses.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import { crc32c } from "./crc32c.ts";
import { proxiedAddress } from "./proxied_address.ts";
import { tlsIn } from "./proxied_tls.ts";
import { type ProxyTLV, ProxyTLVType, tlvsIn } from "./tlv.ts";

/** The beginning of each header. */
export const V2_SIGNATURE: Uint8Array = Uint8Array.of(
  ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a],
);

/** The number of bytes before the addresses. */
export const V2_FIXED_LENGTH = 16;

/** The number of bytes of a UNIX address. */
export const UNIX_LENGTH = 108;

/** The address families by their numbers, with the length of both addresses and their ports. */
export const FAMILIES = [
  { name: "UNSPEC", length: 0 },
  { name: "INET", length: 12 },
  { name: "INET6", length: 36 },
  { name: "UNIX", length: 2 * UNIX_LENGTH },
] as const;

const UNIQUE_ID_MAX_LENGTH = 128;
const decoder = new TextDecoder();

/** The content of a header after its fixed part. */
export interface V2Content {
  readonly source: Address | null;
  readonly destination: Address | null;
  readonly tlvs: readonly ProxyTLV[];
}

/** A violation: its reason, and its place in the header. */
export interface V2Violation {
  readonly reason: string;
  readonly at: number;
}

/**
 * Returns whether the command of a header is `LOCAL`.
 *
 * @param versionAndCommand The 13th byte.
 */
export function isLocal(versionAndCommand: number = 0): boolean {
  return (versionAndCommand & 0xf) === 0;
}

/**
 * Checks one byte after the signature. With the command `LOCAL`, any address family is valid and
 * ignored.
 *
 * @param index The index of the byte, from 12 to 15.
 * @param header The header up to that byte.
 * @returns The reason why the byte is invalid; `null` if it is valid.
 */
export function checkFixedByte(index: number, header: Uint8Array): string | null {
  const byte = header[index] ?? 0;
  if (index === 12 && byte >> 4 !== 2) return "its version must be 2";
  if (index === 12 && (byte & 0xf) > 1) return "its command must be LOCAL (0) or PROXY (1)";
  if (index !== 13 || isLocal(header[12])) return null;
  if (byte >> 4 >= FAMILIES.length) {
    return "its address family must be UNSPEC (0), INET (1), INET6 (2) or UNIX (3)";
  }
  return (byte & 0xf) <= 2
    ? null
    : "its transport protocol must be UNSPEC (0), STREAM (1) or DGRAM (2)";
}

/**
 * Returns the fewest bytes that a header may have after its fixed part: those of its addresses.
 *
 * @param header The header, at least up to the 14th byte.
 */
export function minLength(header: Uint8Array): number {
  return namesAddresses(header) ? lengthOfAddresses(header) : 0;
}

/** Returns whether a header names addresses. Otherwise the connection's own addresses count. */
function namesAddresses(header: Uint8Array): boolean {
  const familyAndProtocol = header[13] ?? 0;
  return !isLocal(header[12]) && familyAndProtocol >> 4 !== 0 && (familyAndProtocol & 0xf) !== 0;
}

function lengthOfAddresses(header: Uint8Array): number {
  return FAMILIES[(header[13] ?? 0) >> 4]?.length ?? 0;
}

/**
 * Reads the addresses and the TLVs of a complete header, whose fixed part is valid.
 *
 * @param header The whole header. The values of the TLVs are views of it.
 */
export function readV2(header: Uint8Array): V2Content | V2Violation {
  const isNamed = namesAddresses(header);
  const start = V2_FIXED_LENGTH + lengthOfAddresses(header);
  const tlvs = tlvsIn(header.subarray(Math.min(start, header.length)));
  const unnamed = { source: null, destination: null };
  // If the header names no addresses, their form is unspecified. What cannot be read is ignored
  // then, because the receiver must accept a LOCAL connection.
  if (!isNamed && tlvs === null) return { ...unnamed, tlvs: [] };
  if (tlvs === null) return { reason: "its last TLV is incomplete", at: start };
  const violation = checkTLVs(header, tlvs);
  if (violation !== null) return violation;
  return { ...isNamed ? addressesIn(header) : unnamed, tlvs };
}

function addressesIn(header: Uint8Array): Pick<V2Content, "source" | "destination"> {
  const familyAndProtocol = header[13] ?? 0;
  const addresses = header.subarray(V2_FIXED_LENGTH);
  if (familyAndProtocol >> 4 === 3) {
    return {
      source: unixAddress(addresses.subarray(0, UNIX_LENGTH)),
      destination: unixAddress(addresses.subarray(UNIX_LENGTH, 2 * UNIX_LENGTH)),
    };
  }
  const length = familyAndProtocol >> 4 === 1 ? 4 : 16;
  const type = (familyAndProtocol & 0xf) === 1 ? "TCP" : "UDP";
  const ports = new DataView(addresses.buffer, addresses.byteOffset + 2 * length, 4);
  return {
    source: proxiedAddress(type, addresses.subarray(0, length), ports.getUint16(0)),
    destination: proxiedAddress(type, addresses.subarray(length, 2 * length), ports.getUint16(2)),
  };
}

/** Reads a path, which ends with a zero byte, or an abstract name, which begins with one. */
function unixAddress(bytes: Uint8Array): UNIXAddress {
  const isAbstract = bytes[0] === 0;
  const end = isAbstract ? bytes.findLastIndex((byte) => byte !== 0) + 1 : bytes.indexOf(0);
  return new UNIXAddress(decoder.decode(end < 0 ? bytes : bytes.subarray(0, end)));
}

function checkTLVs(header: Uint8Array, tlvs: readonly ProxyTLV[]): V2Violation | null {
  const places = tlvs.map((tlv) => ({ ...tlv, at: tlv.value.byteOffset - header.byteOffset }));
  for (const { type, value, at } of places) {
    if (type === ProxyTLVType.UNIQUE_ID && value.length > UNIQUE_ID_MAX_LENGTH) {
      return { reason: `its unique id must have at most ${UNIQUE_ID_MAX_LENGTH} bytes`, at };
    }
    if (type === ProxyTLVType.SSL && tlsIn(value) === null) {
      return { reason: "its description of TLS is incomplete", at };
    }
  }
  const [checksum, ...more] = places.filter(({ type }) => type === ProxyTLVType.CRC32C);
  if (checksum === undefined) return null;
  const { at, value } = checksum;
  if (more.length > 0) return { reason: "it must have at most one checksum", at };
  if (value.length !== 4) return { reason: "its checksum must have 4 bytes", at };
  const stated = new DataView(value.buffer, value.byteOffset, 4).getUint32(0);
  return stated === crc32c(withoutChecksum(header, at))
    ? null
    : { reason: "its checksum is wrong", at };
}

/** The checksum is that of the header with zeros in its place. */
function withoutChecksum(header: Uint8Array, at: number): Uint8Array {
  return header.slice().fill(0, at, at + 4);
}
