/**
 * The addresses of UDP sockets.
 *
 * @module
 */

import { IPv4Address, IPv6Address } from "../addresses.ts";
import type { IInternetAddress } from "../interfaces/mod.ts";

/**
 * Returns the address object of a UDP address. An IPv6 socket's IPv4 peer keeps its mapped address,
 * `::ffff:192.0.2.1`: the socket can send to no other form.
 *
 * @param host An IP address.
 * @param port The port number.
 */
export function udpAddress(host: string, port: number): IInternetAddress {
  return host.includes(":")
    ? new IPv6Address("UDP", host, port)
    : new IPv4Address("UDP", host, port);
}
