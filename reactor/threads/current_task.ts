/**
 * What a task knows of itself.
 *
 * @module
 */

import { CancelledError } from "../../defer/errors.ts";
import type { Cancellation } from "./cancellation.ts";

/** A task, as its own code sees it; see {@linkcode currentTask}. */
export interface ThreadTask {
  /**
   * Whether the task was cancelled. Read from shared memory, so that it is up to date in a loop
   * that never awaits. Once the task has settled, the value no longer changes.
   */
  readonly cancelled: boolean;
  /**
   * Aborts when the task is cancelled, with a `CancelledError` as its reason. For tasks that await:
   * the event arrives while the task awaits something, never in the middle of a computation.
   */
  readonly signal: AbortSignal;
  /**
   * Throws once the task was cancelled. For tasks that compute: called in the loop, it costs some
   * nanoseconds.
   *
   * @throws {CancelledError} when the task was cancelled.
   */
  throwIfCancelled(): void;
}

/** A task that is run by a thread of a pool. */
export class RunningTask implements ThreadTask {
  readonly #name: string;
  /** Null once the task has settled: the memory then belongs to the next one. */
  #cancellation: Cancellation | null;
  #watched = false;
  #cancelled = false;
  #controller: AbortController | null = null;

  /**
   * @param name The task's name, for its errors.
   * @param cancellation Where the pool cancels it.
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

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.cancelled) this.abort();
    return this.#controller.signal;
  }

  throwIfCancelled(): void {
    if (this.cancelled) throw this.#error();
  }

  /** Aborts the signal, if the task has asked for one. */
  abort(): void {
    if (this.#controller?.signal.aborted === false) this.#controller.abort(this.#error());
  }

  /** Ends the task's view of its cancellation. Called when the task has settled. */
  settle(): void {
    if (this.#cancellation !== null) this.#cancelled = this.#cancellation.cancelled;
    this.#cancellation = null;
  }

  #error(): CancelledError {
    return new CancelledError(`The task ${this.#name} was cancelled`);
  }
}

/** The task of code that no pool runs. */
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
 * Returns the task that this thread runs, so that its code can see that it was cancelled.
 *
 * Deno cannot interrupt running JavaScript: a task that computes without end keeps its thread,
 * whatever its caller does. A task that has called `throwIfCancelled()`, or read `cancelled` or
 * `signal`, is left to return by itself when it is cancelled (for `endTimeout` seconds), so that it
 * can clean up, and its thread goes on to the next task. Of any other task, the thread is ended.
 *
 * Outside of a thread of a pool, such as in a test that calls the function directly, it is a task
 * that is never cancelled.
 *
 * @returns The task. Code that runs beyond the end of its task should keep the one that it got
 *   while it ran.
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
 * Sets what {@linkcode currentTask} returns.
 *
 * @param task The task that begins; null when it has settled.
 */
export function setCurrentTask(task: ThreadTask | null): void {
  current = task ?? NO_TASK;
}
