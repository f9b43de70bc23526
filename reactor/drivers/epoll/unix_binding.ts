/**
 * Binding UNIX sockets to paths.
 *
 * @module
 */

import { codeOf } from "../../../internal/foreign_value.ts";
import { isAbstract } from "../../stream/unix_path.ts";
import { SocketFile } from "../deno/unix_file.ts";
import { absolutePath } from "../deno/unix_path.ts";
import { removeStaleSocket } from "../deno/unix_stale.ts";
import { encodeUNIX } from "./socket_address.ts";
import { bindTo } from "./socket_calls.ts";
import type { SystemCalls } from "./system_calls.ts";

/**
 * Binds a UNIX socket to a path or an abstract name.
 *
 * @param system The system calls.
 * @param fd The socket.
 * @param path The path, or an abstract name.
 * @param mode The mode of the file.
 * @param isRefused Returns whether no process uses the socket at the path. Its file is removed
 *   then. Without the function, no file is replaced.
 * @returns The file, or null for an abstract name.
 */
export function bindUNIXPath(
  system: SystemCalls,
  fd: number,
  path: string,
  mode: number,
  isRefused: (stale: string) => boolean = () => false,
): SocketFile | null {
  const address = encodeUNIX(path);
  if (isAbstract(path)) {
    bindTo(system, fd, address);
    return null;
  }
  // Linux gives the file the mode of the socket, without the bits of the umask. So the file is
  // never open to more users than it should be, not even for a moment.
  system.checked("fchmod", system.calls.fchmod(fd, mode & 0o777));
  try {
    bindTo(system, fd, address);
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE" || !removeStaleSocket(path, isRefused)) throw error;
    bindTo(system, fd, address);
  }
  const file = new SocketFile(absolutePath(path));
  try {
    if (((Deno.lstatSync(path).mode ?? mode) & 0o777) !== mode) Deno.chmodSync(path, mode);
  } catch (error) {
    file.remove();
    throw error;
  }
  return file;
}
