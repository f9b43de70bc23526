/**
 * What runs in a thread of a `ThreadPool`.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { CallGate } from "../threads/call_gate.ts";
import type { TaskMessage, ThreadMessage } from "../threads/messages.ts";
import { packError } from "../threads/sent_error.ts";
import { type LoadModule, runTask, type ThreadPort } from "../threads/task_runner.ts";

/** Does what the pool sends, from now on. For the program of a thread, which `./thread.ts` writes. */
export function serve(load: LoadModule): void {
  if (parentPort === null) throw new Error("Tasks can be served in a thread of a pool only");
  const pool = parentPort;
  const gate = new CallGate(workerData); // what the pool gave to its thread
  const port: ThreadPort = {
    post: (message: ThreadMessage) => {
      try {
        pool.postMessage(message);
      } catch (error) {
        // It cannot be sent, so that it will not arrive.
        if (message.type === "call") gate.arrived();
        throw error;
      }
    },
    mayCall: () => gate.pass(),
  };
  addEventListener("error", (event) => crash(port, event, event.error));
  addEventListener("unhandledrejection", (event) => crash(port, event, event.reason));
  pool.on("message", (task: TaskMessage) => void runTask(task, port, load));
}

/** Ends the thread with the error. Left to Deno, it would be printed, and arrive without its name and cause. */
function crash(port: ThreadPort, event: Event, error: unknown): void {
  event.preventDefault();
  port.post({ type: "crash", error: packError(error) });
  Deno.exit(1);
}
