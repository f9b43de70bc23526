/**
 * The pool of threads.
 *
 * @module
 */

import { checkFunction } from "../../internal/validation.ts";
import { err, msg, warn } from "../../log/mod.ts";
import type {
  IReactorTime,
  IThreadCall,
  IThreadPool,
  ThreadPoolLimits,
  ThreadResult,
  WorkerTask,
} from "../interfaces/mod.ts";
import { asError } from "../../defer/guarded_call.ts";
import { EndingThreads } from "./ending_threads.ts";
import { ThreadPoolFull, ThreadPoolStopped, ThreadPoolStuck } from "./errors.ts";
import { changeLimits, DEFAULT_LIMITS } from "./pool_limits.ts";
import { PoolWorker, type WorkerOwner } from "./pool_worker.ts";
import { ThreadCall } from "./thread_call.ts";
import type { StartThread } from "./worker_thread.ts";

/** Options of a thread pool: its limits and dependencies. */
export interface ThreadPoolOptions extends ThreadPoolLimits {
  /** Starts one thread of the pool. Deno programs pass `startDenoThread`. */
  startThread: StartThread;
  /**
   * Measures `endTimeout`: the reactor, or a `Clock` in a test. Without a clock no thread counts as
   * stuck, and tasks wait for terminated threads that have not stopped.
   */
  clock?: Pick<IReactorTime, "callLater"> | undefined;
}

/** Numbers of threads and tasks in a pool. Twisted's `Team.statistics()`. */
export interface ThreadPoolStatistics {
  /** Number of idle threads. */
  idleWorkerCount: number;
  /** Number of threads that run a task. */
  busyWorkerCount: number;
  /** Number of threads that were terminated or whose task was cancelled, and that still run. */
  endingWorkerCount: number;
  /** Number of ending threads that have taken longer than `endTimeout`. */
  stuckWorkerCount: number;
  /** Number of tasks that wait for a thread. */
  backloggedWorkCount: number;
}

/**
 * A limited number of threads, and a queue of the tasks that wait for one, first in, first out.
 *
 * A thread keeps the process alive while it runs a task, not while it is idle. A program that
 * creates its own pool should stop it, or declare it with `using`. The reactor's pool
 * (`reactor.getThreadPool()`) starts and stops with the reactor.
 *
 * A thread counts against `max` until its JavaScript has stopped. Cancelled tasks that keep
 * computing therefore never use more than `max` cores.
 *
 * Twisted: `twisted.python.threadpool.ThreadPool`. Its `stop()` waits for running tasks. Here
 * `stop()` terminates them, because a task may never return and must not keep a stopped program
 * alive.
 *
 * @example
 * ```ts no-eval
 * import { workerModule } from "@torsion/reactor";
 * import { deferToThreadPool, startDenoThread, ThreadPool } from "@torsion/reactor/reactor";
 *
 * const path = workerModule<typeof import("node:path")>("node:path");
 *
 * using pool = new ThreadPool({ max: 2, startThread: startDenoThread });
 * pool.start();
 * console.log(await deferToThreadPool(pool, path.task("join"), "reports", "today.txt"));
 * ```
 */
