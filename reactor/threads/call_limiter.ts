/**
 * How a thread is kept from calling back faster than the reactor can follow.
 *
 * @module
 */

/** Calls of one thread that may be on their way. Enough to keep both sides busy; the reactor's other events wait for no more than these. */
export const MAX_CALLS_UNDER_WAY = 64;

const CLOSED = 0;
const UNDER_WAY = 1;

/**
 * Lets a thread's calls out a few at a time: one that calls back without a pause would fill the memory, and leave the reactor no time for
 * anything else. Twisted's `callFromThread` has no bound.
 *
 * It lives in memory that both threads share, each with a gate of its own over it.
 */
export class CallLimiter {
  /** The memory. */
  readonly cells: Int32Array<SharedArrayBuffer>;

  /** @param cells The memory of the gate on the other side; without it, this is the first of the two. */
  constructor(cells: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(8))) {
    this.cells = cells;
  }

  /**
   * Waits until another call may be sent. For the thread: it stands still meanwhile.
   *
   * @returns Whether it may; not once the gate is closed.
   */
  pass(): boolean {
    while (Atomics.load(this.cells, CLOSED) === 0) {
      const underWay = Atomics.load(this.cells, UNDER_WAY);
      if (underWay < MAX_CALLS_UNDER_WAY) {
        Atomics.add(this.cells, UNDER_WAY, 1);
        return true;
      }
      Atomics.wait(this.cells, UNDER_WAY, underWay);
    }
    return false;
  }

  /** A call has been made. For the reactor's side, and for the thread's if it could not be sent. */
  arrived(): void {
    Atomics.sub(this.cells, UNDER_WAY, 1);
    Atomics.notify(this.cells, UNDER_WAY);
  }

  /** Lets no more calls out, and whoever waits for that go. For the reactor's side. */
  close(): void {
    Atomics.store(this.cells, CLOSED, 1);
    // What is waited on has to change, or one who is about to wait would do so after this.
    Atomics.add(this.cells, UNDER_WAY, MAX_CALLS_UNDER_WAY);
    Atomics.notify(this.cells, UNDER_WAY);
  }
}
