/**
 * Messages between the reactor's thread and a worker thread. A thread runs one task at a time, so
 * messages need no task number.
 *
 * @module
 */

import type { SerializedError } from "./serialized_error.ts";

/** A task, as it is sent to a thread. */
export interface TaskMessage {
  /** The absolute URL of the module. */
  readonly module: string;
  /** The name of the exported function. */
  readonly name: string;
  /** The arguments, with `undefined` in place of each function. */
  readonly args: readonly unknown[];
  /** The indices of the arguments that are functions. */
  readonly functions: readonly number[];
}

/** A message to a thread. */
export type PoolMessage =
  /** Starts a task. */
  | { readonly type: "task"; readonly task: TaskMessage }
  /** Aborts the signal of the running task, because the task was cancelled. */
  | { readonly type: "cancel" };

/** A message from a thread: the outcome of its task, or an event while the task runs. */
export type ThreadMessage =
  /** The task returned a result. */
  | { readonly type: "result"; readonly value: unknown }
  /** The task failed. */
  | { readonly type: "failure"; readonly error: SerializedError }
  /** The module of the task could not be imported. */
  | { readonly type: "unloadable"; readonly error: SerializedError }
  /** The task called one of the functions among its arguments. */
  | { readonly type: "call"; readonly argument: number; readonly args: readonly unknown[] }
  /** An uncaught error terminates the thread. */
  | { readonly type: "crash"; readonly error: SerializedError }
  /** The JavaScript heap reached its limit, which terminates the task and the thread. */
  | { readonly type: "outOfMemory" };

const TYPES: ReadonlySet<unknown> = new Set<ThreadMessage["type"]>([
  "result",
  "failure",
  "unloadable",
  "call",
  "crash",
  "outOfMemory",
]);

/**
 * Returns whether a value is a message that the pool can read. A task may have damaged the built-in
 * objects of its thread, which then sends other values.
 *
 * Errors are not checked: `deserializeError` accepts any value.
 */
export function isThreadMessage(value: unknown): value is ThreadMessage {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return TYPES.has(value.type) &&
    (value.type !== "call" || "args" in value && Array.isArray(value.args));
}
