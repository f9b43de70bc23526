import { codeOf } from "../../../internal/foreign_value.ts";
import { lockHolder, PIDLock, pidOf } from "./pid_lock.ts";

/**
 * A lock that one process holds at a time: a symbolic link to the number of that process. Twisted's
 * `FilesystemLock`, which excludes the same processes. The lock of a process that no longer runs
 * is replaced.
 *
 * It needs `--allow-read` and `--allow-write` for all paths, because Deno creates symbolic links
 * with no less. If a lock exists already, it needs `--allow-run` to check whether the holder is
 * alive.
 *
 * @example
 * ```ts no-eval
 * import { FilesystemLock } from "@torsion/reactor/reactor";
 *
 * using lock = new FilesystemLock("/run/server.lock");
 * if (!lock.lock()) throw new Error("The server is running already");
 * ```
 */
export class FilesystemLock implements Disposable {
  /** The path of the lock. */
  readonly name: string;
  #lock: PIDLock | null = null;
  #clean: boolean | null = null;

  /**
   * Creates a lock without acquiring it.
   *
   * @param name The path of the lock.
   */
  constructor(name: string) {
    this.name = name;
  }

  /** Whether this object holds the lock. */
  get locked(): boolean {
    return this.#lock !== null;
  }

  /**
   * Whether the previous holder released the lock; `false` if its process ended without doing so,
   * and `null` before the lock is acquired.
   */
  get clean(): boolean | null {
    return this.#clean;
  }

  /**
   * Tries to acquire the lock.
   *
   * @returns Whether the lock was acquired. It is not if a process holds it, this one included.
   * @throws {Error} If the path is not a lock, or the system refuses.
   */
  lock(): boolean {
    try {
      this.#lock = new PIDLock(this.name);
    } catch (error) {
      // The code is also that of a file that is not a lock.
      if (codeOf(error) === "EEXIST" && isHeld(this.name)) return false;
      throw error;
    }
    this.#clean = this.#lock.clean;
    return true;
  }

  /**
   * Releases the lock.
   *
   * @throws {Error} If this object does not hold the lock, or the system refuses.
   */
  unlock(): void {
    if (this.#lock === null) {
      throw new Error(`Cannot unlock ${this.name}: this object does not hold the lock`);
    }
    const lock = this.#lock;
    this.#lock = null;
    lock.release();
  }

  /** Releases the lock, if this object holds it. */
  [Symbol.dispose](): void {
    if (this.locked) this.unlock();
  }
}

/**
 * Returns whether a process holds the lock at a path.
 *
 * @param name The path of the lock.
 * @throws {Error} If the path is not a lock, or the system refuses.
 */
export function isLocked(name: string): boolean {
  return lockHolder(name) !== null;
}

/** Returns whether a lock is held by a process, or was until now. */
function isHeld(name: string): boolean {
  const holder = lockHolder(name);
  return holder === null || pidOf(holder) !== null;
}
