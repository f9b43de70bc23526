/**
 * The running task, from the point of view of its own code.
 *
 * @module
 */

import { CancelledError } from "../../defer/errors.ts";
import type { Cancellation } from "./cancellation.ts";

/** The task that a thread is running; see {@linkcode currentTask}. */
export interface ThreadTask {
  /**
   * Whether the task was cancelled. The value comes from shared memory, so it is up to date even in
   * a loop that never awaits. It no longer changes once the task has settled.
   */
  readonly cancelled: boolean;
  /**
   * A signal that aborts when the task is cancelled, with a `CancelledError` as its reason. It
   * suits tasks that await: the abort event arrives during an await, never in the middle of a
   * computation.
   */
  readonly signal: AbortSignal;
  /**
   * Throws if the task was cancelled. It suits tasks that compute: a call in a loop costs a few
   * nanoseconds.
   *
   * @throws {CancelledError} If the task was cancelled.
   */
  throwIfCancelled(): void;
}

/** A task that runs in a thread of a pool. */
export class RunningTask implements ThreadTask {
  readonly #name: string;
  /**
   * The cancellation flags; null after the task has settled, because the next task then uses the
   * shared memory.
   */
  #cancellation: Cancellation | null;
  #watched = false;
  #cancelled = false;
  #controller: AbortController | null = null;

  /**
   * Creates the task's view of itself.
   *
   * @param name Name of the task, for error messages.
   * @param cancellation The flags through which the pool cancels the task.
   */
  constructor(name: string, cancellation: Cancellation) {
    this.#name = name;
    this.#cancellation = cancellation;
  }

  get cancelled(): boolean {
    if (this.#cancellation === null || this.#cancelled) return this.#cancelled;
    if (!this.#watched) {
      this.#watched = true;
      this.#cancellation.watch();
    }
    this.#cancelled = this.#cancellation.cancelled;
    return this.#cancelled;
  }

  /** Whether the task has settled. */
  get settled(): boolean {
    return this.#cancellation === null;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.cancelled) this.abort();
    return this.#controller.signal;
  }

  throwIfCancelled(): void {
    if (this.cancelled) throw this.error();
  }

  /** Aborts the signal, if the task has read `signal`. */
  abort(): void {
    if (this.#controller?.signal.aborted === false) this.#controller.abort(this.error());
  }

  /** Freezes the cancellation state. Called when the task has settled. */
  settle(): void {
    if (this.#cancellation !== null) this.#cancelled = this.#cancellation.cancelled;
    this.#cancellation = null;
  }

  /** Creates the error with which the cancelled task ends. */
  error(): CancelledError {
    return new CancelledError(`The task ${this.#name} was cancelled`);
  }
}

/** The task that is current outside of a pool's threads. It is never cancelled. */
class NoTask implements ThreadTask {
  #controller: AbortController | null = null;
  readonly cancelled = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  throwIfCancelled(): void {}
}

const NO_TASK: ThreadTask = new NoTask();
let current: ThreadTask = NO_TASK;

/**
 * Returns the task that the current thread is running, so that its code can check for cancellation.
 *
 * Deno cannot interrupt running JavaScript, so a cancelled task that computes without end keeps its
 * thread. A task that has called `throwIfCancelled()`, or read `cancelled` or `signal`, gets
 * `endTimeout` seconds after its cancellation to clean up and return, and its thread takes the next
 * task. The thread of any other cancelled task is terminated.
 *
 * Outside of a pool's thread, for example in a test that calls the function directly, the result is
 * a task that is never cancelled.
 *
 * @returns The current task. Code that may outlive its task should keep the value from the time
 *   when the task ran.
 *
 * @example A task that computes
 * ```ts
 * import { currentTask } from "@torsion/reactor/reactor";
 *
 * export function countPrimes(below: number): number {
 *   const task = currentTask();
 *   let primes = 0;
 *   for (let n = 2; n < below; n++) {
 *     task.throwIfCancelled();
 *     let divisor = 2;
 *     while (divisor * divisor <= n && n % divisor !== 0) divisor++;
 *     if (divisor * divisor > n) primes++;
 *   }
 *   return primes;
 * }
 * ```
 *
 * @example A task that awaits
 * ```ts
 * import { currentTask } from "@torsion/reactor/reactor";
 *
 * export async function download(url: string): Promise<number> {
 *   const response = await fetch(url, { signal: currentTask().signal });
 *   return (await response.arrayBuffer()).byteLength;
 * }
 * ```
 */
export function currentTask(): ThreadTask {
  return current;
}

/**
 * Sets the value that {@linkcode currentTask} returns.
 *
 * @param task The task that starts, or null when the previous task has settled.
 */
export function setCurrentTask(task: ThreadTask | null): void {
  current = task ?? NO_TASK;
}
