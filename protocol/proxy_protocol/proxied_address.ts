import { internetAddress, type InternetTransport } from "../../reactor/addresses.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import { addressText, unmapped } from "../../reactor/names/ip_address.ts";

/**
 * Returns an address of a header. An IPv4-mapped IPv6 address becomes an IPv4 address, as for every
 * other connection: the client uses IPv4.
 *
 * @param type The transport protocol.
 * @param bytes The IP address, 4 or 16 bytes.
 * @param port The port number.
 */
export function proxiedAddress(type: InternetTransport, bytes: Uint8Array, port: number): Address {
  return internetAddress(type, addressText(unmapped(bytes)), port);
}
