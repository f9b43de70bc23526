/**
 * Paths of UNIX sockets, and the limits of the system for them.
 *
 * @module
 */

import { quote } from "../../../internal/validation.ts";
import { errorWithCode } from "./system_error.ts";

/** Returns whether a path is a name in Linux's abstract namespace, which has no files. */
export function isAbstract(path: string): boolean {
  return path.startsWith("\0");
}

/**
 * Returns the absolute path, which stays valid after `Deno.chdir`. An abstract name is unchanged.
 */
export function absolutePath(path: string): string {
  return path.startsWith("/") || isAbstract(path) ? path : `${Deno.cwd()}/${path}`;
}

/**
 * Returns the path to bind or to send to: the absolute path, unless it is too long for the system.
 */
export function lastingPath(path: string): string {
  const absolute = absolutePath(path);
  return byteLength(absolute) <= roomFor(absolute) ? absolute : path;
}

/** Checks that a value can be the path of a socket, apart from its length. */
export function checkUNIXPath(name: string, path: unknown): void {
  if (typeof path !== "string") throw new TypeError(`${name} must be a string, got ${quote(path)}`);
  if (path === "") throw new RangeError(`${name} must not be empty`);
  if (path.includes("\0", 1)) {
    throw new RangeError(`${name} must have a zero byte at its beginning only, got ${quote(path)}`);
  }
}

/** Checks that no lock is requested for an abstract name. */
export function checkLockable(option: string, wanted: boolean, path: string): void {
  if (wanted && isAbstract(path)) {
    throw new RangeError(`${option} must be false for an abstract name, which has no file`);
  }
}

/**
 * Checks the length of a path against the limit of the system.
 *
 * @throws {Error} With the code `ENAMETOOLONG`. Deno's own error only names a constant of the C
 *   library.
 */
export function checkPathLength(path: string): void {
  const [length, most] = [byteLength(path), roomFor(path)];
  if (length <= most) return;
  throw errorWithCode(
    "ENAMETOOLONG",
    `the path has ${length} bytes, but ${Deno.build.os} allows at most ${most} for a UNIX socket`,
  );
}

function byteLength(path: string): number {
  return new TextEncoder().encode(path).length;
}

function roomFor(path: string): number {
  // The size of `sun_path` is 108 bytes on Linux (unix(7)), and 104 on macOS and the BSDs. A path,
  // but not an abstract name, needs one of them for a final zero byte.
  const room = Deno.build.os === "linux" ? 108 : 104;
  return isAbstract(path) ? room : room - 1;
}
