/**
 * The files of bound UNIX sockets, which other programs may remove or replace while the socket is
 * open.
 *
 * @module
 */

import { logUserError } from "../../../defer/guarded_call.ts";

/**
 * The file of a socket that this process has bound. No other file has its number while the socket
 * is open.
 */
export class SocketFile {
  readonly #path: string;
  readonly #dev: number;
  readonly #ino: number | null;

  /** @param path The socket's path, absolute. The socket has just been bound there. */
  constructor(path: string) {
    const { dev, ino } = Deno.lstatSync(path);
    this.#path = path;
    this.#dev = dev;
    this.#ino = ino;
  }

  /** The path. */
  get path(): string {
    return this.#path;
  }

  /**
   * Removes the file, unless another one has taken its path. To be called while the socket is open.
   */
  remove(): void {
    try {
      if (this.isAt(this.#path)) Deno.removeSync(this.#path);
    } catch (error) {
      logUserError(error, `Could not remove ${this.#path}`);
    }
  }

  /** Whether this file is at the path itself: a symbolic link is not followed. */
  isAt(path: string): boolean {
    const found = fileAt(path);
    return found !== null && found.dev === this.#dev && found.ino === this.#ino;
  }
}

/** What is at the path itself; null if nothing is. */
function fileAt(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Moves a file that is not this process's socket out of the way of Deno, which removes whatever is
 * at a path when it closes the listener.
 *
 * @param path The path that Deno removes.
 * @param own The socket's file. It is not moved.
 * @returns A function that moves the file back.
 */
export function setAside(path: string, own: SocketFile): () => void {
  try {
    if (fileAt(path) === null || own.isAt(path)) return () => {};
    const aside = `${path}.${crypto.randomUUID()}`;
    Deno.renameSync(path, aside);
    return () => putBack(aside, path);
  } catch (error) {
    // Most often a permission: the other path is not the program's to use.
    logUserError(error, `Could not save the file that has taken the place of the socket ${path}`);
    return () => {};
  }
}

function putBack(aside: string, path: string): void {
  try {
    if (fileAt(path) === null) return Deno.renameSync(aside, path);
    throw new Error(`Cannot move ${aside} back to ${path}: another file has been made there`);
  } catch (error) {
    logUserError(
      error,
      `Could not put back the file that had taken the place of the socket ${path}`,
    );
  }
}
