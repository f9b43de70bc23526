/**
 * A spare file descriptor, with which an acceptor can accept and close a connection when no other
 * descriptor is free.
 *
 * @module
 */

import { mayOpenNull, openNull } from "./descriptors.ts";

/**
 * A reserved descriptor, open on `/dev/null`. Needs `--allow-read=/dev/null`; without it, no
 * descriptor is ever reserved.
 */
export class SpareDescriptor {
  /** Whether the process may reserve a descriptor. */
  readonly isAllowed: boolean = mayOpenNull();
  #file: Disposable | null = null;

  /**
   * Reserves the descriptor, unless it is reserved already.
   *
   * @returns Whether the descriptor is reserved now.
   */
  take(): boolean {
    if (this.#file !== null) return true;
    // The permission to read the file may have been revoked. It is checked first, because opening
    // the file without the permission would prompt the user.
    if (!this.isAllowed || !mayOpenNull()) return false;
    try {
      this.#file = openNull();
    } catch {
      // The file cannot be opened, because no descriptor is free.
      return false;
    }
    return true;
  }

  /** Closes the descriptor, so that the next operation can use it. */
  release(): void {
    this.#file?.[Symbol.dispose]();
    this.#file = null;
  }
}
