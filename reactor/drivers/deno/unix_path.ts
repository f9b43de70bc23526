/**
 * The paths of UNIX sockets: what the system allows, said in time and with numbers.
 *
 * @module
 */

import { quote } from "../../../internal/validation.ts";
import { errorWithCode } from "./system_error.ts";

/** Whether it is a name in Linux's abstract namespace, which has no files. */
export function isAbstract(path: string): boolean {
  return path.startsWith("\0");
}

/** The path from the root, whatever the current folder is later. An abstract name has no folder. */
export function absolutePath(path: string): string {
  return path.startsWith("/") || isAbstract(path) ? path : `${Deno.cwd()}/${path}`;
}

/** The path to bind or to send to: the absolute one, if the system has room for it. */
export function lastingPath(path: string): string {
  const absolute = absolutePath(path);
  return byteLength(absolute) <= roomFor(absolute) ? absolute : path;
}

/** Throws unless `path` can be the path of a socket, were there room for it. */
export function checkUNIXPath(name: string, path: unknown): void {
  if (typeof path !== "string") throw new TypeError(`${name} must be a string, got ${quote(path)}`);
  if (path === "") throw new RangeError(`${name} must not be empty`);
  if (path.includes("\0", 1)) {
    throw new RangeError(`${name} must have a zero byte at its beginning only, got ${quote(path)}`);
  }
}

/** Throws when a lock is wanted beside what has no file. */
export function checkLockable(option: string, wanted: boolean, path: string): void {
  if (wanted && isAbstract(path)) {
    throw new RangeError(`${option} must be false for an abstract name, which has no file`);
  }
}

/**
 * Throws unless the system has room for the path.
 *
 * @throws {Error} with code `ENAMETOOLONG`; Deno says only that a constant of the C library is
 *   exceeded.
 */
export function checkPathLength(path: string): void {
  const [length, most] = [byteLength(path), roomFor(path)];
  if (length <= most) return;
  throw errorWithCode(
    "ENAMETOOLONG",
    `it has ${length} bytes, and a UNIX socket's path on ${Deno.build.os} may have ${most}`,
  );
}

function byteLength(path: string): number {
  return new TextEncoder().encode(path).length;
}

function roomFor(path: string): number {
  // sizeof(sun_path): 108 on Linux (unix(7)), 104 on macOS and the BSDs. A path has a zero byte at
  // its end, too.
  const room = Deno.build.os === "linux" ? 108 : 104;
  return isAbstract(path) ? room : room - 1;
}
