import type { Deferred } from "../defer/deferred.ts";
import type { TaskIterator, TaskState } from "./task_state.ts";

/**
 * An iterator that a cooperator works through, as `cooperate()` returns it. Twisted's
 * `twisted.internet.task.CooperativeTask`.
 *
 * A task that fails while nobody has asked `whenDone()` has its error logged, as an unhandled
 * failure of a Deferred. In Twisted it is never heard of.
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

  /** Made by `cooperate()`. */
  constructor(work: TaskState<I>) {
    this.#work = work;
  }

  /**
   * Tells when the task is over.
   *
   * @returns A new Deferred each time. It fires with the iterator when that is exhausted; it fails
   * with the error that came out of it, or of what it waited for, with a `TaskStopped` after
   * `stop()`, and with a `SchedulerStopped` after the cooperator's.
   */
  whenDone(): Deferred<I> {
    return this.#work.whenDone();
  }

  /**
   * Does no work until `resume()`. What is paused twice has to be resumed twice.
   *
   * @throws {TaskDone} When it is done.
   * @throws {TaskFailed} When it has failed.
   * @throws {TaskStopped} When it has been stopped.
   * @throws {SchedulerStopped} When its cooperator has been stopped.
   */
  pause(): void {
    this.#work.pause();
  }

  /**
   * Takes one `pause()` back. With the last one, the work goes on, unless the task is over or waits
   * for a Deferred. Twisted counts that wait as a pause, too, which `resume()` then takes back.
   *
   * @throws {NotPaused} When there is no `pause()` to take back.
   */
  resume(): void {
    this.#work.resume();
  }

  /**
   * Ends the task, and calls its iterator's `return()`, so that a generator's `finally` blocks run.
   * What it waits for is not cancelled. Twisted leaves the iterator to the garbage collector, which
   * ends a generator in Python and does not in JavaScript.
   *
   * @throws {TaskDone} When it is done.
   * @throws {TaskFailed} When it has failed.
   * @throws {TaskStopped} When it has been stopped before.
   * @throws {SchedulerStopped} When its cooperator has been stopped.
   */
  stop(): void {
    this.#work.stop();
  }

  /** Stops it unless it is over, so that `using` ends it with its block. */
  [Symbol.dispose](): void {
    if (!this.#work.isFinished) this.stop();
  }
}
