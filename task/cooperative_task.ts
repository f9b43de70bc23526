import type { Deferred } from "../defer/deferred.ts";
import type { TaskIterator, TaskState } from "./task_state.ts";

/**
 * An iterator that a cooperator runs step by step, as returned by `cooperate()`. Twisted's
 * `twisted.internet.task.CooperativeTask`.
 *
 * If a task fails before `whenDone()` was called, its error is logged as the unhandled failure of a
 * Deferred. Twisted does not report it.
 *
 * @example
 * ```ts
 * import { cooperate } from "@torsion/reactor/task";
 *
 * function* count(): Generator<void> {
 *   for (let n = 0; n < 1_000_000; n++) yield;
 * }
 *
 * const task = cooperate(count());
 * task.pause();
 * task.resume();
 * task.whenDone().addCallback(() => console.log("counted"));
 * ```
 */
export class CooperativeTask<I extends TaskIterator = TaskIterator> implements Disposable {
  readonly #work: TaskState<I>;

  /** Called by `cooperate()`. */
  constructor(work: TaskState<I>) {
    this.#work = work;
  }

  /**
   * Waits for the end of the task.
   *
   * @returns A new Deferred for each call. It fires with the iterator when that completes. It fails
   * with the error of the iterator, or of a Deferred that it yielded; with a `TaskStopped` after
   * `stop()`; and with a `SchedulerStopped` after the cooperator was stopped.
   */
  whenDone(): Deferred<I> {
    return this.#work.whenDone();
  }

  /**
   * Pauses the task until `resume()`. A task that was paused twice must be resumed twice.
   *
   * @throws {TaskDone} If the task has completed.
   * @throws {TaskFailed} If the task has failed.
   * @throws {TaskStopped} If the task has been stopped.
   * @throws {SchedulerStopped} If the task's cooperator has been stopped.
   */
  pause(): void {
    this.#work.pause();
  }

  /**
   * Undoes one `pause()`. When every `pause()` has been undone, the task continues, unless it has
   * ended or waits for a Deferred. Twisted counts that wait as a pause, which `resume()` would
   * undo.
   *
   * @throws {NotPaused} If the task is not paused.
   */
  resume(): void {
    this.#work.resume();
  }

  /**
   * Stops the task, and calls its iterator's `return()`, so that a generator's `finally` blocks
   * run.
   *
   * A Deferred that the task waits for is not cancelled. Twisted leaves the iterator to the garbage
   * collector, which closes a generator in Python but not in JavaScript.
   *
   * @throws {TaskDone} If the task has completed.
   * @throws {TaskFailed} If the task has failed.
   * @throws {TaskStopped} If the task has been stopped before.
   * @throws {SchedulerStopped} If the task's cooperator has been stopped.
   */
  stop(): void {
    this.#work.stop();
  }

  /** Stops the task, unless it has ended, at the end of a `using` block. */
  [Symbol.dispose](): void {
    if (!this.#work.isFinished) this.stop();
  }
}
