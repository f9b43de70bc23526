import { asError } from "../defer/guarded_call.ts";
import type {
  IThreadCall,
  IThreadPool,
  ThreadPoolLimits,
  ThreadResult,
  WorkerTask,
} from "../reactor/interfaces/mod.ts";
import { logUserError } from "../defer/guarded_call.ts";

/** A task that was passed to a {@linkcode FakeThreadPool}, and that the test completes. */
export class FakeThreadCall implements IThreadCall {
  /** The task that was passed in. */
  readonly task: WorkerTask;
  /** The arguments that were passed in. */
  readonly args: readonly unknown[];
  readonly #onResult: ThreadResult<never> | null;
  #isCancelled = false;
  #isDone = false;

  /**
   * Creates a pending call.
   *
   * @param task The task.
   * @param args The arguments.
   * @param onResult Called with the outcome, or `null`.
   */
  constructor(task: WorkerTask, args: readonly unknown[], onResult: ThreadResult<never> | null) {
    this.task = task;
    this.args = args;
    this.#onResult = onResult;
  }

  /** Whether the task was cancelled before it was completed. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Whether the task is neither completed nor cancelled. */
  get isPending(): boolean {
    return !this.#isDone;
  }

  cancel(): void {
    if (this.#isDone) return;
    this.#isCancelled = this.#isDone = true;
  }

  /**
   * Completes the task. Does nothing if it was cancelled.
   *
   * @param result The result of the task.
   * @throws {Error} If the task has been completed. Also the error of the callback.
   */
  succeed(result?: unknown): void {
    // The cast has no effect on the value: the test is responsible for the type of the result.
    if (this.#complete()) this.#onResult?.(true, result as never);
  }

  /**
   * Fails the task. Does nothing if it was cancelled. Without a callback, the error is logged.
   *
   * @param error The error of the task.
   * @throws {Error} If the task has been completed. Also the error of the callback.
   */
  fail(error: unknown): void {
    if (!this.#complete()) return;
    if (this.#onResult === null) logUserError(error, `Error in the task ${this.task.export}`);
    else this.#onResult(false, asError(error));
  }

  #complete(): boolean {
    if (this.#isCancelled) return false;
    if (this.#isDone) {
      throw new Error(`Cannot complete the task ${this.task.export}: it has been completed`);
    }
    this.#isDone = true;
    return true;
  }
}

/**
 * A thread pool without threads: it records the tasks, and the test completes them.
 *
 * @example
 * ```ts
 * import { deferToThread } from "@torsion/reactor/reactor";
 * import { MemoryReactor } from "@torsion/reactor/testing";
 *
 * const reactor = new MemoryReactor();
 * const task = { module: "node:path", export: "basename" };
 * deferToThread(reactor, task, "/tmp/report.txt").addCallback(console.log); // report.txt
 *
 * const [call] = reactor.threadPool.calls;
 * console.log(call?.args); // [ "/tmp/report.txt" ]
 * call?.succeed("report.txt");
 * ```
 */
export class FakeThreadPool implements IThreadPool {
  /** The tasks that were passed in, in order. */
  readonly calls: FakeThreadCall[] = [];
  readonly #isStarted: () => boolean;
  #limits: ThreadPoolLimits = {};

  /**
   * Creates a pool.
   *
   * @param isStarted Returns whether the pool's reactor runs.
   */
  constructor(isStarted: () => boolean = () => true) {
    this.#isStarted = isStarted;
  }

  /** The limits that `adjustPoolsize()` has set. They have no effect. */
  get limits(): ThreadPoolLimits {
    return this.#limits;
  }

  get min(): number {
    return this.#limits.min ?? 0;
  }

  get max(): number {
    return this.#limits.max ?? 10;
  }

  get started(): boolean {
    return this.#isStarted();
  }

  /** Records a task. */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void {
    this.#record(null, task, args);
  }

  /** Records a task with its callback. */
  callInThreadWithCallback<A extends unknown[], R>(
    onResult: ThreadResult<R> | null,
    task: WorkerTask<A, R>,
    ...args: NoInfer<A>
  ): IThreadCall {
    return this.#record(onResult, task, args);
  }

  /** Stores the limits. */
  adjustPoolsize(limits: ThreadPoolLimits): void {
    this.#limits = { ...this.#limits, ...limits };
  }

  #record(
    onResult: ThreadResult<never> | null,
    { module, export: name }: WorkerTask<never[], unknown>,
    args: readonly unknown[],
  ): FakeThreadCall {
    const call = new FakeThreadCall({ module, export: name }, args, onResult);
    this.calls.push(call);
    return call;
  }
}
