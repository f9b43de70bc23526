/**
 * Threads that are none: a test sees what they are told to do, and says what comes of it.
 *
 * @module
 */

import type { TaskMessage, ThreadMessage } from "../threads/messages.ts";
import { packError } from "../threads/sent_error.ts";
import { ThreadExited } from "../threads/errors.ts";
import type {
  StartThread,
  ThreadEvents,
  ThreadOptions,
  WorkerThread,
} from "../threads/worker_thread.ts";

/** A thread that does what the test says. */
export class FakeThread implements WorkerThread {
  readonly #events: ThreadEvents;
  #abandoned = false;
  /** The limits that it was given. */
  readonly options: ThreadOptions;
  /** What it was told to do, in order. */
  readonly tasks: TaskMessage[] = [];
  /** Whether the pool has ended it. */
  terminated = false;
  /** Whether it holds the process. */
  held = false;
  /** Whether its task watches for its cancellation. */
  watching = false;
  /** How often its task was cancelled. */
  cancels = 0;

  constructor(events: ThreadEvents, options: ThreadOptions) {
    this.#events = events;
    this.options = options;
  }

  post(task: TaskMessage): void {
    this.tasks.push(structuredClone(task));
  }

  cancel(): boolean {
    this.cancels++;
    return this.watching;
  }

  terminate(): void {
    this.terminated = true;
  }

  abandon(): void {
    this.terminated = true;
    this.#abandoned = true;
  }

  ref(): void {
    this.held = true;
  }

  unref(): void {
    this.held = false;
  }

  /** Its task is done. */
  finish(value?: unknown): void {
    this.#say({ type: "result", value });
  }

  /** Its task throws. */
  fail(error: unknown): void {
    this.#say({ type: "failure", error: packError(error) });
  }

  /** Its task calls a function that is among its arguments. */
  call(argument: number, ...args: unknown[]): void {
    this.#say({ type: "call", argument, args });
  }

  /** An error that nothing catches ends it. */
  crash(error: unknown): void {
    this.#say({ type: "crash", error: packError(error) });
  }

  /** Its task's module cannot be imported. */
  unloadable(error: unknown): void {
    this.#say({ type: "unloadable", error: packError(error) });
  }

  /** Its heap reaches the limit. */
  outOfMemory(): void {
    this.#say({ type: "outOfMemory" });
  }

  /** It ends: by itself, with that error, or because it was told to. */
  exit(error: Error = new ThreadExited(1)): void {
    if (!this.#abandoned) this.#events.ended(error);
  }

  #say(message: ThreadMessage): void {
    if (!this.terminated) this.#events.message(structuredClone(message));
  }
}

/** All the threads that a pool has started. */
export class FakeThreads {
  readonly #started: FakeThread[] = [];

  /** Makes the pool's threads. */
  readonly start: StartThread = (events, options) => {
    const thread = new FakeThread(events, options);
    this.#started.push(thread);
    return thread;
  };

  /** All that were told to end do so. */
  exitTerminated(): void {
    for (const thread of this.#started) {
      if (thread.terminated) thread.exit();
    }
  }

  /** How many were started. */
  get count(): number {
    return this.#started.length;
  }

  /** How many were started and not ended by the pool. */
  get alive(): number {
    return this.#started.filter((thread) => !thread.terminated).length;
  }

  /** The thread that was started as that one, from 0. */
  at(index: number): FakeThread {
    const thread = this.#started[index];
    if (thread === undefined) throw new Error(`Only ${this.count} threads were started`);
    return thread;
  }
}
