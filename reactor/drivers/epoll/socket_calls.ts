/**
 * The steps that every kind of socket takes: opening, options, addresses.
 *
 * @module
 */

import { SO_ERROR, SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from "./constants.ts";
import { AddressSpace, type SocketAddress } from "./socket_address.ts";
import type { SystemCalls } from "./system_calls.ts";

// The system fills these within a call, and they are read before the next one.
const space = new AddressSpace();
const value = new Int32Array(1);
const valueSize = new Int32Array(1);

/** Opens a socket. Programs that this process starts do not inherit it. */
export function openSocket(system: SystemCalls, family: number, type: number): number {
  const { calls } = system;
  return system.checked("socket", calls.socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/**
 * Calls a function with a new socket, which stays open only if the function returns.
 *
 * @returns The result of the function.
 */
export function withSocket<T>(
  system: SystemCalls,
  family: number,
  type: number,
  f: (fd: number) => T,
): T {
  const fd = openSocket(system, family, type);
  try {
    return f(fd);
  } catch (error) {
    system.calls.close(fd);
    throw error;
  }
}

/** Binds a socket to an address. */
export function bindTo(system: SystemCalls, fd: number, { bytes }: SocketAddress): void {
  system.checked("bind", system.calls.bind(fd, bytes, bytes.length));
}

/** Sets an option of a socket that is a number, or other memory. */
export function setOption(
  system: SystemCalls,
  fd: number,
  level: number,
  option: number,
  setting: number | boolean | Uint8Array | Int32Array,
): void {
  let bytes: Uint8Array | Int32Array;
  if (typeof setting === "object") {
    bytes = setting;
  } else {
    value[0] = Number(setting);
    bytes = value;
  }
  const { calls } = system;
  system.checked("setsockopt", calls.setsockopt(fd, level, option, bytes, bytes.byteLength));
}

/** Returns an option of a socket that is a number. */
export function getOption(system: SystemCalls, fd: number, level: number, option: number): number {
  valueSize[0] = value.byteLength;
  const { calls } = system;
  system.checked("getsockopt", calls.getsockopt(fd, level, option, value, valueSize));
  return value[0] ?? 0;
}

/** Returns the number of the error that a socket has kept, and forgets it; 0 if there is none. */
export function takeError(system: SystemCalls, fd: number): number {
  return getOption(system, fd, SOL_SOCKET, SO_ERROR);
}

/** Returns the address to which a socket is bound. Valid until the next call. */
export function localAddress(system: SystemCalls, fd: number): AddressSpace {
  const { bytes, length } = space.reset();
  system.checked("getsockname", system.calls.getsockname(fd, bytes, length));
  return space;
}

/** Returns the address of the peer of a socket. Valid until the next call. */
export function peerAddress(system: SystemCalls, fd: number): AddressSpace {
  const { bytes, length } = space.reset();
  system.checked("getpeername", system.calls.getpeername(fd, bytes, length));
  return space;
}
