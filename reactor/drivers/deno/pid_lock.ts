/**
 * A lock file in the form of a symbolic link to the number of the process that holds it. It is
 * compatible with Twisted's `FilesystemLock`.
 *
 * It needs `--allow-read` and `--allow-write` for all paths, because Deno creates symbolic links
 * with no less. If a lock exists already, it needs `--allow-run` to check whether the holder is
 * alive.
 *
 * @module
 */

import { codeOf } from "../../../internal/foreign_value.ts";
import { quote } from "../../../internal/validation.ts";
import { errorWithCode } from "../../stream/system_error.ts";

// The largest process number: the system stores it as a signed 32-bit integer.
const MAX_PID = 2 ** 31 - 1;

// The links that this process created, by device and inode. After a restart, as in a container, the
// process may have the same number as before, and must not mistake the link of its predecessor for
// its own.
const held = new Set<string>();

/** A lock that this process holds. */
export class PIDLock {
  readonly #path: string;
  readonly #link: string | null;

  /**
   * Acquires the lock. The lock of a process that no longer runs is replaced.
   *
   * @param path The path of the link.
   * @throws {Error} With the code `EEXIST`, if another process holds the lock.
   */
  constructor(path: string) {
    while (!link(path)) {
      const holder = lockHolder(path);
      if (holder !== null) {
        throw errorWithCode("EEXIST", `${path} ${refusalReason(holder)}`);
      }
      ifThere(() => Deno.removeSync(path));
    }
    this.#path = path;
    this.#link = linkAt(path);
    if (this.#link !== null) held.add(this.#link);
  }

  /** Releases the lock. A link that another process has replaced meanwhile is left alone. */
  release(): void {
    if (this.#link === null) return;
    held.delete(this.#link);
    const isThere = ifThere(() => linkAt(this.#path)) === this.#link;
    // The inode number alone does not identify the link: the file system may have reused the number
    // for a link of another process. So the target is compared as well.
    if (isThere && ifThere(() => readLink(this.#path)) === String(Deno.pid)) {
      Deno.removeSync(this.#path);
    }
  }
}

/**
 * Returns the holder of the lock at a path.
 *
 * @param path The path of the link.
 * @returns The target of the link; null if there is no link or its process no longer runs.
 */
export function lockHolder(path: string): string | null {
  const holder = ifThere(() => readLink(path));
  if (holder === null) return null;
  const pid = pidOf(holder);
  if (pid === Deno.pid) return held.has(ifThere(() => linkAt(path)) ?? "") ? holder : null;
  // If the target is not a process number, the link was created neither by this library nor by
  // Twisted. Such a link counts as held, so that it is not removed.
  return pid !== null && !isAlive(pid) ? null : holder;
}

/**
 * Returns the process number to which a link points; null if its target is not a process number.
 */
function pidOf(holder: string): number | null {
  const pid = /^[1-9]\d*$/.test(holder) ? Number(holder) : NaN;
  return pid <= MAX_PID ? pid : null;
}

/**
 * Returns the reason why a lock cannot be acquired, as a text that follows the path in a message.
 */
function refusalReason(holder: string): string {
  if (pidOf(holder) !== null) return `is held by process ${holder}`;
  return `is not a lock: it points to ${
    quote(holder)
  } and not to a process number from 1 to ${MAX_PID}; remove it if no server uses it`;
}

/** @throws {Error} With the code `EEXIST`, if the path has a file that is not a symbolic link. */
function readLink(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "EINVAL") throw error;
    throw errorWithCode("EEXIST", `${path} is not a lock: it is not a symbolic link`);
  }
}

function link(path: string): boolean {
  try {
    Deno.symlinkSync(String(Deno.pid), path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

/** Identifies the link at a path by device and inode; null if the file is not a link. */
function linkAt(path: string): string | null {
  const { dev, ino, isSymlink } = Deno.lstatSync(path);
  return isSymlink ? `${dev}:${ino}` : null;
}

function isAlive(pid: number): boolean {
  try {
    globalThis.process.kill(pid, 0);
    return true;
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
    // The process runs, but belongs to another user.
    if (codeOf(error) === "EPERM") return true;
    throw error;
  }
}

/**
 * Returns the result of `f`, or null if the file does not exist, because another process may have
 * removed it.
 */
function ifThere<T>(f: () => T): T | null {
  try {
    return f();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
