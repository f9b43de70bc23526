/**
 * Version 1 of the PROXY protocol: a line of text.
 *
 * @module
 */

import { isIPAddress, isIPv6Address } from "../../reactor/addresses.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import { addressBytes } from "../../reactor/names/ip_address.ts";
import { proxiedAddress } from "./proxied_address.ts";

/** The beginning of each line. */
export const V1_PREFIX: Uint8Array = new TextEncoder().encode("PROXY ");

/** The greatest length of a line, with its CRLF. */
export const V1_MAX_LENGTH = 107;

/** The addresses in a line. They are `null` if the line does not name them. */
export interface V1Addresses {
  readonly source: Address | null;
  readonly destination: Address | null;
}

const NUMBER = /^(?:0|[1-9]\d{0,4})$/;

/**
 * Reads a line.
 *
 * @param line The line without its prefix and its CRLF.
 * @returns The addresses; or the reason why the line is malformed.
 */
export function readV1(line: string): V1Addresses | string {
  const [protocol = "", source = "", destination = "", sourcePort = "", port = "", ...more] = line
    .split(" ");
  // The rest of an UNKNOWN line must be ignored.
  if (protocol === "UNKNOWN") return { source: null, destination: null };
  if (protocol !== "TCP4" && protocol !== "TCP6") {
    return "its protocol must be TCP4, TCP6 or UNKNOWN";
  }
  if (port === "" || more.length > 0) return "it must have two addresses and two port numbers";
  if (!isPort(sourcePort) || !isPort(port)) {
    return "its port numbers must be from 0 to 65535, without leading zeros";
  }
  const isAddress = protocol === "TCP4" ? isIPAddress : isUnscopedIPv6Address;
  if (!isAddress(source) || !isAddress(destination)) {
    return `its addresses must be those of ${protocol}`;
  }
  return {
    source: addressOf(source, Number(sourcePort)),
    destination: addressOf(destination, Number(port)),
  };
}

/** Returns the address in its canonical form, so that one client has one name. */
function addressOf(host: string, port: number): Address {
  return proxiedAddress("TCP", addressBytes(host) ?? new Uint8Array(4), port);
}

function isPort(text: string): boolean {
  return NUMBER.test(text) && Number(text) <= 65535;
}

/** A zone has a meaning on one host only, so no header may contain one. */
function isUnscopedIPv6Address(host: string): boolean {
  return !host.includes("%") && isIPv6Address(host);
}
