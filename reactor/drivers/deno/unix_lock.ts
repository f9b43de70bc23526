/**
 * The lock files of UNIX servers.
 *
 * @module
 */

import { BadFileError } from "../../errors.ts";
import { lockHolder } from "./pid_lock.ts";

/** Returns the path of the lock of a server's socket. */
export function lockPath(path: string): string {
  return `${path}.lock`;
}

/** @throws {BadFileError} If no process holds the lock of the server. */
export function checkServerLock(path: string): void {
  if (lockHolder(lockPath(path)) !== null) return;
  throw new BadFileError(`Cannot connect to ${path}: no process holds the lock ${lockPath(path)}`, {
    syscall: "readlink",
    address: path,
  });
}
