/**
 * A thread, as the pool sees it.
 *
 * @module
 */

import type { TaskMessage, ThreadMessage } from "./messages.ts";

/** A thread that does tasks. The driver beneath the pool makes it; a test may make its own. */
export interface WorkerThread {
  /**
   * Sends it a task.
   *
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent.
   */
  post(task: TaskMessage): void;
  /**
   * Cancels its task. The thread lives on.
   *
   * @returns Whether the task watches for its cancellation, and so may return by itself.
   */
  cancel(): boolean;
  /**
   * Ends it, as soon as its JavaScript returns. No message comes from it after this, but `ended`
   * does.
   */
  terminate(): void;
  /**
   * Ends it likewise, but no event comes from it any more, `ended` included: nothing of it is left
   * on this side.
   */
  abandon(): void;
  /** Holds the process. A new thread does not. */
  ref(): void;
  /** Holds the process no longer. */
  unref(): void;
}

/** What comes from a thread. */
export interface ThreadEvents {
  /** It says something. */
  message(message: ThreadMessage): void;
  /**
   * None of its JavaScript runs any more, and none will: the last event, also after `terminate()`.
   *
   * @param error Why it has ended, unless it was told to.
   */
  ended(error: Error): void;
}

/** How a thread is to be. */
export interface ThreadOptions {
  /** The most that its JavaScript heap may hold, in bytes, or Infinity. */
  readonly maxHeapSize: number;
}

/** Starts a thread. Nothing comes from it before this returns. */
export type StartThread = (events: ThreadEvents, options: ThreadOptions) => WorkerThread;
