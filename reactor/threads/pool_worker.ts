/**
 * One thread of a pool and its current task.
 *
 * @module
 */

import { TaskUnloadable, ThreadOutOfMemory } from "./errors.ts";
import type { ThreadMessage } from "./messages.ts";
import { deserializeError } from "./serialized_error.ts";
import type { ThreadCall } from "./thread_call.ts";
import type { StartThread, ThreadOptions, WorkerThread } from "./worker_thread.ts";

/** The pool, as seen by its threads. */
export interface WorkerOwner {
  /** Called when the thread's task has settled and the thread can take another. */
  freed(worker: PoolWorker): void;
  /**
   * Called when the thread takes no further task, although it was not terminated by the pool.
   * {@linkcode ended} follows, now or later.
   */
  lost(worker: PoolWorker): void;
  /** Called when the thread's JavaScript has stopped for good. */
  ended(worker: PoolWorker): void;
}

/** One thread of a pool. */
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

  /** The error that stopped the thread, or null. */
  get error(): Error | null {
    return this.#error;
  }

  /** The name of the task that the thread started last; empty before the first. */
  get taskName(): string {
    return this.#taskName;
  }

  /**
   * Starts a task.
   *
   * @throws {DOMException} `DataCloneError` if an argument cannot be cloned. The thread stays free.
   */
  begin(call: ThreadCall): void {
    call.send((message) => this.#thread.post(message));
    this.#thread.ref();
    this.#call = call;
    this.#taskName = call.name;
  }

  /**
   * Cancels the current task. A task that watches for its cancellation may return by itself; the
   * thread of any other task is terminated.
   */
  cancel(): void {
    this.#call = null;
    this.#thread.unref();
    if (!this.#thread.cancel()) this.terminate();
  }

  /** Terminates the thread. */
  terminate(): void {
    this.#call = null;
    this.#terminated = true;
    this.#thread.unref();
    this.#thread.terminate();
  }

  /**
   * Terminates the thread and detaches it: the owner receives no further call for it.
   *
   * @returns The call whose task was running, or null.
   */
  abandon(): ThreadCall | null {
    const call = this.#call;
    this.#call = null;
    this.#terminated = true;
    this.#thread.unref();
    this.#thread.abandon();
    return call;
  }

  /** Whether the thread was terminated or has stopped. */
  get terminated(): boolean {
    return this.#terminated;
  }

  /** Lets the thread keep the process alive. */
  ref(): void {
    this.#thread.ref();
  }

  /** Lets the process exit while a task is running. */
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
    // The thread is returned to the pool before the outcome is delivered, because the callback of
    // the outcome may start another task.
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
