/**
 * One iterator that a cooperator works through: what it waits for, and how it ended.
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
 * What a cooperator works through: the object that a generator function or an async generator
 * function returns, or any other iterator. Each `next()` is one piece of work.
 */
export interface TaskIterator {
  /** Does a piece of work. */
  next(): IteratorResult<unknown, unknown> | PromiseLike<IteratorResult<unknown, unknown>>;
  /** Called when the task ends before the iterator does, so that its `finally` blocks run. */
  return?(value?: unknown): unknown;
}

/** Whom the work tells about itself. */
export interface TaskStateHost {
  /** It can be gone on with. */
  ready(work: TaskState): void;
  /** It cannot, for now. */
  idle(work: TaskState): void;
  /** It is over. */
  finished(work: TaskState): void;
}

/** How work ended: the error of what is asked of it afterwards, and the one that made it end. */
interface Ending {
  readonly State: new (message: string, options?: ErrorOptions) => SchedulerError;
  readonly how: string;
  readonly error: Error | null;
}

/** The state of one task. Its `CooperativeTask` shows the part that is for the public. */
export class TaskState<I extends TaskIterator = TaskIterator> {
  readonly #iterator: I;
  readonly #host: TaskStateHost;
  #watchers: Deferred<I>[] = [];
  #pauses = 0;
  /** From the beginning of a step until all that it waits for is there. */
  #isBusy = false;
  /** While the iterator's own code runs, where it cannot be left. */
  #isInside = false;
  #isExhausted = false;
  #ending: Ending | null = null;
  /** A failure of which nobody has asked to be told. Its Deferred has it logged in the end. */
  #unclaimed: Deferred<I> | null = null;

  /**
   * @param iterator What to work through.
   * @param host Whom to tell.
   */
  constructor(iterator: I, host: TaskStateHost) {
    if (typeof iterator?.next !== "function") {
      throw new TypeError(`A cooperative task needs an iterator, got ${quote(iterator)}`);
    }
    this.#iterator = iterator;
    this.#host = host;
  }

  /** Whether it can be gone on with. */
  get isReady(): boolean {
    return this.#ending === null && !this.#isBusy && this.#pauses === 0;
  }

  /** Whether it is over. */
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
    if (this.#pauses === 0) throw new NotPaused("Cannot resume a task that is not paused");
    this.#pauses--;
    if (this.isReady) this.#host.ready(this);
  }

  stop(): void {
    this.#checkUnfinished("stop");
    const error = new TaskStopped("The task was stopped");
    this.#end({ State: TaskStopped, how: "has been stopped", error });
  }

  /** Ends it because its cooperator has been stopped. */
  stopWithHost(): void {
    const error = new SchedulerStopped("The task was stopped with its Cooperator");
    this.#end({ State: SchedulerStopped, how: "was stopped with its Cooperator", error });
  }

  /** Does one piece of work. An error ends the task, and does not come out of here. */
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

  /** @returns What is to be waited for before the next step. */
  #take(result: IteratorResult<unknown, unknown>): unknown {
    if (!result.done) return isThenable(result.value) ? result.value : undefined;
    this.#isExhausted = true;
    if (this.#ending === null) this.#end({ State: TaskDone, how: "is done", error: null });
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
    // Whoever stops a task may well cancel what it waits for.
    if (!isInstance(error, CancelledError)) err(error, "A task failed after it had been stopped");
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
      err(error, "While a task's iterator was being ended");
    });
  }

  #checkUnfinished(action: string): void {
    const ending = this.#ending;
    if (ending === null) return;
    throw new ending.State(`Cannot ${action} a task that ${ending.how}`, { cause: ending.error });
  }
}
