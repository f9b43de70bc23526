/**
 * Shared flags through which a running task learns of its cancellation.
 *
 * @module
 */

const CANCELLED = 0;
const WATCHED = 1;

/**
 * Two flags of the task that a thread runs: whether it was cancelled, and whether it watches for
 * that.
 *
 * The flags live in memory shared by both threads, because a task that computes receives no
 * messages. Each side has its own instance over the same memory.
 */
export class Cancellation {
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

  /** Clears both flags before the next task is sent. Called on the reactor's thread. */
  reset(): void {
    Atomics.store(this.cells, CANCELLED, 0);
    Atomics.store(this.cells, WATCHED, 0);
  }

  /**
   * Cancels the task. Called by the reactor's side.
   *
   * @returns Whether the task watches for its cancellation and may therefore return by itself.
   */
  cancel(): boolean {
    Atomics.store(this.cells, CANCELLED, 1);
    return Atomics.load(this.cells, WATCHED) === 1;
  }

  /**
   * Marks the task as watching for its cancellation. Called by the thread's side before it reads
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
