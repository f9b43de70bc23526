/**
 * Runs the tasks that a pool sends to a worker thread, one at a time.
 *
 * @module
 */

import { messageOf } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";
import type { Cancellation } from "./cancellation.ts";
import { RunningTask, setCurrentTask } from "./current_task.ts";
import type { PoolMessage, TaskMessage, ThreadMessage } from "./messages.ts";
import { serializeError } from "./serialized_error.ts";

/** The connection of a thread to its pool. */
export interface ThreadPort {
  /**
   * Sends a message to the pool.
   *
   * @throws {DOMException} `DataCloneError` if a value in the message cannot be cloned.
   */
  post(message: ThreadMessage): void;
  /**
   * Waits until the pool can take another call.
   *
   * @returns `true` if the call may be sent, `false` if the task was cancelled.
   */
  mayCall(): boolean;
  /** The flags through which the pool cancels the task. */
  readonly cancellation: Cancellation;
}

/** Imports a module by its URL. */
export type LoadModule = (url: string) => Promise<Record<string, unknown>>;

type AnyFunction = (...args: unknown[]) => unknown;
type Outcome = ThreadMessage & { type: "result" | "failure" | "unloadable" };

/** Runs the tasks of one thread. */
export class TaskRunner {
  readonly #port: ThreadPort;
  readonly #load: LoadModule;
  #task: RunningTask | null = null;

  /**
   * Creates the runner of a thread.
   *
   * @param port The connection to the pool.
   * @param load Imports the modules of the tasks.
   */
  constructor(port: ThreadPort, load: LoadModule) {
    this.#port = port;
    this.#load = load;
  }

  /**
   * Handles a message from the pool.
   *
   * @returns A promise that resolves once the message was handled; for a task, once its outcome was
   *   sent. It never rejects.
   */
  async receive(message: PoolMessage): Promise<void> {
    if (message.type === "cancel") this.#task?.abort();
    else this.#send(message.task, await this.#outcome(message.task));
  }

  async #outcome(message: TaskMessage): Promise<Outcome> {
    let exports: Record<string, unknown>;
    try {
      exports = await this.#load(message.module);
    } catch (error) {
      return { type: "unloadable", error: serializeError(error) };
    }
    const task = new RunningTask(nameOf(message), this.#port.cancellation);
    this.#task = task;
    setCurrentTask(task);
    try {
      const f = exportOf(message, exports);
      const value: unknown = await f(...this.#argumentsOf(message, task));
      return { type: "result", value };
    } catch (error) {
      return { type: "failure", error: serializeError(error) };
    } finally {
      this.#task = null;
      task.settle();
      setCurrentTask(null);
    }
  }

  #send(message: TaskMessage, outcome: Outcome): void {
    try {
      this.#port.post(outcome);
    } catch (error) {
      const reason = messageOf(error);
      const text = outcome.type === "result"
        ? `Cannot send the result of the task ${nameOf(message)}, ${
          quote(outcome.value)
        }: ${reason}`
        : `Cannot send the error of the task ${nameOf(message)}: ${reason}`;
      this.#port.post({
        type: "failure",
        error: serializeError(new TypeError(text, { cause: error })),
      });
    }
  }

  /** Returns the arguments of the task. Each function is replaced by one that sends a message. */
  #argumentsOf(message: TaskMessage, task: RunningTask): unknown[] {
    const args = [...message.args];
    for (const argument of message.functions) {
      args[argument] = (...sent: unknown[]): void => {
        if (task.settled) {
          throw new Error(
            `Cannot call a function argument: the task ${nameOf(message)} has settled`,
          );
        }
        // Synchronous code cannot be interrupted from outside. A cancelled task therefore gets its
        // CancelledError when it makes its next call to the reactor's thread.
        if (!this.#port.mayCall()) throw task.error();
        this.#port.post({ type: "call", argument, args: sent });
      };
    }
    return args;
  }
}

function exportOf({ module, name }: TaskMessage, exports: Record<string, unknown>): AnyFunction {
  const f = exports[name];
  if (typeof f !== "function") {
    throw new TypeError(`${module} must export a function ${quote(name)}, got ${quote(f)}`);
  }
  // The cast is safe: the task's type has checked the arguments against the function.
  return f as AnyFunction;
}

function nameOf({ module, name }: TaskMessage): string {
  return `${quote(name)} of ${module}`;
}
