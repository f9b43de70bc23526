/**
 * A file descriptor to accept a connection with when no other is left, so that its client is turned
 * away.
 *
 * @module
 */

import { mayOpenNull, openNull } from "./descriptors.ts";

/**
 * A descriptor in reserve: `/dev/null`, open. Needs `--allow-read=/dev/null`; without it, nothing
 * is ever in reserve.
 */
export class SpareDescriptor {
  readonly #isAllowed = mayOpenNull();
  #file: Disposable | null = null;

  /** Whether a spare descriptor can be had at all. */
  get isAllowed(): boolean {
    return this.#isAllowed;
  }

  /** Takes the descriptor, unless it is held. @returns Whether it is held now. */
  take(): boolean {
    if (this.#file !== null) return true;
    // The permission may have been revoked, and the user must not be asked for it.
    if (!this.#isAllowed || !mayOpenNull()) return false;
    try {
      this.#file = openNull();
    } catch {
      // No descriptor is left.
      return false;
    }
    return true;
  }

  /** Closes the descriptor, so that the next operation has one. */
  release(): void {
    this.#file?.[Symbol.dispose]();
    this.#file = null;
  }
}
