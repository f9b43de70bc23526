/**
 * Conversion of a system's errors to the reactor's.
 *
 * @module
 */

import { codeOf, messageOf } from "../../internal/foreign_value.ts";
import {
  CannotListenError,
  ConnectError,
  ConnectionLost,
  ConnectionRefusedError,
  ConnectTimeoutError,
  NoRouteError,
  type SystemErrorDetails,
} from "../errors.ts";
import type { IAddress } from "../interfaces/mod.ts";

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
  const address = String(to);
  const code = codeOf(cause);
  const message = `Cannot connect to ${address}: ${messageOf(cause)}`;
  return new (classFor(code))(message, { code, syscall: "connect", address, cause });
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
