/**
 * A lock that is a symbolic link to its holder's process number. Twisted's `FilesystemLock`, and understood by it.
 *
 * It needs `--allow-read` and `--allow-write` for all paths (Deno makes symbolic links with no less), and `--allow-run` where there is a
 * lock already, to see whether its holder is alive.
 *
 * @module
 */

import { codeOf, errorWithCode } from "./system_error.ts";

// A process that was killed and has its number again, as the only one in a container has, does not hold what it held before. So what this
// one holds is noted, as the links themselves: a path can be written in many ways.
const held = new Set<string>();

/** The lock, held. */
export class PidLock {
  readonly #path: string;
  readonly #link: string;

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
        throw errorWithCode("EEXIST", `${path} is held by process ${holder}`);
      }
      ifThere(() => Deno.removeSync(path));
    }
    this.#path = path;
    this.#link = linkAt(path);
    held.add(this.#link);
  }

  /** Gives it back. One that somebody has taken away meanwhile is left alone. */
  release(): void {
    held.delete(this.#link);
    if (ifThere(() => Deno.readLinkSync(this.#path)) === String(Deno.pid)) {
      Deno.removeSync(this.#path);
    }
  }
}

/** Who holds the lock at that path: what the link says; null if nobody does. */
export function lockHolder(path: string): string | null {
  const holder = ifThere(() => Deno.readLinkSync(path));
  if (holder === null) return null;
  const pid = Number(holder);
  if (pid === Deno.pid) return held.has(ifThere(() => linkAt(path)) ?? "") ? holder : null;
  // What is no number is not for this to judge.
  return Number.isInteger(pid) && pid > 0 && !isAlive(pid) ? null : holder;
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

/** Which link it is, whatever the path says. */
function linkAt(path: string): string {
  const { dev, ino } = Deno.lstatSync(path);
  return `${dev}:${ino}`;
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
