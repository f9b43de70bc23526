/**
 * UDP through `node:dgram`, under Deno's permissions.
 *
 * @module
 */

import type { UDPDriver } from "../../datagram/datagram_driver.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";
import { bindUDP } from "../node/datagram_driver.ts";

/**
 * Binds a UDP port.
 *
 * @param host The address of the interface.
 * @param port The port number, or 0 for a free port.
 * @param shared Whether other sockets may bind the same port with this option.
 * @throws {CannotListenError} If the address cannot be bound.
 */
export function bindDenoUDP(host: string, port: number, shared: boolean): UDPDriver {
  return bindUDP({ host, port, shared, missingPermission });
}

function missingPermission(to: IInternetAddress): string | null {
  const { state } = Deno.permissions.querySync({ name: "net", host: String(to) });
  return state === "granted" ? null : `it needs the permission --allow-net=${to}`;
}
