/**
 * Stand-ins for the threads of a simulated host: they run in the same thread, and at once.
 *
 * @module
 */

import { Cancellation } from "../../reactor/threads/cancellation.ts";
import type { TaskMessage } from "../../reactor/threads/messages.ts";
import { TaskRunner } from "../../reactor/threads/task_runner.ts";
import type {
  StartThread,
  ThreadEvents,
  WorkerThread,
} from "../../reactor/threads/worker_thread.ts";
import { quote } from "../../internal/validation.ts";
import type { Process } from "./process.ts";

/** The modules of the tasks, by their URLs. */
export type TaskModules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Returns a function that starts the threads of a pool.
 *
 * @param process The process of the pool.
 * @param modules The modules of the tasks, which are imported already: a simulation cannot wait for
 *   an import.
 */
export function startSimulatedThread(process: Process, modules: TaskModules): StartThread {
  return (events) => new SimulatedThread(process, events, modules);
}

class SimulatedThread implements WorkerThread {
  readonly #runner: TaskRunner;
  readonly #process: Process;
  readonly #events: ThreadEvents;
  #isOver = false;

  constructor(process: Process, events: ThreadEvents, modules: TaskModules) {
    this.#process = process;
    this.#events = events;
    const port = {
      post: (message: Parameters<ThreadEvents["message"]>[0]) => {
        const copy = structuredClone(message);
        if (!this.#isOver) process.run(() => events.message(copy));
      },
      mayCall: () => true,
      cancellation: new Cancellation(),
    };
    this.#runner = new TaskRunner(port, (url) => load(modules, url));
  }

  post(task: TaskMessage): void {
    void this.#runner.receive({ type: "task", task: structuredClone(task) });
  }

  cancel(): boolean {
    return false;
  }

  terminate(): void {
    this.#isOver = true;
    const error = new Error("The thread was terminated");
    queueMicrotask(() => this.#process.run(() => this.#events.ended(error)));
  }

  abandon(): void {
    this.#isOver = true;
  }

  /** Does nothing: a simulated thread does not keep the process alive. */
  ref(): void {}

  unref(): void {}
}

function load(modules: TaskModules, url: string): Promise<Record<string, unknown>> {
  const module = modules[url];
  if (module !== undefined) return Promise.resolve({ ...module });
  const known = Object.keys(modules).map(quote).join(", ") || "none";
  return Promise.reject(
    new Error(`The simulation has no module ${quote(url)}: its taskModules are ${known}`),
  );
}
