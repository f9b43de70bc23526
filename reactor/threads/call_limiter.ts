/**
 * A limit on the calls from a thread to the reactor's thread.
 *
 * @module
 */

/**
 * Calls of one thread that may be in flight. The number keeps both sides busy, and delays other
 * events of the reactor by no more than these calls.
 */
export const MAX_CALLS_IN_FLIGHT = 64;

const CLOSED = 0;
const IN_FLIGHT = 1;

/**
 * Blocks a thread while too many of its calls are in flight. Without a limit, a thread that calls
 * back without a pause would fill the memory and starve the reactor. Twisted's `callFromThread` has
 * no limit.
 *
 * The state lives in memory shared by both threads. Each side has its own instance over it.
 */
export class CallLimiter {
  /** The shared memory. */
  readonly cells: Int32Array<SharedArrayBuffer>;

  /**
   * Creates the instance of one side.
   *
   * @param cells The memory of an existing instance on the other side. Default: new memory.
   */
  constructor(cells: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(8))) {
    this.cells = cells;
  }

  /**
   * Waits until the thread may send another call. Called by the thread's side, which blocks
   * meanwhile.
   *
   * @returns `true` if the call may be sent, `false` if the limiter is closed.
   */
  pass(): boolean {
    while (Atomics.load(this.cells, CLOSED) === 0) {
      const inFlight = Atomics.load(this.cells, IN_FLIGHT);
      if (inFlight < MAX_CALLS_IN_FLIGHT) {
        Atomics.add(this.cells, IN_FLIGHT, 1);
        return true;
      }
      Atomics.wait(this.cells, IN_FLIGHT, inFlight);
    }
    return false;
  }

  /**
   * Records that a call has run. Called by the reactor's side, or by the thread's side if the call
   * could not be sent.
   */
  arrived(): void {
    Atomics.sub(this.cells, IN_FLIGHT, 1);
    Atomics.notify(this.cells, IN_FLIGHT);
  }

  /** Refuses further calls, and unblocks the thread if it waits. Called on the reactor's thread. */
  close(): void {
    Atomics.store(this.cells, CLOSED, 1);
    // The value of the cell is changed before the notification. Otherwise a thread that is about to
    // wait for a change would miss the notification and block forever.
    Atomics.add(this.cells, IN_FLIGHT, MAX_CALLS_IN_FLIGHT);
    Atomics.notify(this.cells, IN_FLIGHT);
  }
}
