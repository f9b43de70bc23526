/**
 * What the reactor's thread and a worker thread say to each other. A thread does one task at a
 * time, so nothing needs a number.
 *
 * @module
 */

import type { SerializedError } from "./serialized_error.ts";

/** A task on its way to a thread. */
export interface TaskMessage {
  /** The absolute URL of the module. */
  readonly module: string;
  /** The name of the exported function. */
  readonly name: string;
  /** Its arguments. Where a function was, there is a hole. */
  readonly args: readonly unknown[];
  /** Which of the arguments are functions. */
  readonly functions: readonly number[];
}

/** To the thread. */
export type PoolMessage =
  /** Begin a task. */
  | { readonly type: "task"; readonly task: TaskMessage }
  /** The task was cancelled: abort its signal. */
  | { readonly type: "cancel" };

/** From the thread: the outcome of the task, or an event while it ran. */
export type ThreadMessage =
  /** The task is done. */
  | { readonly type: "result"; readonly value: unknown }
  /** The task failed. */
  | { readonly type: "failure"; readonly error: SerializedError }
  /** The module of the task could not be imported. */
  | { readonly type: "unloadable"; readonly error: SerializedError }
  /** The task called a function that was among its arguments. */
  | { readonly type: "call"; readonly argument: number; readonly args: readonly unknown[] }
  /** An error that nothing caught ends the thread. */
  | { readonly type: "crash"; readonly error: SerializedError }
  /** The JavaScript heap has reached its limit, and with it the task has ended: the thread ends. */
  | { readonly type: "outOfMemory" };
