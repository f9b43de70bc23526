/**
 * UNIX sockets whose files have a mode from the first moment.
 *
 * @module
 */

import { isAbstract } from "./unix_path.ts";

// Who may connect: whoever may write (unix(7)). Its owner may do as he likes anyway.
const OTHERS_WRITE = 0o022;

/**
 * Binds a socket, and sees to the mode of its file.
 *
 * `Deno.listen` binds and listens in one, so that whoever connects before the mode is set would be
 * served. Where the mode keeps somebody out, the process's umask is tightened meanwhile, if
 * `--allow-sys` lets it. If not, and the umask in force was too wide, nobody is served: it is
 * closed again, and this throws.
 *
 * @param path Where; an abstract name has no file, and so no mode.
 * @param mode The permission bits.
 * @param bind Binds the socket.
 * @throws What `bind` throws, or the system.
 */
export function bindWithMode<S extends { close(): void }>(
  path: string,
  mode: number,
  bind: () => S,
): S {
  if (isAbstract(path)) return bind();
  const socket = keepsOut(mode) && mayTighten() ? underTightUmask(bind) : bind();
  try {
    setMode(path, mode);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

function keepsOut(mode: number): boolean {
  return (mode & OTHERS_WRITE) !== OTHERS_WRITE;
}

/**
 * Only all of `--allow-sys` has the umask in it. Not asked for: that could stop the program at a
 * prompt.
 */
function mayTighten(): boolean {
  return Deno.permissions.querySync({ name: "sys" }).state === "granted";
}

/** Files that other threads make in this moment come out tighter, too, and never wider. */
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
      `it was made with mode ${made.toString(8)}, and others could connect before it had ${
        mode.toString(8)
      }: run with --allow-sys, or under a umask of 077`,
    );
  }
  if (made !== mode) Deno.chmodSync(path, mode);
}
