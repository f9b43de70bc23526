/**
 * Deno's addresses as the reactor's.
 *
 * @module
 */

import { internetAddress, UNIXAddress } from "../../addresses.ts";
import type { Address, IInternetAddress, IUNIXAddress } from "../../interfaces/mod.ts";

/**
 * The address class that fits.
 *
 * @throws {TypeError} for a transport that this reactor does not serve.
 */
export function addressOf(address: Deno.NetAddr): IInternetAddress;
export function addressOf(address: Deno.UnixAddr): IUNIXAddress;
export function addressOf(address: Deno.Addr): Address;
export function addressOf(address: Deno.Addr): Address {
  if (address.transport === "tcp") return internetAddress("TCP", address.hostname, address.port);
  // A client's own end has no path; Deno's type says otherwise, and 2.9.6 gives null.
  if (address.transport === "unix") return new UNIXAddress(address.path ?? "");
  throw new TypeError(
    `Cannot make an address for the transport ${JSON.stringify(address.transport)}`,
  );
}
