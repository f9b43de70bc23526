/**
 * One task on its way through the pool.
 *
 * @module
 */

import { err } from "../../log/mod.ts";
import type { IThreadCall, ThreadResult, WorkerTask } from "../interfaces/mod.ts";
import { callLogged } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";
import type { TaskMessage } from "./messages.ts";
import { absoluteURL } from "./worker_task.ts";

type AnyFunction = (...args: never[]) => unknown;

/** A task with its arguments and the callback for its outcome. */
export class ThreadCall implements IThreadCall {
  /** The task's name, with its module. */
  readonly name: string;
  /**
   * The message for the thread. Null once it was sent, so that a long task does not hold a second
   * copy of its arguments.
   */
  #message: TaskMessage | null;
  readonly #functions = new Map<number, AnyFunction>();
  // The callback is stored without its type, because messages between threads carry no types. The
  // task's type guarantees that its result fits the callback.
  readonly #onResult: ThreadResult<never> | null;
  /** Removes the call from the pool. */
  #drop: () => void = () => {};
  #over = false;

  /**
   * Creates a call that has not started.
   *
   * @param onResult Called with the outcome; null if only an error is logged.
   * @param task The exported function to call.
   * @param args Arguments of the task.
   * @throws {TypeError} If the task does not name a module and an export.
   */
  constructor(onResult: ThreadResult<never> | null, task: WorkerTask, args: readonly unknown[]) {
    if (typeof task.export !== "string") {
      throw new TypeError(
        `Cannot call a task in a thread: its export must be a string, got ${quote(task.export)}`,
      );
    }
    this.#onResult = onResult;
    const sent = [...args];
    sent.forEach((arg, index) => {
      if (typeof arg !== "function") return;
      // The cast is safe: the function is called only with arguments that the task passes to it.
      this.#functions.set(index, arg as AnyFunction);
      sent[index] = undefined;
    });
    const module = absoluteURL(task.module);
    this.name = `${quote(task.export)} of ${module}`;
    const functions = [...this.#functions.keys()];
    this.#message = { module, name: task.export, args: sent, functions };
  }

  /**
   * Copies the arguments now, because the call must wait for a thread.
   *
   * @throws {DOMException} `DataCloneError` if an argument cannot be cloned.
   */
  copyArguments(): void {
    if (this.#message !== null) this.#message = structuredClone(this.#message);
  }

  /**
   * Sends the task with the given function, and releases the arguments.
   *
   * @throws The error of `post`.
   */
  send(post: (message: TaskMessage) => void): void {
    if (this.#message !== null) post(this.#message);
    this.#message = null;
  }

  /** Sets the function that removes the call from its current place in the pool. */
  onDrop(drop: () => void): void {
    this.#drop = drop;
  }

  cancel(): void {
    if (this.#over) return;
    this.#leave();
    this.#drop();
  }

  /** Calls the function that is the argument at the given index, because the task has called it. */
  called(argument: number, args: readonly unknown[]): void {
    const f = this.#functions.get(argument);
    if (f !== undefined) {
      callLogged(f, args, `Error while calling a function argument of the task ${this.name}`);
    }
  }

  /** Delivers the result of the task. */
  succeeded(value: unknown): void {
    this.#end(true, value);
  }

  /** Delivers the error of a task that failed or will not run. */
  failed(error: Error): void {
    this.#end(false, error);
  }

  /** Whether the call has no callback, so that its outcome is only logged. */
  get hasNoCallback(): boolean {
    return this.#onResult === null;
  }

  /** Drops the call without an outcome and without a log line. */
  abandon(): void {
    this.#leave();
  }

  #end(success: boolean, outcome: unknown): void {
    if (this.#over) return;
    this.#leave();
    if (this.#onResult !== null) {
      callLogged(
        this.#onResult,
        [success, outcome],
        `Error while calling onResult of the task ${this.name}`,
      );
    } else if (!success) {
      // The cast is safe: the outcome of a failed task is the Error that failed() received.
      err(outcome as Error, `The task ${this.name} failed`);
    }
  }

  #leave(): void {
    this.#over = true;
    this.#message = null;
    this.#functions.clear();
  }
}
