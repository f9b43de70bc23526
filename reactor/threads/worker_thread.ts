/**
 * The interface between a thread pool and its threads.
 *
 * @module
 */

import type { TaskMessage, ThreadMessage } from "./messages.ts";

/** A thread that runs tasks. The driver of the pool starts it; a test may pass its own. */
export interface WorkerThread {
  /**
   * Sends a task to the thread.
   *
   * @throws {DOMException} `DataCloneError` if an argument cannot be cloned.
   */
  post(task: TaskMessage): void;
  /**
   * Cancels the task of the thread. The thread itself keeps running.
   *
   * @returns Whether the task watches for its cancellation and may therefore return by itself.
   */
  cancel(): boolean;
  /**
   * Terminates the thread as soon as its JavaScript returns. The thread sends no further message,
   * but its `ended` event still follows.
   */
  terminate(): void;
  /**
   * Terminates the thread without any further event, not even `ended`, and releases the resources
   * of the thread in this process.
   */
  abandon(): void;
  /** Makes the thread keep the process alive. A new thread does not keep it alive. */
  ref(): void;
  /** Lets the process exit while the thread runs. */
  unref(): void;
}

/** Events of a thread. */
export interface ThreadEvents {
  /** Called with each message from the thread. */
  message(message: ThreadMessage): void;
  /**
   * Called when the thread's JavaScript has stopped for good: the last event, also after
   * `terminate()`.
   *
   * @param error Why the thread exited, if `terminate()` was not called.
   */
  ended(error: Error): void;
}

/** Options of a thread. */
export interface ThreadOptions {
  /** The limit of the thread's JavaScript heap in bytes, or Infinity. */
  readonly maxHeapSize: number;
}

/** Starts a thread. No event comes before this returns. */
export type StartThread = (events: ThreadEvents, options: ThreadOptions) => WorkerThread;
