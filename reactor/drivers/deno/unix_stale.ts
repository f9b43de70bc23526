/**
 * Socket files that a server has left behind.
 *
 * @module
 */

import { errorWithCode } from "./system_error.ts";

// Longer than a thread takes to start on a machine that is busy. Who does not answer until then is
// taken to be alive.
const DEADLINE_MS = 5000;

const REFUSED = 1;
const ALIVE = 2;

// A program without imports: a thread that has to load a file would need the permission to read it.
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
 * Removes a socket's file that nobody listens on. What somebody listens on stays, and so does what
 * is no socket.
 *
 * Another server may do the same at this moment, and have bound the path already: so only the very
 * file is removed that was asked for. That leaves a moment too short for all but very bad luck;
 * `wantPID` is for whoever has that.
 *
 * @param path The socket's.
 * @param isRefused Tells whether a connection to a socket is refused.
 * @returns Whether the path can be bound now, as far as this goes.
 * @throws {Error} with code `EADDRINUSE` when something is there that is no socket.
 */
export function removeStaleSocket(
  path: string,
  isRefused: (path: string) => boolean = connectionIsRefused,
): boolean {
  const found = fileAt(path);
  if (found === null) return true;
  if (found.isSocket !== true) {
    throw errorWithCode("EADDRINUSE", "a file is there that is no socket");
  }
  if (!isRefused(path)) return false;
  const now = fileAt(path);
  if (now !== null && isSame(now, found)) Deno.removeSync(path);
  return true;
}

/** What is at the path itself: a symbolic link is not followed. */
function fileAt(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * A new file often has the number of one that is gone. It is made later, though, and nobody writes
 * to a socket's file.
 */
function isSame(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.mtime?.getTime() === b.mtime?.getTime();
}

/**
 * Whether a connection to the socket is refused. Deno connects only asynchronously, and a port is
 * bound when `listenUNIX` returns: so a thread tries, and this one waits for it, some 15 ms.
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
