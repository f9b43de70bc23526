/**
 * Paths of UNIX sockets, and abstract names.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";

/** Returns whether a path is a name in Linux's abstract namespace, which has no files. */
export function isAbstract(path: string): boolean {
  return path.startsWith("\0");
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
