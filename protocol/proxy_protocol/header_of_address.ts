import { IPv4Address, IPv6Address, ProcessAddress, UNIXAddress } from "../../reactor/addresses.ts";
import type { Address, ITransport } from "../../reactor/interfaces/mod.ts";
import type { ProxyHeader } from "./proxy_header.ts";

/** The headers that have named an address. */
const HEADERS = new WeakMap<Address, ProxyHeader>();

/**
 * Returns the header with which a proxy has opened a connection: it has the TLVs.
 *
 * It is found by the address that the transport's `getPeer()` returns, so that it is also available
 * through other wrappers, and to a factory's `buildProtocol(addr)`.
 *
 * @param connection The transport of a protocol, or the address of its peer.
 * @returns The header; `null` for a connection without one.
 *
 * @example
 * ```ts
 * import { Protocol } from "@torsion/reactor/protocol";
 * import { proxyHeaderOf } from "@torsion/reactor/proxy_protocol";
 *
 * class Site extends Protocol {
 *   override connectionMade() {
 *     console.log(proxyHeaderOf(this.transport)?.authority);
 *   }
 * }
 * ```
 */
export function proxyHeaderOf(connection: ITransport | Address): ProxyHeader | null {
  const address = "getPeer" in connection ? connection.getPeer() : connection;
  return HEADERS.get(address) ?? null;
}

/**
 * Returns an address that {@linkcode proxyHeaderOf} recognizes. It is a new object, because several
 * connections may share one.
 *
 * @param address The address.
 * @param header The header of the connection.
 */
export function nameByHeader(address: Address, header: ProxyHeader): Address {
  const own = copyOf(address);
  HEADERS.set(own, header);
  return own;
}

function copyOf(address: Address): Address {
  if (address instanceof IPv4Address) {
    return new IPv4Address(address.type, address.host, address.port);
  }
  if (address instanceof IPv6Address) {
    return new IPv6Address(address.type, address.host, address.port);
  }
  if (address instanceof UNIXAddress) return new UNIXAddress(address.name);
  if (address instanceof ProcessAddress) return new ProcessAddress(address.executable, address.pid);
  return address;
}
