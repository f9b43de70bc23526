/**
 * The files of bound UNIX sockets. Other programs may remove or replace them while the socket is
 * open.
 *
 * @module
 */

import { logUserError } from "../../../defer/guarded_call.ts";

/**
 * The file of a socket that this process has bound. While the socket is open, no other file has its
 * inode number.
 */
export class SocketFile {
  /** The absolute path of the socket. */
  readonly path: string;
  readonly #dev: number;
  readonly #ino: number | null;

  /**
   * Identifies the file of a socket that was just bound.
   *
   * @param path The absolute path of the socket.
   */
  constructor(path: string) {
    const { dev, ino } = Deno.lstatSync(path);
    this.path = path;
    this.#dev = dev;
    this.#ino = ino;
  }

  /** Removes the file, unless another one has taken its path. Called while the socket is open. */
  remove(): void {
    try {
      if (this.isAt(this.path)) Deno.removeSync(this.path);
    } catch (error) {
      logUserError(error, `Cannot remove the socket file ${this.path}`);
    }
  }

  /** Returns whether this file is at the path. A symbolic link is not followed. */
  isAt(path: string): boolean {
    const found = fileAt(path);
    return found !== null && found.dev === this.#dev && found.ino === this.#ino;
  }
}

/**
 * Returns the file at a path. A symbolic link is not followed.
 *
 * @param path The path.
 * @returns The file; null if there is none.
 */
export function fileAt(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Moves a file that has replaced the socket's file out of the way, because Deno removes any file at
 * the path when it closes the listener.
 *
 * @param path The path that Deno removes.
 * @param own The socket's file, which is not moved.
 * @returns A function that moves the file back.
 */
export function setAside(path: string, own: SocketFile): () => void {
  try {
    if (fileAt(path) === null || own.isAt(path)) return () => {};
    const aside = `${path}.${crypto.randomUUID()}`;
    Deno.renameSync(path, aside);
    return () => putBack(aside, path);
  } catch (error) {
    // The usual cause is that the program has no permission to rename the file.
    logUserError(error, `Cannot move aside the file that replaced the socket ${path}`);
    return () => {};
  }
}

function putBack(aside: string, path: string): void {
  try {
    if (fileAt(path) === null) return Deno.renameSync(aside, path);
    throw new Error(`Cannot move ${aside} back to ${path}: another file was created there`);
  } catch (error) {
    logUserError(
      error,
      `Cannot move back the file that replaced the socket ${path}`,
    );
  }
}
