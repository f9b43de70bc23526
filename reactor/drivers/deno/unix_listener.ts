/**
 * A UNIX listener that removes its own file when it closes, and no other.
 *
 * Deno 2.9.6 remembers the path as it was given, and removes any file there when the last operation
 * of a closed listener has settled. That may be the socket of another server, a plain file or,
 * after `Deno.chdir`, a file in another folder. So a file that is not the socket is moved aside
 * meanwhile, and moved back.
 *
 * @module
 */

import type { AcceptingListener } from "./listener_acceptor.ts";
import type { PIDLock } from "./pid_lock.ts";
import { setAside, SocketFile } from "./unix_file.ts";
import { isAbstract } from "../../stream/unix_path.ts";
import { absolutePath } from "./unix_path.ts";

/** A listener with its file and its lock. */
export class UNIXListener implements AcceptingListener<Deno.UnixConn> {
  readonly #listener: Deno.UnixListener;
  readonly #path: string;
  readonly #file: SocketFile | null;
  readonly #lock: PIDLock | null;
  #accepting = false;
  #putBack: (() => void) | null = null;

  /**
   * Creates the listener.
   *
   * @param listener The Deno listener, just bound, which this listener closes.
   * @param path The path to which it was bound.
   * @param lock The lock to release on closing, or null.
   */
  constructor(listener: Deno.UnixListener, path: string, lock: PIDLock | null) {
    this.#listener = listener;
    this.#path = path;
    this.#file = isAbstract(path) ? null : new SocketFile(absolutePath(path));
    this.#lock = lock;
  }

  /** Accepts the next connection. */
  async accept(): Promise<Deno.UnixConn> {
    this.#accepting = true;
    try {
      return await this.#listener.accept();
    } finally {
      this.#accepting = false;
      this.#putBack?.();
    }
  }

  /** Lets the process exit while the listener is open. */
  unref(): void {
    this.#listener.unref();
  }

  /** Closes the listener. Its file is removed once the pending accept has settled. */
  close(): void {
    const putBack = this.#saveOthers();
    if (this.#accepting) this.#putBack = putBack;
    this.#listener.close();
    if (!this.#accepting) putBack();
    this.#lock?.release();
  }

  #saveOthers(): () => void {
    if (this.#file === null) return () => {};
    const removed = absolutePath(this.#path);
    // Deno resolves a relative path again when it closes the listener. If Deno.chdir() was called
    // meanwhile, Deno would remove another path, so the socket's own file is removed here.
    if (removed !== this.#file.path) this.#file.remove();
    return setAside(removed, this.#file);
  }
}
