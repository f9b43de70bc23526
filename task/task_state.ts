/**
 * The state of one iterator that a cooperator runs: its waits, its pauses and its end.
 *
 * @module
 */

import { isInstance } from "../internal/foreign_value.ts";
import { Deferred } from "../defer/deferred.ts";
import { CancelledError } from "../defer/errors.ts";
import { execute } from "../defer/execute.ts";
import { fail } from "../defer/fail.ts";
import { succeed } from "../defer/succeed.ts";
import { isThenable } from "../internal/foreign_value.ts";
import { nameInReports } from "../defer/unhandled.ts";
import { err } from "../log/mod.ts";
import { quote } from "../internal/validation.ts";
import {
  NotPaused,
  type SchedulerError,
  SchedulerStopped,
  TaskDone,
  TaskFailed,
  TaskStopped,
} from "./errors.ts";

/**
 * An iterator that a cooperator runs: the object that a generator function or async generator
 * function returns, or any other iterator. Each call of `next()` is one step.
 */
export interface TaskIterator {
  /** Runs one step. */
  next(): IteratorResult<unknown, unknown> | PromiseLike<IteratorResult<unknown, unknown>>;
  /** Called if the task ends before the iterator completes, so that `finally` blocks run. */
  return?(value?: unknown): unknown;
}

/** The owner of a task, which is notified of its state. */
export interface TaskStateHost {
  /** The task can run. */
  ready(work: TaskState): void;
  /** The task cannot run at present. */
  idle(work: TaskState): void;
  /** The task has ended. */
  finished(work: TaskState): void;
}

/**
 * The end of a task: the class of errors that later operations throw, the reason as text, and the
 * task's error.
 */
interface Ending {
  readonly State: new (message: string, options?: ErrorOptions) => SchedulerError;
  readonly how: string;
  readonly error: Error | null;
}

/** The state of one task. `CooperativeTask` is its public interface. */
export class TaskState<I extends TaskIterator = TaskIterator> {
  readonly #iterator: I;
  readonly #host: TaskStateHost;
  #watchers: Deferred<I>[] = [];
  #pauses = 0;
  /** Whether a step is in progress or waits for a Deferred. */
  #isBusy = false;
  /** Whether the iterator's own code is running, so that `return()` cannot be called. */
  #isInside = false;
  #isExhausted = false;
  #ending: Ending | null = null;
  /**
   * The failed Deferred of a task for which whenDone() was not called yet. It logs the failure if
   * it stays unhandled.
   */
  #unclaimed: Deferred<I> | null = null;

  /**
   * @param iterator The iterator.
   * @param host The owner, which is notified of the task's state.
   */
  constructor(iterator: I, host: TaskStateHost) {
    if (typeof iterator?.next !== "function") {
      throw new TypeError(
        `Cannot run a cooperative task: it needs an iterator, got ${quote(iterator)}`,
      );
    }
    this.#iterator = iterator;
    this.#host = host;
  }

  /** Whether the task can run. */
  get isReady(): boolean {
    return this.#ending === null && !this.#isBusy && this.#pauses === 0;
  }

  /** Whether the task has ended. */
  get isFinished(): boolean {
    return this.#ending !== null;
  }

  whenDone(): Deferred<I> {
    const unclaimed = this.#unclaimed;
    this.#unclaimed = null;
    if (unclaimed !== null) return unclaimed;
    if (this.#ending !== null) {
      return this.#ending.error === null ? succeed(this.#iterator) : fail(this.#ending.error);
    }
    const watcher = new Deferred<I>();
    this.#watchers.push(watcher);
    return watcher;
  }

  pause(): void {
    this.#checkUnfinished("pause");
    this.#pauses++;
    this.#host.idle(this);
  }

  resume(): void {
    if (this.#pauses === 0) throw new NotPaused("Cannot resume the task: it is not paused");
    this.#pauses--;
    if (this.isReady) this.#host.ready(this);
  }

  stop(): void {
    this.#checkUnfinished("stop");
    const error = new TaskStopped("The task was stopped");
    this.#end({ State: TaskStopped, how: "has been stopped", error });
  }

  /** Ends the task because its cooperator has been stopped. */
  stopWithHost(): void {
    const error = new SchedulerStopped("The task was stopped with its Cooperator");
    this.#end({ State: SchedulerStopped, how: "was stopped with its Cooperator", error });
  }

  /** Runs one step. An error of the step ends the task, and is not thrown. */
  step(): void {
    this.#isBusy = true;
    execute(() => this.#next())
      .addCallbacks((result) => this.#take(result), (error) => this.#exhausted(error))
      .addCallbacks(() => this.#stepped(), (error) => this.#failed(error));
  }

  #next(): ReturnType<TaskIterator["next"]> {
    this.#isInside = true;
    try {
      return this.#iterator.next();
    } finally {
      this.#isInside = false;
      if (this.#ending !== null) this.#leaveIterator();
    }
  }

  /**
   * Handles the result of `next()`. @returns The Deferred or promise to wait for before the next
   * step.
   */
  #take(result: IteratorResult<unknown, unknown>): unknown {
    if (!result.done) return isThenable(result.value) ? result.value : undefined;
    this.#isExhausted = true;
    if (this.#ending === null) this.#end({ State: TaskDone, how: "has completed", error: null });
    return undefined;
  }

  #exhausted(error: Error): never {
    this.#isExhausted = true;
    throw error;
  }

  #stepped(): void {
    this.#isBusy = false;
    if (this.isReady) this.#host.ready(this);
  }

  #failed(error: Error): void {
    if (this.#ending === null) {
      this.#end({ State: TaskFailed, how: "has failed", error });
      return;
    }
    // Code that stops a task often also cancels the Deferred that the task waits for, so a
    // CancelledError is expected and not logged.
    if (!isInstance(error, CancelledError)) {
      err(error, "A cooperative task failed after it had been stopped");
    }
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    this.#host.finished(this);
    this.#leaveIterator();
    const watchers = this.#watchers;
    this.#watchers = [];
    const { error } = ending;
    if (error !== null && ending.State === TaskFailed && watchers.length === 0) {
      this.#unclaimed = nameInReports(fail<I>(error), "a cooperative task failed");
    }
    for (const watcher of watchers) {
      if (error === null) watcher.callback(this.#iterator);
      else watcher.errback(error);
    }
  }

  #leaveIterator(): void {
    if (this.#isInside || this.#isExhausted) return;
    execute(() => this.#iterator.return?.()).addErrback((error) => {
      err(error, "Error while calling return() of a task's iterator");
    });
  }

  #checkUnfinished(action: string): void {
    const ending = this.#ending;
    if (ending === null) return;
    throw new ending.State(`Cannot ${action} the task: it ${ending.how}`, { cause: ending.error });
  }
}
