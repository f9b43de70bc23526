/**
 * Removal of stale socket files, which a server has left behind.
 *
 * @module
 */

import { errorWithCode } from "../../stream/system_error.ts";
import { fileAt } from "./unix_file.ts";

// The time in milliseconds to wait for the answer of the probe's thread; a thread on a busy machine
// starts sooner. Without an answer, the server counts as alive.
const DEADLINE_MS = 5000;

const REFUSED = 1;
const ALIVE = 2;

// The program of the probe has no imports, because a thread needs read permission for the files
// that it imports.
const PROBE = `onmessage = async ({ data: { path, answer } }) => {
  let found = ${ALIVE};
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error.code === "ECONNREFUSED") found = ${REFUSED};
  }
  Atomics.store(answer, 0, found);
  Atomics.notify(answer, 0);
};`;

/**
 * Removes the file of a socket on which no process listens. Sockets in use and other files stay.
 *
 * Another server may do the same at the same time, and may already have bound the path. So the file
 * is removed only if it is still the one that was checked. A very short race remains; `wantPID`
 * avoids it.
 *
 * @param path The path of the socket.
 * @param isRefused Returns whether a connection to the socket is refused.
 * @returns Whether the path may be bound now.
 * @throws {Error} With the code `EADDRINUSE`, if the path has a file that is not a socket.
 */
export function removeStaleSocket(
  path: string,
  isRefused: (path: string) => boolean = connectionIsRefused,
): boolean {
  const found = fileAt(path);
  if (found === null) return true;
  if (found.isSocket !== true) {
    throw errorWithCode("EADDRINUSE", "the path has a file that is not a socket");
  }
  if (!isRefused(path)) return false;
  const now = fileAt(path);
  if (now !== null && isSame(now, found)) Deno.removeSync(path);
  return true;
}

/**
 * Returns whether two files are the same. A new file often gets the inode number of a removed one,
 * but has a later time, and a socket's file is never written.
 */
function isSame(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.mtime?.getTime() === b.mtime?.getTime();
}

/**
 * Returns whether a connection to the socket is refused. Deno connects only asynchronously, but the
 * port must be bound when `listenUNIX` returns. So a thread tries to connect, and this function
 * waits for it, about 15 ms.
 */
function connectionIsRefused(path: string): boolean {
  const answer = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const thread = new Worker(`data:text/javascript,${encodeURIComponent(PROBE)}`, {
    type: "module",
  });
  try {
    thread.postMessage({ path, answer });
    Atomics.wait(answer, 0, 0, DEADLINE_MS);
    return Atomics.load(answer, 0) === REFUSED;
  } finally {
    thread.terminate();
  }
}
