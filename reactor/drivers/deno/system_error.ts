/**
 * Conversion of Deno's errors to the reactor's.
 *
 * @module
 */

import { codeOf, messageOf } from "../../../internal/foreign_value.ts";
import {
  CannotListenError,
  ConnectError,
  ConnectionLost,
  ConnectionRefusedError,
  ConnectTimeoutError,
  DNSLookupError,
  NoRouteError,
  type SystemErrorDetails,
} from "../../errors.ts";
import type { IAddress } from "../../interfaces/mod.ts";
import { isOutOfDescriptors } from "./descriptors.ts";

// Deno reports a failed lookup as an Error without a code (checked on 2.9.6). The error is
// recognized by the part of its message that Deno writes; the rest comes from the C library.
const LOOKUP_FAILED = "failed to lookup address information";

/** Creates an error with a system code, for a condition that this library detects itself. */
export function errorWithCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Creates the error of a connection that failed while it was read or written. */
export function connectionLost(
  syscall: string,
  peer: IAddress,
  cause: unknown,
): ConnectionLost {
  const address = String(peer);
  return new ConnectionLost(`Connection to ${address} was lost: ${messageOf(cause)}`, {
    code: codeOf(cause),
    syscall,
    address,
    cause,
  });
}

/** Creates the error of a port that cannot be bound. */
export function cannotListen(where: IAddress, cause: unknown): CannotListenError {
  return new CannotListenError(where, { code: codeOf(cause), cause });
}

/** Creates the error of a connection attempt that failed. */
export function connectError(to: IAddress, cause: unknown): ConnectError {
  const destination = String(to);
  const code = codeOf(cause);
  const message = messageOf(cause);
  const details: SystemErrorDetails = { code, syscall: "connect", address: destination, cause };
  // The message of a failed lookup starts with Deno's text, or with `getaddrinfo` if the error
  // comes from Deno's node modules.
  if (message.startsWith(LOOKUP_FAILED) || message.startsWith("getaddrinfo ")) {
    const known = message.includes("Temporary failure") ? "EAI_AGAIN" : "ENOTFOUND";
    return lookupError(`connect to ${destination}`, { ...details, code: code ?? known }, message);
  }
  return new (classFor(code))(`Cannot connect to ${destination}: ${message}`, details);
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

function classFor(
  code: string | undefined,
): new (message: string, details: SystemErrorDetails) => ConnectError {
  switch (code) {
    case "ECONNREFUSED":
      return ConnectionRefusedError;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return NoRouteError;
    case "ETIMEDOUT":
      return ConnectTimeoutError;
    default:
      return ConnectError;
  }
}
