/**
 * A thread of the pool, and the task that it is at.
 *
 * @module
 */

import type { ThreadMessage } from "./messages.ts";
import { unpackError } from "./sent_error.ts";
import type { ThreadCall } from "./thread_call.ts";
import type { StartThread, WorkerThread } from "./worker_thread.ts";

/** The pool, as its threads see it. */
export interface WorkerOwner {
  /** The thread has done its task, and can do another. */
  freed(worker: PoolWorker): void;
  /** The thread has ended without being told to. */
  lost(worker: PoolWorker): void;
}

/** A thread of the pool. */
export class PoolWorker {
  readonly #owner: WorkerOwner;
  readonly #thread: WorkerThread;
  #call: ThreadCall | null = null;
  #error: Error | null = null;

  /** Starts the thread. */
  constructor(owner: WorkerOwner, startThread: StartThread) {
    this.#owner = owner;
    this.#thread = startThread({
      message: (message) => this.#heard(message),
      exited: (error) => this.#lost(error),
    });
  }

  /** What ended it. */
  get error(): Error | null {
    return this.#error;
  }

  /**
   * Begins a task.
   *
   * @throws {DOMException} `DataCloneError` when an argument cannot be sent; the thread is free then.
   */
  begin(call: ThreadCall): void {
    call.send((message) => this.#thread.post(message));
    this.#thread.ref();
    this.#call = call;
  }

  /** Ends the thread, and gives back the call whose task ends with it. */
  terminate(): ThreadCall | null {
    const call = this.#call;
    this.#call = null;
    this.#thread.terminate();
    return call;
  }

  /** Lets the process end although a task is at work. */
  unref(): void {
    this.#thread.unref();
  }

  #heard(message: ThreadMessage): void {
    if (message.type === "crash") {
      this.#thread.terminate();
      this.#lost(unpackError(message.error));
    } else if (message.type === "call") {
      this.#call?.called(message.argument, message.args);
    } else {
      this.#done(message);
    }
  }

  #done(message: ThreadMessage & { type: "result" | "failure" }): void {
    const call = this.#call;
    this.#call = null;
    this.#thread.unref();
    // The thread is free before the outcome is heard of, for that may ask for more.
    this.#owner.freed(this);
    if (message.type === "result") call?.succeeded(message.value);
    else call?.failed(unpackError(message.error));
  }

  #lost(error: Error): void {
    const call = this.#call;
    this.#call = null;
    this.#error = error;
    this.#owner.lost(this);
    call?.failed(error);
  }
}
