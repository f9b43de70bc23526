/**
 * UNIX sockets whose files have their mode from the first moment.
 *
 * @module
 */

import { isAbstract } from "../../stream/unix_path.ts";

// The write permissions of the group and of other users: a client needs write permission to connect
// (unix(7)). The owner's permission does not count, because an owner can change the mode.
const OTHERS_WRITE = 0o022;

/**
 * Binds a socket and sets the mode of its file.
 *
 * `Deno.listen` binds and listens in one step, so a client could connect before the mode is set. If
 * the mode excludes other users, the process's umask is tightened meanwhile, provided that
 * `--allow-sys` permits it. Otherwise, if the current umask was too wide, the socket is closed
 * again before any client is served, and this function throws.
 *
 * @param path The path of the socket. An abstract name has no file, and so no mode.
 * @param mode The permission bits.
 * @param bind Binds the socket.
 * @throws The error of `bind`, or an error if the mode cannot be set safely.
 */
export function bindWithMode<S extends { close(): void }>(
  path: string,
  mode: number,
  bind: () => S,
): S {
  if (isAbstract(path)) return bind();
  const socket = excludesOthers(mode) && mayChangeUmask() ? underTightUmask(bind) : bind();
  try {
    setMode(path, mode);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

function excludesOthers(mode: number): boolean {
  return (mode & OTHERS_WRITE) !== OTHERS_WRITE;
}

/**
 * Returns whether the umask may be changed, which needs `--allow-sys` without a list. The
 * permission is only queried, because a request could stop the program at a prompt.
 */
function mayChangeUmask(): boolean {
  return Deno.permissions.querySync({ name: "sys" }).state === "granted";
}

/**
 * Calls `bind` under a restricted umask. Files that other threads create meanwhile also get a
 * stricter mode, never a wider one.
 */
function underTightUmask<S>(bind: () => S): S {
  const before = Deno.umask(0o077);
  try {
    return bind();
  } finally {
    Deno.umask(before);
  }
}

function setMode(path: string, mode: number): void {
  const made = (Deno.lstatSync(path).mode ?? mode) & 0o777;
  if ((made & ~mode & OTHERS_WRITE) !== 0) {
    throw new Error(
      `its file was created with mode ${made.toString(8)}, so other users could connect before ` +
        `the mode was changed to ${
          mode.toString(8)
        }: run with --allow-sys, or under a umask of 077`,
    );
  }
  if (made !== mode) Deno.chmodSync(path, mode);
}
