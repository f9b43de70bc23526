/**
 * UDP as Deno lends it: by `node:dgram`, under Deno's permissions.
 *
 * @module
 */

import type { UDPDriver } from "../../datagram/datagram_driver.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";
import { bindUDP } from "../node/datagram_driver.ts";

/**
 * Binds a UDP port.
 *
 * @param shared Whether others may bind the same port, all of them having asked for this.
 * @throws {CannotListenError} when the address cannot be had.
 */
export function bindDenoUDP(host: string, port: number, shared: boolean): UDPDriver {
  return bindUDP({ host, port, shared, missingPermission });
}

function missingPermission(to: IInternetAddress): string | null {
  const { state } = Deno.permissions.querySync({ name: "net", host: String(to) });
  return state === "granted" ? null : `that requires net access, --allow-net=${to}`;
}
