/**
 * A thread of the pool, and the task that it is at.
 *
 * @module
 */

import { TaskUnloadable, ThreadOutOfMemory } from "./errors.ts";
import type { ThreadMessage } from "./messages.ts";
import { deserializeError } from "./serialized_error.ts";
import type { ThreadCall } from "./thread_call.ts";
import type { StartThread, ThreadOptions, WorkerThread } from "./worker_thread.ts";

/** The pool, as its threads see it. */
export interface WorkerOwner {
  /** The thread has done its task, and can do another. */
  freed(worker: PoolWorker): void;
  /**
   * The thread takes no further task, although it was not told to end. {@linkcode ended} follows,
   * now or later.
   */
  lost(worker: PoolWorker): void;
  /** None of the thread's JavaScript runs any more. */
  ended(worker: PoolWorker): void;
}

/** A thread of the pool. */
export class PoolWorker {
  readonly #owner: WorkerOwner;
  readonly #options: ThreadOptions;
  readonly #thread: WorkerThread;
  #call: ThreadCall | null = null;
  #taskName = "";
  #error: Error | null = null;
  #terminated = false;

  /** Starts the thread. */
  constructor(owner: WorkerOwner, startThread: StartThread, options: ThreadOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#thread = startThread({
      message: (message) => this.#received(message),
      ended: (error) => this.#ended(error),
    }, options);
  }

  /** The error that ended it. */
  get error(): Error | null {
    return this.#error;
  }

  /** The name of the task that it began last; empty before the first. */
  get taskName(): string {
    return this.#taskName;
  }

  /**
   * Begins a task.
   *
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent; the thread is free
   *   then.
   */
  begin(call: ThreadCall): void {
    call.send((message) => this.#thread.post(message));
    this.#thread.ref();
    this.#call = call;
    this.#taskName = call.name;
  }

  /**
   * Cancels its task. A task that watches for that is left to return; the thread of any other is
   * ended.
   */
  cancel(): void {
    this.#call = null;
    this.#thread.unref();
    if (!this.#thread.cancel()) this.terminate();
  }

  /** Ends the thread. */
  terminate(): void {
    this.#call = null;
    this.#terminated = true;
    this.#thread.unref();
    this.#thread.terminate();
  }

  /**
   * Ends the thread, and forgets it: the owner gets no call for it any more.
   *
   * @returns The call whose task ends with it.
   */
  abandon(): ThreadCall | null {
    const call = this.#call;
    this.#call = null;
    this.#terminated = true;
    this.#thread.unref();
    this.#thread.abandon();
    return call;
  }

  /** Whether it was told to end. */
  get terminated(): boolean {
    return this.#terminated;
  }

  /** Holds the process. */
  ref(): void {
    this.#thread.ref();
  }

  /** Lets the process end although a task is at work. */
  unref(): void {
    this.#thread.unref();
  }

  #received(message: ThreadMessage): void {
    if (message.type === "call") {
      this.#call?.called(message.argument, message.args);
    } else if (message.type === "crash") {
      this.#crashed(deserializeError(message.error));
    } else if (message.type === "outOfMemory") {
      const mebibytes = Math.round(this.#options.maxHeapSize / 2 ** 20);
      this.#crashed(
        new ThreadOutOfMemory(
          `The thread of ${this.#taskName} ran out of memory: ` +
            `the pool's maxHeapSize limits its JavaScript heap to ${mebibytes} MiB`,
        ),
      );
    } else {
      this.#done(message);
    }
  }

  #done(message: ThreadMessage & { type: "result" | "failure" | "unloadable" }): void {
    const call = this.#call;
    this.#call = null;
    this.#thread.unref();
    // The thread is free before the outcome is heard of, for that may ask for more.
    this.#owner.freed(this);
    if (call === null) return;
    if (message.type === "result") return call.succeeded(message.value);
    const error = deserializeError(message.error);
    if (message.type === "failure") return call.failed(error);
    const text = `Cannot import the module of the task ${call.name}: ${error.message}`;
    call.failed(new TaskUnloadable(text, { cause: error }));
  }

  #crashed(error: Error): void {
    const call = this.#call;
    this.terminate();
    this.#error = error;
    this.#owner.lost(this);
    call?.failed(error);
  }

  #ended(error: Error): void {
    const call = this.#call;
    this.#call = null;
    if (!this.#terminated) {
      this.#terminated = true;
      this.#error = error;
      this.#owner.lost(this);
    }
    this.#owner.ended(this);
    call?.failed(error);
  }
}
