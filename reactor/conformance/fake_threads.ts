/**
 * Threads that are none: a test sees what they are told to do, and says what comes of it.
 *
 * @module
 */

import type { TaskMessage, ThreadMessage } from "../threads/messages.ts";
import { packError } from "../threads/sent_error.ts";
import type { StartThread, ThreadEvents, WorkerThread } from "../threads/worker_thread.ts";

/** A thread that does what the test says. */
export class FakeThread implements WorkerThread {
  readonly #events: ThreadEvents;
  /** What it was told to do, in order. */
  readonly tasks: TaskMessage[] = [];
  /** Whether the pool has ended it. */
  terminated = false;
  /** Whether it holds the process. */
  held = false;

  constructor(events: ThreadEvents) {
    this.#events = events;
  }

  post(task: TaskMessage): void {
    this.tasks.push(structuredClone(task));
  }

  terminate(): void {
    this.terminated = true;
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

  /** It ends, and says nothing. */
  exit(error: Error): void {
    if (!this.terminated) this.#events.exited(error);
  }

  #say(message: ThreadMessage): void {
    if (!this.terminated) this.#events.message(structuredClone(message));
  }
}

/** All the threads that a pool has started. */
export class FakeThreads {
  readonly #started: FakeThread[] = [];

  /** Makes the pool's threads. */
  readonly start: StartThread = (events) => {
    const thread = new FakeThread(events);
    this.#started.push(thread);
    return thread;
  };

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
