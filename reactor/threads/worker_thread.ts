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
  /** Ends it. Nothing is heard of it after this. */
  terminate(): void;
  /** Holds the process. A new thread does not. */
  ref(): void;
  /** Holds the process no longer. */
  unref(): void;
}

/** What comes from a thread. */
export interface ThreadEvents {
  /** It says something. */
  message(message: ThreadMessage): void;
  /** It has ended by itself: the last of it. */
  exited(error: Error): void;
}

/** Starts a thread. Nothing comes from it before this returns. */
export type StartThread = (events: ThreadEvents) => WorkerThread;
