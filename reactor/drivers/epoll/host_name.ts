/**
 * The addresses of host names, looked up by the C library.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../../addresses.ts";
import { errorWithCode } from "../../stream/system_error.ts";
import { SOCK_STREAM } from "./constants.ts";
import { AddressSpace, cString, hostOf } from "./socket_address.ts";
import { ADDRINFO } from "./struct_layouts.ts";
import type { SystemCalls } from "./system_calls.ts";

/**
 * Returns the IP address of a host, as Deno's own sockets do: the first one that the system knows.
 * Waits for the answer.
 *
 * @param system The system calls.
 * @param host A host name, or an IP address, which is returned unchanged.
 * @throws {Error} With the code `ENOTFOUND`, if the host has no address.
 */
export function ipAddressOf(system: SystemCalls, host: string): string {
  if (isIPAddress(host) || isIPv6Address(host)) return host;
  return firstAddress(system, host);
}

function firstAddress(system: SystemCalls, name: string): string {
  // An empty name would stand for this machine, and a zero byte would end the name.
  if (name === "" || name.includes("\0")) throw notFound("it is not a host name");
  const { calls } = system;
  const hints = new Uint8Array(ADDRINFO.size);
  hints[ADDRINFO.socketType] = SOCK_STREAM;
  const found = new BigUint64Array(1);
  const result = calls.getaddrinfo(cString(name), null, hints, new Uint8Array(found.buffer));
  if (result !== 0) {
    const text = calls.gai_strerror(result);
    throw notFound(text === null ? "unknown error" : Deno.UnsafePointerView.getCString(text));
  }
  const list = Deno.UnsafePointer.create(found[0] ?? 0n);
  try {
    return addressIn(system, list);
  } finally {
    calls.freeaddrinfo(list);
  }
}

/** Returns the address of the first entry of a list. */
function addressIn(system: SystemCalls, list: Deno.PointerValue): string {
  const info = list === null ? null : new Deno.UnsafePointerView(list);
  const address = info?.getPointer(ADDRINFO.address) ?? null;
  if (info === null || address === null) throw notFound("it has no address");
  const space = new AddressSpace();
  const size = Math.min(info.getUint32(ADDRINFO.addressSize), space.bytes.length);
  new Deno.UnsafePointerView(address).copyInto(space.bytes.subarray(0, size));
  return hostOf(system, space);
}

function notFound(why: string): Error {
  return errorWithCode("ENOTFOUND", `the host was not found: ${why}`);
}
