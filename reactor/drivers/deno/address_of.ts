/**
 * Conversion of Deno's addresses to the reactor's.
 *
 * @module
 */

import { internetAddress, UNIXAddress } from "../../addresses.ts";
import type { Address, IInternetAddress } from "../../interfaces/mod.ts";

/**
 * Converts an address to the reactor's address class.
 *
 * @param address An address of a TCP or UNIX socket.
 * @returns The same address as an instance of the reactor's class.
 * @throws {TypeError} If the address is of another transport.
 */
export function addressOf(address: Deno.NetAddr): IInternetAddress;
export function addressOf(address: Deno.Addr): Address;
export function addressOf(address: Deno.Addr): Address {
  if (address.transport === "tcp") return internetAddress("TCP", address.hostname, address.port);
  // The client's end of a UNIX connection has no path. Deno 2.9.6 then returns null, although the
  // declared type of `path` is a string.
  if (address.transport === "unix") return new UNIXAddress(address.path ?? "");
  throw new TypeError(
    `Cannot make an address for the transport ${JSON.stringify(address.transport)}`,
  );
}
