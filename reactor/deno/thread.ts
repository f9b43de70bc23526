/**
 * Threads, as Deno has them.
 *
 * They are those of `node:worker_threads`, which Deno carries, and not Web Workers: only these can be let go of (`unref`), say when they have
 * ended, and do not hold the process with work that was given up (see `../threads/mod.ts`).
 *
 * @module
 */

import type { Worker } from "node:worker_threads";
import { CallGate } from "../threads/call_gate.ts";
import { ThreadExited } from "../threads/errors.ts";
import type { TaskMessage, ThreadMessage } from "../threads/messages.ts";
import type { ThreadEvents, WorkerThread } from "../threads/worker_thread.ts";
import { asError } from "../user_code.ts";
import { checkDescriptors, FOR_A_THREAD } from "./descriptors.ts";

const ENTRY = new URL("./thread_entry.ts", import.meta.url);

/**
 * Starts a thread for a `ThreadPool`.
 *
 * Without enough free file descriptors, the thread exits at once with an error that has the code `EMFILE`.
 *
 * It has the permissions of the program. `--allow-read` has to cover the modules of the tasks, if they are files, and what those import.
 *
 * @param events Where what comes from the thread goes.
 * @returns The thread.
 */
export function startDenoThread(events: ThreadEvents): WorkerThread {
  try {
    // Deno ends the process when it starts a thread without them.
    checkDescriptors(FOR_A_THREAD, "start a thread");
  } catch (error) {
    return new ThreadNotStarted(events, asError(error));
  }
  return new DenoThread(events);
}

/** A thread that could not be started. It only exits. */
class ThreadNotStarted implements WorkerThread {
  #ended = false;

  constructor(events: ThreadEvents, error: Error) {
    queueMicrotask(() => {
      if (!this.#ended) events.exited(error);
      this.#ended = true;
    });
  }

  post(): void {}

  terminate(): void {
    this.#ended = true;
  }

  ref(): void {}

  unref(): void {}
}

class DenoThread implements WorkerThread {
  readonly #worker: Worker;
  readonly #gate = new CallGate();
  #error: Error | null = null;
  #ended = false;

  constructor(events: ThreadEvents) {
    // Loaded by the first thread that is started: it would cost every program some milliseconds.
    const { Worker } = globalThis.process.getBuiltinModule("node:worker_threads");
    // A thread takes no https URL itself, which is what this module's is when it comes from JSR.
    const program = `import { serve } from ${JSON.stringify(ENTRY.href)};
      serve((module) => import(module));`;
    this.#worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
      workerData: this.#gate.cells,
    });
    this.#worker.unref();
    this.#worker.on("message", (message: ThreadMessage) => {
      if (message.type === "call") this.#gate.arrived();
      if (!this.#ended) events.message(message);
    });
    this.#worker.on("messageerror", (error: Error) => {
      this.#fail(error);
      void this.#worker.terminate();
    });
    this.#worker.on("error", (error: Error) => this.#fail(error));
    this.#worker.on("exit", (exitCode: number) => {
      if (this.#ended) return;
      this.#ended = true;
      events.exited(this.#error ?? new ThreadExited(exitCode));
    });
  }

  post(task: TaskMessage): void {
    this.#worker.postMessage(task);
  }

  terminate(): void {
    this.#ended = true;
    this.#gate.close();
    void this.#worker.terminate();
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }

  #fail(error: Error): void {
    this.#error ??= error;
  }
}
