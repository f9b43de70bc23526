/**
 * The fields of SOCKS messages.
 *
 * @module
 */

import { addressText } from "../../reactor/names/ip_address.ts";
import type { ReceiveBuffer } from "../framing/receive_buffer.ts";

/** The types of addresses in SOCKS 5. */
export const AddressType = { IPV4: 1, NAME: 3, IPV6: 4 } as const;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Returns the length of an address with its type and its port.
 *
 * @param buffer The message.
 * @param at The index of the type.
 * @returns The number of bytes; `null` if more bytes are needed, and 0 for an unknown type.
 */
export function addressLength(buffer: ReceiveBuffer, at: number): number | null {
  if (buffer.size <= at) return null;
  switch (buffer.byteAt(at)) {
    case AddressType.IPV4:
      return 7;
    case AddressType.IPV6:
      return 19;
    case AddressType.NAME:
      return buffer.size <= at + 1 ? null : 4 + buffer.byteAt(at + 1);
    default:
      return 0;
  }
}

/**
 * Reads an address that is complete.
 *
 * @param message The message.
 * @param at The index of the type.
 * @param length The length of the address with its type and its port.
 */
export function readAddress(
  message: Uint8Array,
  at: number,
  length: number,
): { host: string; port: number } {
  const end = at + length - 2;
  const isName = message[at] === AddressType.NAME;
  const bytes = message.subarray(at + (isName ? 2 : 1), end);
  return {
    host: isName ? decoder.decode(bytes) : addressText(bytes),
    port: (message[end] ?? 0) << 8 | (message[end + 1] ?? 0),
  };
}
