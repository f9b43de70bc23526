/**
 * The errors of failed name lookups, and of connection attempts that include a lookup.
 *
 * @module
 */

import { codeOf, messageOf } from "../../../internal/foreign_value.ts";
import { type ConnectError, DNSLookupError, type SystemErrorDetails } from "../../errors.ts";
import type { IAddress } from "../../interfaces/mod.ts";
import { connectError } from "../../stream/system_error.ts";
import { isOutOfDescriptors } from "./descriptors.ts";

// Deno reports a failed lookup as an Error without a code (checked on 2.9.6). The error is
// recognized by the part of its message that Deno writes; the rest comes from the C library.
const LOOKUP_FAILED = "failed to lookup address information";

/**
 * Creates the error of an attempt to connect to a host, which may have failed in the lookup of the
 * host's name.
 */
export function connectOrLookupError(to: IAddress, cause: unknown): ConnectError {
  const message = messageOf(cause);
  // The message of a failed lookup starts with Deno's text, or with `getaddrinfo` if the error
  // comes from Deno's node modules.
  if (!message.startsWith(LOOKUP_FAILED) && !message.startsWith("getaddrinfo ")) {
    return connectError(to, cause);
  }
  const address = String(to);
  const known = message.includes("Temporary failure") ? "EAI_AGAIN" : "ENOTFOUND";
  const details = { code: codeOf(cause) ?? known, address, cause };
  return lookupError(`connect to ${address}`, details, message);
}

/**
 * Creates the error of a failed name lookup. During a shortage of file descriptors, the C library
 * cannot read its files and reports an unknown name or a meaningless error. The shortage is then
 * reported instead.
 *
 * @param what The operation that failed, as in "look up example.com".
 * @param details The code, the address and the cause.
 * @param why The reason.
 */
export function lookupError(
  what: string,
  { code, address, cause }: SystemErrorDetails,
  why: string,
): DNSLookupError {
  const syscall = "getaddrinfo";
  if (isOutOfDescriptors()) {
    const message = `Cannot ${what}: too many open files to look up the name`;
    return new DNSLookupError(message, { code: "EMFILE", syscall, address });
  }
  return new DNSLookupError(`Cannot ${what}: ${why}`, { code, syscall, address, cause });
}
