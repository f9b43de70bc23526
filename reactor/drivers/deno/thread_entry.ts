/**
 * What runs in a thread of a `ThreadPool`.
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

/** Milliseconds between two looks at the heap's limit. */
const HEAP_WATCH_MS = 250;

// A thread's port has to be reachable: it closes when it is collected, which would mean that the
// thread has ended.
const held = new Set<unknown>();

/**
 * Does what the pool sends, from now on. For the program of a thread, which `./thread.ts` writes.
 */
export function serve(load: LoadModule): void {
  const data = workerData as ThreadData; // what the pool gave to its thread
  const { port: pool, ...cells } = data;
  // A task that closed the port, or sent something by it, would keep its caller waiting.
  for (const key of Object.keys(data)) Reflect.deleteProperty(data, key);
  const gate = new CallLimiter(cells.gate);
  const cancellation = new Cancellation(cells.cancellation);
  const heap = new HeapWatch();
  const port: ThreadPort = {
    post: (message: ThreadMessage) => {
      // What a task settles with when its memory is full is a consequence of that.
      if (message.type !== "call" && message.type !== "outOfMemory") heap.check(port);
      try {
        pool.postMessage(message);
      } catch (error) {
        // It cannot be sent, so that it will not arrive.
        if (message.type === "call") gate.arrived();
        throw error;
      }
    },
    mayCall: () => {
      if (!gate.pass()) return false;
      if (!cancellation.cancelled) return true;
      gate.arrived();
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
 * Ends the thread with the error. Left to Deno, it would be printed, and arrive without its name
 * and cause.
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
 * Ends the thread once it has run out of memory.
 *
 * At the limit, Deno interrupts what runs and doubles the limit. It only reports that when a timer
 * or the main program was interrupted: a listener, or a function that has awaited something, just
 * stops for good, and its promise never settles. Some built-in functions throw an error of their
 * own instead. The raised limit shows it in all cases.
 */
class HeapWatch {
  readonly #statistics = globalThis.process.getBuiltinModule("node:v8").getHeapStatistics;
  readonly #limit = this.#statistics().heap_size_limit;

  /** Looks at the limit from time to time, for a task that will never settle. */
  start(port: ThreadPort): void {
    setInterval(() => this.check(port), HEAP_WATCH_MS);
  }

  /** Ends the thread if the heap has been full. */
  check(port: ThreadPort): void {
    if (this.#statistics().heap_size_limit <= this.#limit) return;
    port.post({ type: "outOfMemory" });
    Deno.exit(1);
  }
}
