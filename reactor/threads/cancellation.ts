/**
 * How a task that is running learns that it was cancelled.
 *
 * @module
 */

const CANCELLED = 0;
const WATCHED = 1;

/**
 * Whether the task of a thread was cancelled, and whether the task looks at that.
 *
 * It lives in memory that both threads share, because a task that computes receives no messages.
 * Each side has an instance over it.
 */
export class Cancellation {
  /** The memory. */
  readonly cells: Int32Array<SharedArrayBuffer>;

  /**
   * @param cells The memory of the instance on the other side; without it, this is the first of the
   *   two.
   */
  constructor(cells: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(8))) {
    this.cells = cells;
  }

  /** Prepares for the next task. For the reactor's side, before the task is sent. */
  reset(): void {
    Atomics.store(this.cells, CANCELLED, 0);
    Atomics.store(this.cells, WATCHED, 0);
  }

  /**
   * Cancels the task. For the reactor's side.
   *
   * @returns Whether the task watches for its cancellation, so that it can be left to return by
   *   itself.
   */
  cancel(): boolean {
    Atomics.store(this.cells, CANCELLED, 1);
    return Atomics.load(this.cells, WATCHED) === 1;
  }

  /**
   * Notes that the task watches for its cancellation. For the thread's side, before it reads
   * {@linkcode cancelled}.
   */
  watch(): void {
    Atomics.store(this.cells, WATCHED, 1);
  }

  /** Whether the task was cancelled. */
  get cancelled(): boolean {
    return Atomics.load(this.cells, CANCELLED) === 1;
  }
}