export class ThreadPool implements IThreadPool, Disposable {
  readonly #startThread: StartThread;
  #limits = DEFAULT_LIMITS;
  #started = false;
  #joined = false;
  /**
   * The idle threads, the most recently used last. That thread is taken first, because its modules
   * are already loaded.
   */
  readonly #idle: PoolWorker[] = [];
  readonly #busy = new Set<PoolWorker>();
  readonly #ending: EndingThreads;
  readonly #waiting = new Set<ThreadCall>();
  /** The number of busy threads that must terminate when they become free. */
  #toQuit = 0;
  readonly #owner: WorkerOwner = {
    freed: (worker) => this.#freed(worker),
    lost: (worker) => this.#lost(worker),
    ended: (worker) => this.#ended(worker),
  };

  /**
   * Creates a pool, which does not run tasks before `start()`.
   *
   * @param options Limits, thread starter and clock of the pool.
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If a limit is out of range, or `min` is greater than `max`.
   */
  constructor(options: ThreadPoolOptions) {
    checkFunction("ThreadPool() startThread", options.startThread);
    this.#startThread = options.startThread;
    this.#limits = changeLimits(DEFAULT_LIMITS, options);
    this.#ending = new EndingThreads({
      endTimeout: () => this.#limits.endTimeout,
      stuck: () => this.#foundStuck(),
    }, options.clock ?? null);
  }

  /** The number of threads that the pool keeps at least. */
  get min(): number {
    return this.#limits.min;
  }

  /** The number of threads that the pool has at most. */
  get max(): number {
    return this.#limits.max;
  }

  /** Whether the pool runs tasks: true from {@linkcode start} until {@linkcode stop}. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether the pool was stopped. A stopped pool cannot start again. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Returns the numbers of idle, busy, ending and stuck threads and of waiting tasks. */
  statistics(): ThreadPoolStatistics {
    return {
      idleWorkerCount: this.#idle.length,
      busyWorkerCount: this.#busy.size,
      endingWorkerCount: this.#ending.size,
      stuckWorkerCount: this.#ending.stuckCount,
      backloggedWorkCount: this.#waiting.size,
    };
  }

  /**
   * Starts the waiting tasks, and from now on each task as soon as a thread is available.
   *
   * @throws {ThreadPoolStopped} If the pool was stopped.
   */
  start(): void {
    if (this.#joined) {
      throw new ThreadPoolStopped("Cannot start the thread pool: it was stopped");
    }
    this.#started = true;
    this.#grow();
    this.#beginWaiting();
  }

  /**
   * Terminates all threads. The pool cannot be started again. Running and waiting tasks fail with
   * `ThreadPoolStopped`; tasks without a result callback are only logged. A task in the middle of a
   * computation runs until it returns, but does not keep the process alive.
   */
  stop(): void {
    if (this.#joined) return;
    this.#started = false;
    this.#joined = true;
    const atWork = [...this.#workers()].flatMap((worker) => worker.abandon() ?? []);
    this.#ending.clear();
    this.#idle.length = 0;
    this.#busy.clear();
    this.#dropStopped([...atWork, ...this.#takeWaiting()]);
  }

  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void {
    this.callInThreadWithCallback(null, task, ...args);
  }

  /**
   * Runs a task, as {@linkcode IThreadPool.callInThreadWithCallback} does. `onResult` runs in the
   * thread that owns the pool. In Twisted it runs in the thread of the task.
   */
  callInThreadWithCallback<A extends unknown[], R>(
    onResult: ThreadResult<R> | null,
    task: WorkerTask<A, R>,
    ...args: NoInfer<A>
  ): IThreadCall {
    if (onResult !== null) checkFunction("callInThreadWithCallback() onResult", onResult);
    // The casts are safe: the task's type guarantees that its result fits `onResult`. Messages
    // between threads carry no types.
    const call = new ThreadCall(onResult as ThreadResult<never> | null, task as WorkerTask, args);
    if (this.#joined) {
      this.#dropStopped([call]);
      return call;
    }
    // After a failed start of a thread, older tasks may still wait although a thread can now be
    // started. They begin before this task.
    this.#beginWaiting();
    this.#begin(call, this.#waiting.size > 0 ? undefined : this.#takeWorker());
    return call;
  }

  adjustPoolsize(limits: ThreadPoolLimits): void {
    this.#limits = changeLimits(this.#limits, limits);
    while (this.#idle.length > 0 && this.#kept > this.#limits.max) this.#end(this.#idle.pop());
    if (this.#isStuck) this.#refuseWaiting();
    if (!this.#started) return;
    this.#grow();
    this.#beginWaiting();
  }

  /** Starts one more thread, unless the pool is not running or already has `max` threads. */
  startAWorker(): void {
    if (this.#started && this.#size < this.#limits.max) this.#freed(this.#newWorker());
  }

  /** Terminates one idle thread, or the next thread to become idle. */
  stopAWorker(): void {
    if (this.#idle.length > 0) this.#end(this.#idle.pop());
    else if (this.#toQuit < this.#busy.size) this.#toQuit++;
  }

  /** Lets the process exit while tasks are running. */
  unref(): void {
    for (const worker of this.#workers()) worker.unref();
    this.#ending.hold(false);
  }

  /** Stops the pool, for `using`. */
  [Symbol.dispose](): void {
    this.stop();
  }

  /**
   * The number of threads that count towards `max` when another thread may start, including ending
   * threads.
   */
  get #size(): number {
    return this.#kept + this.#ending.size - this.#ending.stuckCount;
  }

  /**
   * The number of threads that count towards `max` when a thread may be terminated. Ending threads
   * are not included.
   */
  get #kept(): number {
    return this.#idle.length + this.#busy.size + this.#countedStuck;
  }

  get #countedStuck(): number {
    return this.#limits.replaceStuck ? 0 : this.#ending.stuckCount;
  }

  /** Whether no task can start before a stuck thread has stopped, which may never happen. */
  get #isStuck(): boolean {
    return this.#limits.max > 0 && this.#countedStuck >= this.#limits.max;
  }

  *#workers(): Iterable<PoolWorker> {
    yield* this.#idle;
    yield* this.#busy;
  }

  #newWorker(): PoolWorker {
    return new PoolWorker(this.#owner, this.#startThread, {
      maxHeapSize: this.#limits.maxHeapSize,
    });
  }

  #grow(): void {
    try {
      while (this.#size < this.#limits.min) this.#idle.push(this.#newWorker());
    } catch (error) {
      err(error, "Cannot start a thread of the pool");
    }
  }

  /** Returns an idle thread, or a new one if the limit allows. */
  #takeWorker(): PoolWorker | undefined {
    if (!this.#started) return undefined;
    if (this.#idle.length > 0) return this.#idle.pop();
    if (this.#size >= this.#limits.max) return undefined;
    try {
      return this.#newWorker();
    } catch (error) {
      // While another thread is busy, the error is ignored, because that thread can run the task
      // later.
      if (this.#busy.size === 0) throw error;
      return undefined;
    }
  }

  #begin(call: ThreadCall, worker: PoolWorker | undefined): void {
    if (worker === undefined) return this.#wait(call);
    try {
      worker.begin(call);
    } catch (error) {
      this.#idle.push(worker);
      throw error;
    }
    this.#busy.add(worker);
    call.onDrop(() => this.#cancel(worker));
  }

  #wait(call: ThreadCall): void {
    if (this.#isStuck) {
      throw new ThreadPoolStuck(`Cannot run the task ${call.name}: ${this.#allStuck()}`);
    }
    const { maxBacklog } = this.#limits;
    if (this.#waiting.size >= maxBacklog) {
      throw new ThreadPoolFull(
        `Cannot run the task ${call.name}: ` +
          `the limit of ${maxBacklog} waiting tasks (maxBacklog) is reached`,
      );
    }
    call.copyArguments();
    this.#waiting.add(call);
    this.#ending.hold(true);
    call.onDrop(() => {
      this.#waiting.delete(call);
      this.#ending.hold(this.#waiting.size > 0);
    });
  }

  #beginWaiting(): void {
    try {
      for (const call of this.#waiting) {
        const worker = this.#takeWorker();
        if (worker === undefined) return;
        this.#waiting.delete(call);
        this.#begin(call, worker);
      }
      this.#ending.hold(false);
    } catch (error) {
      // No thread is running and none can be started, so the waiting tasks fail instead of waiting
      // forever.
      const failure = asError(error);
      this.#drop(this.#takeWaiting(), failure.message, () => failure);
    }
  }

  #takeWaiting(): ThreadCall[] {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    this.#ending.hold(false);
    return calls;
  }

  /** Cancels the task that a thread runs. */
  #cancel(worker: PoolWorker): void {
    worker.cancel();
    this.#leaveBusy(worker);
    this.#ending.add(worker);
    this.#beginWaiting();
  }

  #end(worker: PoolWorker | undefined): void {
    if (worker === undefined) return;
    worker.terminate();
    this.#ending.add(worker);
  }

  #freed(worker: PoolWorker): void {
    this.#busy.delete(worker);
    this.#ending.delete(worker);
    const quits = this.#toQuit > 0 && this.#waiting.size === 0;
    if (quits) this.#toQuit--;
    if (quits || this.#kept >= this.#limits.max) this.#end(worker);
    else this.#idle.push(worker);
    this.#beginWaiting();
  }

  #lost(worker: PoolWorker): void {
    if (this.#idle.includes(worker)) {
      this.#idle.splice(this.#idle.indexOf(worker), 1);
      err(worker.error, "An idle thread of the pool exited");
    }
    this.#leaveBusy(worker);
    this.#ending.delete(worker);
    this.#ending.add(worker);
  }

  #ended(worker: PoolWorker): void {
    this.#ending.delete(worker);
    this.#beginWaiting();
  }

  #leaveBusy(worker: PoolWorker): void {
    this.#busy.delete(worker);
    // stopAWorker() may have planned to terminate this thread when it becomes idle, which will not
    // happen any more.
    this.#toQuit = Math.min(this.#toQuit, this.#busy.size);
  }

  #foundStuck(): void {
    if (this.#isStuck) this.#refuseWaiting();
    // #beginWaiting() starts new threads in place of the stuck ones.
    else this.#beginWaiting();
  }

  #refuseWaiting(): void {
    this.#drop(this.#takeWaiting(), this.#allStuck(), (text) => new ThreadPoolStuck(text));
  }

  #allStuck(): string {
    return `all ${this.#limits.max} threads of the pool are stuck in tasks that were cancelled`;
  }

  #dropStopped(calls: readonly ThreadCall[]): void {
    this.#drop(calls, "the pool was stopped", (text) => new ThreadPoolStopped(text), msg);
  }

  /**
   * Fails calls that will not run. Calls without a callback share one log line, because there may
   * be thousands.
   */
  #drop(
    calls: readonly ThreadCall[],
    why: string,
    errorOf: (text: string) => Error,
    log: (text: string) => void = warn,
  ): void {
    const [first, ...others] = calls.filter((call) => call.hasNoCallback);
    if (first !== undefined) {
      const more = others.length > 0 ? ` and ${others.length} more` : "";
      log(`Cannot run the task ${first.name}${more}: ${why}`);
    }
    for (const call of calls) {
      if (call.hasNoCallback) call.abandon();
      else call.failed(errorOf(`Cannot run the task ${call.name}: ${why}`));
    }
  }
}
