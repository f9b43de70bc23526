/**
 * Deno's addresses as the reactor's.
 *
 * @module
 */

import { internetAddress } from "../addresses.ts";
import type { IAddress } from "../interfaces.ts";

/**
 * The address class that fits.
 *
 * @throws {TypeError} for a transport that this reactor does not serve.
 */
export function addressOf(address: Deno.Addr): IAddress {
  if (address.transport === "tcp") return internetAddress("TCP", address.hostname, address.port);
  throw new TypeError(
    `Cannot make an address for the transport ${JSON.stringify(address.transport)}`,
  );
}
