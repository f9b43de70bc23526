/**
 * The threads of a `ThreadPool` in Deno.
 *
 * They are threads of `node:worker_threads`, not Web Workers: only these support `unref`, report
 * that they have exited, limit their heap, and do not keep the process alive with abandoned work
 * (see `../../threads/mod.ts`).
 *
 * The pool and a thread communicate over their own `MessagePort`, which leaves `parentPort` to the
 * modules of the tasks. The port also shows when the thread has stopped. The `exit` event does not:
 * after `terminate()` it comes at once, while JavaScript still runs. The port closes when the
 * isolate of the thread is gone.
 *
 * @module
 */

import type { MessagePort, Worker } from "node:worker_threads";
import { quote } from "../../../internal/validation.ts";
import { CallLimiter } from "../../threads/call_limiter.ts";
import { Cancellation } from "../../threads/cancellation.ts";
import { ThreadExited } from "../../threads/errors.ts";
import {
  isThreadMessage,
  type PoolMessage,
  type TaskMessage,
  type ThreadMessage,
} from "../../threads/messages.ts";
import { serializeError } from "../../threads/serialized_error.ts";
import type { ThreadEvents, ThreadOptions, WorkerThread } from "../../threads/worker_thread.ts";
import { checkDescriptors, FOR_A_THREAD } from "./descriptors.ts";
import { checkThreadPermissions } from "./thread_permissions.ts";

/** Returns the URL of the program of each thread. */
function entryURL(): URL {
  return new URL("./thread_entry.ts", import.meta.url);
}

/** The data that a thread receives at its start. */
export interface ThreadData {
  /** The thread's end of the message channel to the pool. */
  readonly port: MessagePort;
  /** The memory of the {@linkcode CallLimiter}. */
  readonly limiter: Int32Array<SharedArrayBuffer>;
  /** The memory of the {@linkcode Cancellation}. */
  readonly cancellation: Int32Array<SharedArrayBuffer>;
}

/**
 * Starts a thread for a `ThreadPool`.
 *
 * The thread has the permissions of the program. Deno checks them again when a thread imports a
 * file: `--allow-read` must cover the library's own files, unless they come from JSR, the modules
 * of the tasks, and all their imports.
 *
 * @param events Called with the thread's messages and when it has stopped.
 * @param options The limits of the thread.
 * @returns The running thread.
 * @throws {Deno.errors.NotCapable} If the program may not read the library's files.
 * @throws {Error} With the code `EMFILE`, if there are not enough free file descriptors.
 */
export function startDenoThread(events: ThreadEvents, options: ThreadOptions): WorkerThread {
  checkThreadPermissions(entryURL());
  // Deno aborts the whole process if it lacks descriptors while it starts a thread, so they are
  // checked first.
  checkDescriptors(FOR_A_THREAD, "start a thread");
  return new DenoThread(events, options);
}

class DenoThread implements WorkerThread {
  readonly #events: ThreadEvents;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #limiter = new CallLimiter();
  readonly #cancellation = new Cancellation();
  #error: Error | null = null;
  #terminated = false;
  #abandoned = false;
  #exited = false;
  #closed = false;

  constructor(events: ThreadEvents, { maxHeapSize }: ThreadOptions) {
    this.#events = events;
    // `node:worker_threads` takes some milliseconds to load, so it is loaded only when the first
    // thread starts.
    const { MessageChannel, Worker } = globalThis.process.getBuiltinModule("node:worker_threads");
    const { port1, port2 } = new MessageChannel();
    const data: ThreadData = {
      port: port2,
      limiter: this.#limiter.cells,
      cancellation: this.#cancellation.cells,
    };
    // A Worker does not accept an https URL, but a package from JSR has such URLs. The worker
    // therefore runs a data URL, which imports the module.
    const program = `import { serve } from ${JSON.stringify(entryURL().href)};
      serve((module) => import(module));`;
    this.#worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
      workerData: data,
      transferList: [port2],
      resourceLimits: maxHeapSize === Infinity
        ? {}
        : { maxOldGenerationSizeMb: Math.ceil(maxHeapSize / 2 ** 20) },
    });
    this.#port = port1;
    this.#listenToWorker();
    this.#listenToPort();
    this.unref();
  }

  post(task: TaskMessage): void {
    this.#cancellation.reset();
    this.#send({ type: "task", task });
  }

  cancel(): boolean {
    if (!this.#cancellation.cancel()) return false;
    this.#send({ type: "cancel" });
    return true;
  }

  terminate(): void {
    this.#terminated = true;
    this.#cancellation.cancel();
    this.#limiter.close();
    void this.#worker.terminate();
  }

  abandon(): void {
    this.#abandoned = true;
    this.terminate();
    this.#port.close();
  }

  ref(): void {
    this.#worker.ref();
    this.#port.ref();
  }

  unref(): void {
    this.#worker.unref();
    this.#port.unref();
  }

  #send(message: PoolMessage): void {
    this.#port.postMessage(message);
  }

  #listenToWorker(): void {
    this.#worker.on("error", (error: Error & { code?: unknown }) => {
      if (error.code === "ERR_WORKER_OUT_OF_MEMORY") this.#received({ type: "outOfMemory" });
      this.#fail(error);
    });
    this.#worker.on("exit", (exitCode: number) => {
      this.#fail(new ThreadExited(exitCode));
      this.#exited = true;
      this.#endOnce();
    });
  }

  #listenToPort(): void {
    this.#port.on("message", (message: unknown) => {
      if (!isThreadMessage(message)) return this.#refuse(message);
      if (message.type === "call") this.#limiter.arrived();
      this.#received(message);
    });
    this.#port.on("messageerror", (error: Error) => {
      this.#fail(error);
      void this.#worker.terminate();
    });
    this.#port.on("close", () => {
      this.#closed = true;
      this.#endOnce();
    });
  }

  /**
   * Reports a crash, so that the pool terminates the thread. Its task has changed built-in objects,
   * or the thread would not send such a message.
   */
  #refuse(message: unknown): void {
    const error = new Error(
      `Cannot handle a message from the thread: its type is unknown, got ${quote(message)}`,
    );
    this.#received({ type: "crash", error: serializeError(error) });
  }

  #received(message: ThreadMessage): void {
    if (!this.#terminated) this.#events.message(message);
  }

  #fail(error: Error): void {
    this.#error ??= error;
  }

  /**
   * Reports once that the thread has stopped. Its `exit` event and the closing of its port come in
   * any order.
   */
  #endOnce(): void {
    if (!this.#exited || !this.#closed || this.#error === null || this.#abandoned) return;
    this.#events.ended(this.#error);
  }
}
