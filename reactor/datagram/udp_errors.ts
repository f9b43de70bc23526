/**
 * The errors of UDP sockets, the same for every driver that calls a system.
 *
 * @module
 */

import { codeOf, messageOf } from "../../internal/foreign_value.ts";
import {
  DatagramError,
  MessageLengthError,
  MulticastJoinError,
  type SystemErrorDetails,
} from "../errors.ts";
import type { IInternetAddress } from "../interfaces/mod.ts";

/** Creates the error of a datagram that is larger than the system sends. */
export function tooLong(
  to: IInternetAddress,
  size: number,
  details: SystemErrorDetails,
): MessageLengthError {
  return new MessageLengthError(
    `Cannot send ${size} bytes to ${to}: the datagram is too long`,
    details,
  );
}

/**
 * Calls a function that changes a setting of a socket.
 *
 * @param socket The address of the socket.
 * @param what What the function does: `allow broadcasts`.
 * @throws {DatagramError} If the function throws.
 */
export function changeSetting(socket: IInternetAddress, what: string, f: () => unknown): void {
  try {
    f();
  } catch (cause) {
    const message = `Cannot ${what} on ${socket}: ${messageOf(cause)}`;
    throw new DatagramError(message, detailsOf(socket, cause));
  }
}

/**
 * Calls a function that changes whether a socket is in a multicast group.
 *
 * @param socket The address of the socket.
 * @param what What the function does.
 * @param group The address of the group.
 * @param interfaceAddress The interface; an empty string for any.
 * @throws {MulticastJoinError} If the function throws.
 */
export function changeMembership(
  socket: IInternetAddress,
  what: "join" | "leave",
  group: string,
  interfaceAddress: string,
  f: () => void,
): void {
  try {
    f();
  } catch (cause) {
    const by = interfaceAddress === "" ? "any interface" : interfaceAddress;
    throw new MulticastJoinError(
      `Cannot ${what} the group ${group} through ${by} on ${socket}: ${messageOf(cause)}`,
      detailsOf(socket, cause),
    );
  }
}

function detailsOf(socket: IInternetAddress, cause: unknown): SystemErrorDetails {
  return { code: codeOf(cause), address: String(socket), cause };
}
