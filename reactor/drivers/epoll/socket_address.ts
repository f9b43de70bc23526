/**
 * The addresses of sockets, as the system stores them (`struct sockaddr`).
 *
 * All begin with the family in 16 bits, in the byte order of the machine, which is little-endian on
 * x86-64 and aarch64. Port numbers are in network byte order.
 *
 * - IPv4 (ip(7)): family, port, 4 bytes of the address; 16 bytes in all.
 * - IPv6 (ipv6(7)): family, port, flow label, 16 bytes of the address, scope; 28 bytes in all.
 * - UNIX (unix(7)): family, and at most 108 bytes of a path. A path ends with a zero byte. An
 *   abstract name begins with one, and the length of the whole address says where it ends. An
 *   unnamed socket has only the family.
 *
 * @module
 */

import { internetAddress, isIPAddress, UNIXAddress } from "../../addresses.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";
import { AF_INET, AF_INET6, AF_UNIX } from "./constants.ts";
import { SOCKADDR_IN, SOCKADDR_IN6, SOCKADDR_UN } from "./struct_layouts.ts";
import type { SystemCalls } from "./system_calls.ts";
import { errorWithCode } from "../../stream/system_error.ts";

const LARGEST_SIZE = 128;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An address to pass to the system. */
export interface SocketAddress {
  readonly family: number;
  readonly bytes: Uint8Array;
}

/** Memory in which the system stores an address, and its length. */
export class AddressSpace {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(LARGEST_SIZE);
  readonly length: Int32Array<ArrayBuffer> = new Int32Array(1);

  /** Prepares the memory for the next call. */
  reset(): this {
    this.length[0] = LARGEST_SIZE;
    return this;
  }

  /** The length of the address that the system has stored. */
  get size(): number {
    return Math.min(this.length[0] ?? 0, LARGEST_SIZE);
  }
}

/**
 * Returns an IP address and a port for the system.
 *
 * @param system The system calls.
 * @param host The IP address. An IPv6 address may end with a zone: the name of an interface, or its
 *   number.
 * @param port The port number.
 * @throws {Error} With the code `EINVAL`, if the host is not an IP address; `ENODEV` if its
 *   interface does not exist.
 */
export function encodeInternet(system: SystemCalls, host: string, port: number): SocketAddress {
  return isIPAddress(host) ? encodeIPv4(host, port) : encodeIPv6(system, host, port);
}

function encodeIPv4(host: string, port: number): SocketAddress {
  const bytes = new Uint8Array(SOCKADDR_IN.size);
  bytes[0] = AF_INET;
  writePort(bytes, port);
  bytes.set(host.split(".").map(Number), SOCKADDR_IN.address);
  return { family: AF_INET, bytes };
}

function encodeIPv6(system: SystemCalls, host: string, port: number): SocketAddress {
  const bytes = new Uint8Array(SOCKADDR_IN6.size);
  bytes[0] = AF_INET6;
  writePort(bytes, port);
  const [address = "", zone] = host.split("%");
  const isAddress =
    system.calls.inet_pton(AF_INET6, cString(address), bytes.subarray(SOCKADDR_IN6.address)) === 1;
  if (!isAddress) throw errorWithCode("EINVAL", `${JSON.stringify(host)} is not an IP address`);
  if (zone !== undefined) {
    new DataView(bytes.buffer).setUint32(SOCKADDR_IN6.scope, interfaceNumber(system, zone), true);
  }
  return { family: AF_INET6, bytes };
}

/**
 * Returns the number of a network interface.
 *
 * @param name Its name, or its number.
 * @throws {Error} With the code `ENODEV`, if there is none.
 */
export function interfaceNumber(system: SystemCalls, name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const number = system.calls.if_nametoindex(cString(name));
  if (number === 0) {
    throw errorWithCode("ENODEV", `there is no network interface ${JSON.stringify(name)}`);
  }
  return number;
}

function writePort(bytes: Uint8Array, port: number): void {
  bytes[SOCKADDR_IN.port] = port >> 8;
  bytes[SOCKADDR_IN.port + 1] = port & 0xff;
}

/** Returns the address of a TCP socket. */
export function decodeTCP(system: SystemCalls, space: AddressSpace): IInternetAddress {
  return internetAddress("TCP", hostOf(system, space), portOf(space));
}

/** Returns the IP address of an internet socket. */
export function hostOf(system: SystemCalls, { bytes }: AddressSpace): string {
  return bytes[0] === AF_INET6 ? ipv6Text(system, bytes) : ipv4Text(bytes);
}

/** Returns the port of an internet socket. */
export function portOf({ bytes }: AddressSpace): number {
  return (bytes[SOCKADDR_IN.port] ?? 0) << 8 | (bytes[SOCKADDR_IN.port + 1] ?? 0);
}

// The last IPv4 address, as a number and as a text. Connections of one host, such as a proxy, share
// the text.
let lastIPv4 = 0;
let lastIPv4Text = "0.0.0.0";

function ipv4Text(bytes: Uint8Array): string {
  const at = SOCKADDR_IN.address;
  const address = (bytes[at] ?? 0) << 24 | (bytes[at + 1] ?? 0) << 16 | (bytes[at + 2] ?? 0) << 8 |
    (bytes[at + 3] ?? 0);
  if (address !== lastIPv4) {
    lastIPv4 = address;
    lastIPv4Text = bytes.subarray(at, at + 4).join(".");
  }
  return lastIPv4Text;
}

function ipv6Text(system: SystemCalls, bytes: Uint8Array<ArrayBuffer>): string {
  // The longest text has 45 characters and a zero byte (INET6_ADDRSTRLEN).
  const text = new Uint8Array(46);
  system.calls.inet_ntop(AF_INET6, bytes.subarray(SOCKADDR_IN6.address), text, text.length);
  const scope = new DataView(bytes.buffer).getUint32(SOCKADDR_IN6.scope, true);
  const address = textOf(text);
  return scope === 0 ? address : `${address}%${interfaceName(system, scope)}`;
}

function interfaceName(system: SystemCalls, number: number): string {
  const name = new Uint8Array(16); // IF_NAMESIZE
  return system.calls.if_indextoname(number, name) === null ? String(number) : textOf(name);
}

/** Returns the path of a UNIX socket, or an abstract name, for the system. */
export function encodeUNIX(path: string): SocketAddress {
  const isAbstract = path.startsWith("\0");
  const name = encoder.encode(path);
  const bytes = new Uint8Array(SOCKADDR_UN.path + name.length + (isAbstract ? 0 : 1));
  bytes[0] = AF_UNIX;
  bytes.set(name, SOCKADDR_UN.path);
  return { family: AF_UNIX, bytes };
}

/** Returns the address of a UNIX socket. */
export function decodeUNIX({ bytes, size }: AddressSpace): UNIXAddress {
  const name = bytes.subarray(SOCKADDR_UN.path, Math.max(size, SOCKADDR_UN.path));
  const isPath = name.length > 0 && name[0] !== 0;
  const end = isPath ? name.indexOf(0) : -1;
  return new UNIXAddress(decoder.decode(end < 0 ? name : name.subarray(0, end)));
}

/** Returns the family of an address that the system has stored. */
export function familyOf({ bytes }: AddressSpace): number {
  return (bytes[0] ?? 0) | (bytes[1] ?? 0) << 8;
}

/** Returns a string for the C library: UTF-8 with a zero byte at its end. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${text}\0`);
}

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes.subarray(0, bytes.indexOf(0)));
}
