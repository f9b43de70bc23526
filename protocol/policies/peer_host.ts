import type { Address } from "../../reactor/interfaces/mod.ts";

/**
 * Returns the host of a peer, by which policies count connections.
 *
 * @param address The peer's address.
 * @returns The host; `null` for an address without one, such as that of a UNIX socket.
 */
export function peerHost(address: Address): string | null {
  return "host" in address ? String(address.host) : null;
}
