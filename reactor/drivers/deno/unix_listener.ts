/**
 * A UNIX listener that removes its own file when it closes, and no other.
 *
 * Deno 2.9.6 remembers the path as it was given, and removes whatever is there when the last
 * operation of a closed listener has settled: the socket of another server that has taken the path,
 * a plain file, or after `Deno.chdir` a file in another folder. It cannot be told not to. So a file
 * that is not the socket is moved aside for that moment, and moved back.
 *
 * @module
 */

import type { AcceptingListener } from "./listener_acceptor.ts";
import type { PIDLock } from "./pid_lock.ts";
import { setAside, SocketFile } from "./unix_file.ts";
import { absolutePath, isAbstract } from "./unix_path.ts";

/** A listener and its file. */
export class UnixListener implements AcceptingListener<Deno.UnixConn> {
  readonly #listener: Deno.UnixListener;
  readonly #path: string;
  readonly #file: SocketFile | null;
  readonly #lock: PIDLock | null;
  #accepting = false;
  #putBack: (() => void) | null = null;

  /**
   * @param listener The listener, just bound. It belongs to this one now.
   * @param path The path that it was bound with.
   * @param lock The lock to release when it closes.
   */
  constructor(listener: Deno.UnixListener, path: string, lock: PIDLock | null) {
    this.#listener = listener;
    this.#path = path;
    this.#file = isAbstract(path) ? null : new SocketFile(absolutePath(path));
    this.#lock = lock;
  }

  /** The listener's address. */
  get addr(): Deno.UnixAddr {
    return this.#listener.addr as Deno.UnixAddr; // what listens on a UNIX socket has no other
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

  /** Does not hold the process. */
  unref(): void {
    this.#listener.unref();
  }

  /** Closes the listener. Its file is gone when the accept under way has settled. */
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
    // In another folder than the one in which it was bound, Deno would not find it.
    if (removed !== this.#file.path) this.#file.remove();
    return setAside(removed, this.#file);
  }
}
