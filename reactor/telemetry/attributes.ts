/**
 * Attributes of spans and metrics, by OpenTelemetry's semantic conventions. They contain addresses
 * and names of classes, and no data: an error message may contain a password.
 *
 * @module
 */

import { classNameOf } from "../../defer/guarded_call.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import { ConnectionDone } from "../errors.ts";
import type { Address, ObservedConnection } from "../interfaces/mod.ts";
import { isIPAddress, isIPv6Address } from "../addresses.ts";
import type { Attributes } from "./open_telemetry_api.ts";

/** Returns the transport of an address, in the words of `network.transport`. */
export function transportOf(address: Address): string {
  switch (address.type) {
    case "UDP":
      return "udp";
    case "UNIX":
      return "unix";
    case "PIPE":
    case "PROCESS":
      return "pipe";
    default:
      return "tcp";
  }
}

/** Returns `network.transport` and, for an IP address, `network.type`. */
export function transportAttributes(address: Address): Attributes {
  const transport = { "network.transport": transportOf(address) };
  // The destination of a connector may be the name of a host.
  const host = "host" in address ? address.host : "";
  if (isIPAddress(host)) return { ...transport, "network.type": "ipv4" };
  return isIPv6Address(host) ? { ...transport, "network.type": "ipv6" } : transport;
}

/**
 * Returns the attributes of one end.
 *
 * @param prefix The part before `address` and `port`, such as `network.peer`.
 * @param address The address of the end.
 */
export function endAttributes(prefix: string, address: Address): Attributes {
  const name = nameOf(address);
  return {
    ...name === "" ? {} : { [`${prefix}.address`]: name },
    ..."port" in address ? { [`${prefix}.port`]: address.port } : {},
  };
}

/** Returns the attributes of a connection that a port has accepted, or that was adopted. */
export function acceptedAttributes(peer: Address, host: Address): Attributes {
  return {
    ...transportAttributes(peer),
    ...endAttributes("network.peer", peer),
    ...endAttributes("network.local", host),
    ...endAttributes("client", peer),
    ...endAttributes("server", host),
  };
}

/** Returns `tls.established` and, with ALPN, `tls.next_protocol`; nothing without TLS. */
export function tlsAttributes({ secure, negotiatedProtocol }: ObservedConnection): Attributes {
  if (!secure) return {};
  return {
    "tls.established": true,
    ...negotiatedProtocol === null ? {} : { "tls.next_protocol": negotiatedProtocol },
  };
}

/** Returns `error.type`, the name of the error's class; nothing for a clean close. */
export function errorAttributes(reason: Error): Attributes {
  return isInstance(reason, ConnectionDone) ? {} : { "error.type": classNameOf(reason) };
}

/** Returns the name of an end: an IP address, a host name, or the path of a UNIX socket. */
function nameOf(address: Address): string {
  switch (address.type) {
    case "TCP":
    case "UDP":
      return address.host;
    case "HOSTNAME":
      return address.hostname;
    case "UNIX":
      return address.name;
    default:
      return "";
  }
}
