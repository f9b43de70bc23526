/**
 * A file descriptor in the set of a poller.
 *
 * @module
 */

import { EPOLLIN, EPOLLOUT } from "./constants.ts";
import type { Member, Poller, Released } from "./poller.ts";

/**
 * An open file descriptor. It is closed exactly once, and its number is unknown afterwards: the
 * system gives the number to the next file that the process opens.
 */
export abstract class Descriptor implements Member {
  /** The poller whose set has the descriptor. */
  protected readonly poller: Poller;
  #fd: number;
  /** The events that the system watches for; 0 if the descriptor is not in the set. */
  #watched = 0;
  /** Whether an open reactor should wait for the events. */
  #isRef = true;
  tag = 0;

  /**
   * Takes ownership of a file descriptor. No constructor of a subclass may throw after this one:
   * the poller would be held for ever.
   *
   * @param poller The poller that watches it.
   * @param fd The number of the file descriptor.
   */
  constructor(poller: Poller, fd: number) {
    this.poller = poller;
    this.#fd = fd;
    poller.hold();
  }

  /** The number of the file descriptor; -1 when it is closed, for which every call fails. */
  get fd(): number {
    return this.#fd;
  }

  /** Whether the descriptor has been closed. */
  get isClosed(): boolean {
    return this.#fd < 0;
  }

  abstract ready(events: number): void;

  /**
   * Sets the events to watch for. Costs a system call only if they change.
   *
   * @param events A combination of `EPOLLIN` and `EPOLLOUT`; 0 to watch for nothing.
   * @throws {SystemFailure} If the system cannot watch the descriptor, for lack of memory.
   */
  protected watch(events: number): void {
    if (events === this.#watched || this.#fd < 0) return;
    this.poller.control(this, this.#watched, events);
    if (this.#isRef) {
      this.poller.countWaiting((events === 0 ? 0 : 1) - (this.#watched === 0 ? 0 : 1));
    } else {
      this.poller.lookLater();
    }
    this.#watched = events;
  }

  /** Watches for readability as well. */
  protected watchIn(): void {
    this.watch(this.#watched | EPOLLIN);
  }

  /** Watches for writability as well. */
  protected watchOut(): void {
    this.watch(this.#watched | EPOLLOUT);
  }

  /** Watches for readability no longer. */
  protected unwatchIn(): void {
    this.watch(this.#watched & ~EPOLLIN);
  }

  /** Watches for writability no longer. */
  protected unwatchOut(): void {
    this.watch(this.#watched & ~EPOLLOUT);
  }

  /** Lets the process end while the descriptor is open. */
  unref(): void {
    if (!this.#isRef) return;
    this.#isRef = false;
    if (this.#watched !== 0) this.poller.countWaiting(-1);
  }

  /**
   * Releases the open descriptor, for instance for the driver of a new connection.
   *
   * @returns The number of the file descriptor, which the caller owns now.
   */
  protected detach(): number {
    this.watch(0);
    const fd = this.#fd;
    this.#fd = -1;
    return fd;
  }

  /**
   * Closes the descriptor, which also removes it from the set.
   *
   * @param owner Notified when the descriptor has left the system, never within this call.
   */
  protected closeDescriptor(owner: Released): void {
    const fd = this.#fd;
    if (fd < 0) return;
    this.#fd = -1;
    this.poller.forget(fd);
    if (this.#watched !== 0 && this.#isRef) this.poller.countWaiting(-1);
    this.#watched = 0;
    // The descriptor is closed even if the call fails: Linux releases it before any error can
    // occur (close(2)). So the result is not checked, and the call never repeated.
    this.poller.system.calls.close(fd);
    this.poller.whenReleased(owner);
    this.poller.release();
  }
}
