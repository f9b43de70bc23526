/**
 * A lock that is a symbolic link to its holder's process number. Twisted's `FilesystemLock`, and
 * understood by it.
 *
 * It needs `--allow-read` and `--allow-write` for all paths (Deno makes symbolic links with no
 * less), and `--allow-run` where there is a lock already, to see whether its holder is alive.
 *
 * @module
 */

import { quote } from "../../../internal/validation.ts";
import { codeOf, errorWithCode } from "./system_error.ts";

// The system keeps it in 32 bits, with a sign.
const GREATEST_PID = 2 ** 31 - 1;

// A process that was killed and has its number again, as the only one in a container has, does not
// hold what it held before. So what this one holds is noted, as the links themselves: a path can be
// written in many ways.
const held = new Set<string>();

/** The lock, held. */
export class PIDLock {
  readonly #path: string;
  readonly #link: string | null;

  /**
   * Takes it. A lock whose holder is gone is broken.
   *
   * @param path The link's.
   * @throws {Error} with code `EEXIST` when somebody holds it.
   */
  constructor(path: string) {
    while (!link(path)) {
      const holder = lockHolder(path);
      if (holder !== null) {
        throw errorWithCode("EEXIST", `${path} ${fateOf(holder)}`);
      }
      ifThere(() => Deno.removeSync(path));
    }
    this.#path = path;
    this.#link = linkAt(path);
    if (this.#link !== null) held.add(this.#link);
  }

  /** Gives it back. One that somebody has taken away meanwhile is left alone. */
  release(): void {
    if (this.#link === null) return;
    held.delete(this.#link);
    const isThere = ifThere(() => linkAt(this.#path)) === this.#link;
    // A later link may have got the same number from the file system.
    if (isThere && ifThere(() => readLink(this.#path)) === String(Deno.pid)) {
      Deno.removeSync(this.#path);
    }
  }
}

/** Who holds the lock at that path: what the link says; null if nobody does. */
export function lockHolder(path: string): string | null {
  const holder = ifThere(() => readLink(path));
  if (holder === null) return null;
  const pid = pidOf(holder);
  if (pid === Deno.pid) return held.has(ifThere(() => linkAt(path)) ?? "") ? holder : null;
  // A link to anything else was not made by this library or Twisted, and is left alone.
  return pid !== null && !isAlive(pid) ? null : holder;
}

/** The number that a link points to; null when it is not a process's number. */
function pidOf(holder: string): number | null {
  const pid = /^[1-9]\d*$/.test(holder) ? Number(holder) : NaN;
  return pid <= GREATEST_PID ? pid : null;
}

/** Why a lock cannot be taken, behind its path. */
function fateOf(holder: string): string {
  if (pidOf(holder) !== null) return `is held by process ${holder}`;
  return `is not a lock: it points to ${
    quote(holder)
  } and not to a process number from 1 to ${GREATEST_PID}; remove it if no server uses it`;
}

/** @throws {Error} with code `EEXIST` when something else is there. */
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

/** Which link it is, whatever the path says; null for what is not a link. */
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
    if (codeOf(error) === "EPERM") return true; // another user's
    throw error;
  }
}

/** Another process may have removed it. */
function ifThere<T>(f: () => T): T | null {
  try {
    return f();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
