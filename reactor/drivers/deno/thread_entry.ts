/**
 * The program of a thread of a `ThreadPool`.
 *
 * @module
 */

import { workerData } from "node:worker_threads";
import { CallLimiter } from "../../threads/call_limiter.ts";
import { Cancellation } from "../../threads/cancellation.ts";
import type { PoolMessage, ThreadMessage } from "../../threads/messages.ts";
import { serializeError } from "../../threads/serialized_error.ts";
import { type LoadModule, TaskRunner, type ThreadPort } from "../../threads/task_runner.ts";
import type { ThreadData } from "./thread.ts";

/** The interval of the heap checks, in milliseconds. */
const HEAP_WATCH_MS = 250;

// This set keeps the port reachable. A port that is garbage-collected closes, and the pool would
// then conclude that the thread has stopped.
const held = new Set<unknown>();

/**
 * Runs the tasks that the pool sends. Called by the program of a thread, which `./thread.ts`
 * writes.
 *
 * @param load Imports the module of a task.
 */
export function serve(load: LoadModule): void {
  // The cast is safe: the pool passes this type of data to each of its threads.
  const data = workerData as ThreadData;
  const { port: pool, ...cells } = data;
  // The port is removed from `workerData`, where tasks could find it. A task that closed it or sent
  // messages on it would leave its caller waiting forever.
  for (const key of Object.keys(data)) Reflect.deleteProperty(data, key);
  const limiter = new CallLimiter(cells.limiter);
  const cancellation = new Cancellation(cells.cancellation);
  const heap = new HeapWatch();
  const port: ThreadPort = {
    post: (message: ThreadMessage) => {
      // If the heap is full, that is reported before the outcome of the task, because the task
      // failed only as a consequence.
      if (message.type !== "call" && message.type !== "outOfMemory") heap.check(port);
      try {
        pool.postMessage(message);
      } catch (error) {
        // The call was not sent, so the pool will never report its arrival to the limiter. It is
        // reported here instead.
        if (message.type === "call") limiter.arrived();
        throw error;
      }
    },
    mayCall: () => {
      if (!limiter.pass()) return false;
      if (!cancellation.cancelled) return true;
      limiter.arrived();
      return false;
    },
    cancellation,
  };
  const runner = new TaskRunner(port, load);
  held.add(pool);
  addEventListener("error", (event) => crash(port, event, event.error));
  addEventListener("unhandledrejection", (event) => crash(port, event, event.reason));
  pool.on("message", (message: PoolMessage) => void runner.receive(message));
  heap.start(port);
}

/**
 * Stops the thread with an error. Deno itself would print the error, and pass it on without its
 * name and cause.
 */
function crash(port: ThreadPort, event: Event, error: unknown): void {
  event.preventDefault();
  try {
    port.post({ type: "crash", error: serializeError(error) });
  } finally {
    Deno.exit(1);
  }
}

/**
 * Stops the thread once it has run out of memory.
 *
 * At the limit, Deno interrupts the running code and doubles the limit. It reports that only if a
 * timer or the main program was interrupted. A listener, or a function after an await, just stops,
 * and its promise never settles. Some built-in functions throw an error instead. The raised limit
 * shows the condition in all cases.
 */
class HeapWatch {
  readonly #statistics = globalThis.process.getBuiltinModule("node:v8").getHeapStatistics;
  readonly #limit = this.#statistics().heap_size_limit;

  /** Starts checking the heap limit at intervals, because a task may never settle. */
  start(port: ThreadPort): void {
    setInterval(() => this.check(port), HEAP_WATCH_MS);
  }

  /** Stops the thread if the heap has been full. */
  check(port: ThreadPort): void {
    if (this.#statistics().heap_size_limit <= this.#limit) return;
    port.post({ type: "outOfMemory" });
    Deno.exit(1);
  }
}
