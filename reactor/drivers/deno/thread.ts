/**
 * Threads, as Deno has them.
 *
 * They are those of `node:worker_threads`, which Deno carries, and not Web Workers: only these can
 * be let go of (`unref`), say when they have ended, limit their heap, and do not hold the process
 * with work that was given up (see `../../threads/mod.ts`).
 *
 * The pool and its thread talk over a `MessagePort` of their own: `parentPort` is for whatever the
 * task's modules do with it. The port also shows when the thread has ended. The `exit` event does
 * not: after `terminate()` it comes at once, while JavaScript still runs. The port closes when the
 * thread's isolate is gone.
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

const ENTRY = new URL("./thread_entry.ts", import.meta.url);

/** What a thread starts with. */
export interface ThreadData {
  /** Leads to the pool. */
  readonly port: MessagePort;
  /** The memory of the {@linkcode CallLimiter}. */
  readonly gate: Int32Array<SharedArrayBuffer>;
  /** The memory of the {@linkcode Cancellation}. */
  readonly cancellation: Int32Array<SharedArrayBuffer>;
}

/**
 * Starts a thread for a `ThreadPool`.
 *
 * It has the permissions of the program. Deno asks for them again when a thread imports a file:
 * `--allow-read` has to cover the library's own files, unless they come from JSR, the modules of
 * the tasks, and all that those import.
 *
 * @param events Where what comes from the thread goes.
 * @param options The limits of the thread.
 * @returns The thread.
 * @throws {Deno.errors.NotCapable} when the thread may not read the library's files.
 * @throws {Error} with the code `EMFILE` when there are not enough free file descriptors.
 */
export function startDenoThread(events: ThreadEvents, options: ThreadOptions): WorkerThread {
  checkThreadPermissions(ENTRY);
  // Deno ends the process when it starts a thread without them.
  checkDescriptors(FOR_A_THREAD, "start a thread");
  return new DenoThread(events, options);
}

class DenoThread implements WorkerThread {
  readonly #events: ThreadEvents;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #gate = new CallLimiter();
  readonly #cancellation = new Cancellation();
  #error: Error | null = null;
  #terminated = false;
  #abandoned = false;
  #exited = false;
  #closed = false;

  constructor(events: ThreadEvents, { maxHeapSize }: ThreadOptions) {
    this.#events = events;
    // Loaded by the first thread that is started: it would cost every program some milliseconds.
    const { MessageChannel, Worker } = globalThis.process.getBuiltinModule("node:worker_threads");
    const { port1, port2 } = new MessageChannel();
    const data: ThreadData = {
      port: port2,
      gate: this.#gate.cells,
      cancellation: this.#cancellation.cells,
    };
    // A thread takes no https URL itself, which is what this module's is when it comes from JSR.
    const program = `import { serve } from ${JSON.stringify(ENTRY.href)};
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
    this.#gate.close();
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
      if (message.type === "call") this.#gate.arrived();
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

  /** Has the pool end a thread that no longer works: a task has changed its built-in objects. */
  #refuse(message: unknown): void {
    const error = new Error(`The thread sent an unknown message: ${quote(message)}`);
    this.#received({ type: "crash", error: serializeError(error) });
  }

  #received(message: ThreadMessage): void {
    if (!this.#terminated) this.#events.message(message);
  }

  #fail(error: Error): void {
    this.#error ??= error;
  }

  /** The exit of a thread that ended itself may be known before its port has closed, or after. */
  #endOnce(): void {
    if (!this.#exited || !this.#closed || this.#error === null || this.#abandoned) return;
    this.#events.ended(this.#error);
  }
}
