/**
 * Deno's errors as the reactor's.
 *
 * @module
 */

import { isError, messageOf, read } from "../../../internal/foreign_value.ts";
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

// Deno reports a failed lookup as a plain Error without a code (checked on 2.9.6).
// The rest of the message is the C library's.
const LOOKUP_FAILED = "failed to lookup address information";

/** The system's name for an error, where it has one: most of Deno's carry it. */
export function codeOf(error: unknown): string | undefined {
  const code = isError(error) ? read(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

/** An error that this side finds, with the name that the system would have for it. */
export function errorWithCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** The reason for a connection that broke while it was read from or written to. */
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

/** The error for a port that could not be bound. */
export function cannotListen(where: IAddress, cause: unknown): CannotListenError {
  return new CannotListenError(where, { code: codeOf(cause), cause });
}

/** The error for a connection that could not be opened. */
export function connectError(to: IAddress, cause: unknown): ConnectError {
  const destination = String(to);
  const code = codeOf(cause);
  const message = messageOf(cause);
  const details: SystemErrorDetails = { code, syscall: "connect", address: destination, cause };
  // The second form is node's.
  if (message.startsWith(LOOKUP_FAILED) || message.startsWith("getaddrinfo ")) {
    const known = message.includes("Temporary failure") ? "EAI_AGAIN" : "ENOTFOUND";
    return lookupError(`connect to ${destination}`, { ...details, code: code ?? known }, message);
  }
  return new (classFor(code))(`Cannot connect to ${destination}: ${message}`, details);
}

/**
 * Returns the error for a name that could not be looked up. Without a file descriptor the C library
 * cannot read its own files and reports an unknown name, or an error without a meaning. The
 * shortage is reported instead.
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
