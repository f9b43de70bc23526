/**
 * The limits of the system for the paths of UNIX sockets.
 *
 * @module
 */

import { isAbstract } from "../../stream/unix_path.ts";
import { errorWithCode } from "../../stream/system_error.ts";

/**
 * Returns the absolute path, which stays valid after `Deno.chdir`. An abstract name is unchanged.
 */
export function absolutePath(path: string): string {
  return path.startsWith("/") || isAbstract(path) ? path : `${Deno.cwd()}/${path}`;
}

/**
 * Returns the path to bind or to send to: the absolute path, unless it is too long for the system.
 */
export function lastingPath(path: string): string {
  const absolute = absolutePath(path);
  return byteLength(absolute) <= roomFor(absolute) ? absolute : path;
}

/**
 * Checks the length of a path against the limit of the system.
 *
 * @throws {Error} With the code `ENAMETOOLONG`. Deno's own error only names a constant of the C
 *   library.
 */
export function checkPathLength(path: string): void {
  const [length, most] = [byteLength(path), roomFor(path)];
  if (length <= most) return;
  throw errorWithCode(
    "ENAMETOOLONG",
    `the path has ${length} bytes, but ${Deno.build.os} allows at most ${most} for a UNIX socket`,
  );
}

function byteLength(path: string): number {
  return new TextEncoder().encode(path).length;
}

function roomFor(path: string): number {
  // The size of `sun_path` is 108 bytes on Linux (unix(7)), and 104 on macOS and the BSDs. A path,
  // but not an abstract name, needs one of them for a final zero byte.
  const room = Deno.build.os === "linux" ? 108 : 104;
  return isAbstract(path) ? room : room - 1;
}
