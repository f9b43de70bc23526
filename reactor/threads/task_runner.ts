/**
 * The worker's side: does the tasks that the pool sends, one at a time.
 *
 * @module
 */

import { quote } from "../validation.ts";
import type { TaskMessage, ThreadMessage } from "./messages.ts";
import { packError } from "./sent_error.ts";

/** How a thread talks to its pool, whatever kind of thread it is. */
export interface ThreadPort {
  /**
   * Sends a message.
   *
   * @throws {DOMException} `DataCloneError` when something in it cannot be sent.
   */
  post(message: ThreadMessage): void;
  /**
   * Waits until the pool can take another call.
   *
   * @returns Whether it can; not once it has given the task up.
   */
  mayCall(): boolean;
}

/** Imports a module by its URL. */
export type LoadModule = (url: string) => Promise<Record<string, unknown>>;

type AnyFunction = (...args: unknown[]) => unknown;

/** Does a task and sends what becomes of it. */
export async function runTask(
  task: TaskMessage,
  port: ThreadPort,
  load: LoadModule,
): Promise<void> {
  const turn = { over: false };
  try {
    const f = exportOf(task, await load(task.module));
    const value: unknown = await f(...argumentsOf(task, port, turn));
    turn.over = true;
    sendResult(task, port, value);
  } catch (error) {
    turn.over = true;
    port.post({ type: "failure", error: packError(error) });
  }
}

function exportOf({ module, name }: TaskMessage, exports: Record<string, unknown>): AnyFunction {
  const f = exports[name];
  if (typeof f !== "function") {
    throw new TypeError(`${module} must export a function ${quote(name)}, has ${quote(f)}`);
  }
  return f as AnyFunction; // what the task's arguments are, is between the caller and the module
}

/** The task's arguments, with a function again where one was. */
function argumentsOf(task: TaskMessage, port: ThreadPort, turn: { over: boolean }): unknown[] {
  const args = [...task.args];
  for (const argument of task.functions) {
    args[argument] = (...sent: unknown[]): void => {
      if (turn.over) {
        throw new Error(`The task ${nameOf(task)} is over: nobody hears its functions any more`);
      }
      // Synchronous code cannot be interrupted from outside: this is where it learns of its end.
      if (!port.mayCall()) throw new Error(`The task ${nameOf(task)} was cancelled`);
      port.post({ type: "call", argument, args: sent });
    };
  }
  return args;
}

function sendResult(task: TaskMessage, port: ThreadPort, value: unknown): void {
  try {
    port.post({ type: "result", value });
  } catch (error) {
    throw new TypeError(`The result of ${nameOf(task)} cannot be sent: ${quote(value)}`, {
      cause: error,
    });
  }
}

function nameOf({ module, name }: TaskMessage): string {
  return `${quote(name)} of ${module}`;
}
