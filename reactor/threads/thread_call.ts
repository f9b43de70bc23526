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

/** A task with its arguments, and whom its outcome is for. */
export class ThreadCall implements IThreadCall {
  /** The task's name, with its module. */
  readonly name: string;
  /**
   * What the thread is to get; null once it has got it, so that a long task does not hold its
   * arguments twice.
   */
  #message: TaskMessage | null;
  readonly #functions = new Map<number, AnyFunction>();
  // What it gives is between the task and the caller, as the task's type has it.
  readonly #onResult: ThreadResult<never> | null;
  /** Takes it out of the pool. */
  #drop: () => void = () => {};
  #over = false;

  /**
   * Makes one that waits.
   *
   * @param onResult Whom the outcome is for; null when only an error matters, to the log.
   * @throws {TypeError} when the task names no module or no export.
   */
  constructor(onResult: ThreadResult<never> | null, task: WorkerTask, args: readonly unknown[]) {
    if (typeof task.export !== "string") {
      throw new TypeError(`A task's export must be a name, got ${quote(task.export)}`);
    }
    this.#onResult = onResult;
    const sent = [...args];
    sent.forEach((arg, index) => {
      if (typeof arg !== "function") return;
      this.#functions.set(index, arg as AnyFunction); // only ever called with what the task gave it
      sent[index] = undefined;
    });
    const module = absoluteURL(task.module);
    this.name = `${quote(task.export)} of ${module}`;
    const functions = [...this.#functions.keys()];
    this.#message = { module, name: task.export, args: sent, functions };
  }

  /**
   * Keeps the arguments as they are now, while the call waits for a thread.
   *
   * @throws {DOMException} `DataCloneError` when one of them cannot be sent.
   */
  copyArguments(): void {
    if (this.#message !== null) this.#message = structuredClone(this.#message);
  }

  /**
   * Has the task sent to a thread, and forgets it.
   *
   * @throws What `post` throws.
   */
  send(post: (message: TaskMessage) => void): void {
    if (this.#message !== null) post(this.#message);
    this.#message = null;
  }

  /** Notes how to take the call out of where it is now. */
  droppedBy(drop: () => void): void {
    this.#drop = drop;
  }

  cancel(): void {
    if (this.#over) return;
    this.#leave();
    this.#drop();
  }

  /** The task called the function that is its argument of that number. */
  called(argument: number, args: readonly unknown[]): void {
    const f = this.#functions.get(argument);
    if (f !== undefined) callLogged(f, args, `While calling a function for ${this.name}`);
  }

  /** The task is done. */
  succeeded(value: unknown): void {
    this.#end(true, value);
  }

  /** The task failed, or will not be done. */
  failed(error: Error): void {
    this.#end(false, error);
  }

  /** Whether its outcome is for nobody but the log. */
  get isUnheard(): boolean {
    return this.#onResult === null;
  }

  /** Drops the call without an outcome. The log is left to the caller. */
  abandon(): void {
    this.#leave();
  }

  #end(success: boolean, outcome: unknown): void {
    if (this.#over) return;
    this.#leave();
    if (this.#onResult !== null) {
      callLogged(this.#onResult, [success, outcome], `While giving the outcome of ${this.name}`);
    } else if (!success) {
      err(outcome as Error, `The task ${this.name} failed`); // what failed() was given
    }
  }

  #leave(): void {
    this.#over = true;
    this.#message = null;
    this.#functions.clear();
  }
}
