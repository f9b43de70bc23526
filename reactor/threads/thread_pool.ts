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

/** What a pool is built from: its limits, and these. */
export interface ThreadPoolOptions extends ThreadPoolLimits {
  /** Makes the threads: `startDenoThread`. */
  startThread: StartThread;
  /**
   * Measures `endTimeout`: the reactor, or a test's `Clock`. Without a clock no thread counts as
   * stuck: tasks wait for those that do not end.
   */
  clock?: Pick<IReactorTime, "callLater"> | undefined;
}

/** What a pool is at. Twisted's `Team.statistics()`. */
export interface ThreadPoolStatistics {
  /** Threads that have nothing to do. */
  idleWorkerCount: number;
  /** Threads at work. */
  busyWorkerCount: number;
  /** Threads that were told to end, or whose task was cancelled, and that have not ended yet. */
  endingWorkerCount: number;
  /** Those of them that have taken longer than `endTimeout`. */
  stuckWorkerCount: number;
  /** Tasks that wait for a thread. */
  backloggedWorkCount: number;
}

/**
 * A bounded number of threads, and the tasks that wait for one: in the order in which they came.
 *
 * A thread holds the process while it is at work, not while it is idle. Whoever makes a pool of his
 * own stops it when it is no longer needed, or has `using` do it; the reactor's own
 * (`reactor.getThreadPool()`) starts and stops with the reactor.
 *
 * A thread counts until its JavaScript has ended. A task that computes on after it was cancelled so
 * keeps its place: with `max` threads, no more than `max` cores are taken.
 *
 * Twisted: `twisted.python.threadpool.ThreadPool`. Its `stop()` waits for the work; here it ends
 * the work, for a task may never end and nothing is to hold a stopped program back.
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
  /** The one that was freed last comes first: what it has loaded is warm. */
  readonly #idle: PoolWorker[] = [];
  readonly #busy = new Set<PoolWorker>();
  readonly #ending: EndingThreads;
  readonly #waiting = new Set<ThreadCall>();
  /** How many threads are to end once they are free. */
  #toQuit = 0;
  readonly #owner: WorkerOwner = {
    freed: (worker) => this.#freed(worker),
    lost: (worker) => this.#lost(worker),
    ended: (worker) => this.#ended(worker),
  };

  /**
   * Makes a pool that has not started.
   *
   * @param options How many threads, and of what kind.
   * @throws {TypeError} when a limit has the wrong type.
   * @throws {RangeError} when a limit is out of range, or the fewest threads are more than the
   *   most.
   */
  constructor(options: ThreadPoolOptions) {
    checkFunction("ThreadPool() startThread", options.startThread);
    this.#startThread = options.startThread;
    this.#limits = changeLimits(DEFAULT_LIMITS, options);
    const endTimeout = (): number => this.#limits.endTimeout;
    this.#ending = new EndingThreads({
      get endTimeout() {
        return endTimeout();
      },
      stuck: () => this.#foundStuck(),
    }, options.clock ?? null);
  }

  /** The fewest threads that are kept. */
  get min(): number {
    return this.#limits.min;
  }

  /** The most threads that there may be. */
  get max(): number {
    return this.#limits.max;
  }

  /** Whether tasks are begun: true from {@linkcode start} until {@linkcode stop}. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether it has been stopped, which is for good. */
  get joined(): boolean {
    return this.#joined;
  }

  /** How many threads are at work and how many are not, and how many tasks wait. */
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
   * Begins the tasks that wait, and from now on every task as soon as there is a thread for it.
   *
   * @throws {ThreadPoolStopped} when it has been stopped.
   */
  start(): void {
    if (this.#joined) {
      throw new ThreadPoolStopped("The pool has been stopped: it cannot start again");
    }
    this.#started = true;
    this.#grow();
    this.#beginWaiting();
  }

  /**
   * Ends all threads. What they were at, and what waits, fails with `ThreadPoolStopped`; where
   * nobody hears of it, it is logged. A task that computes runs on until it returns, and does not
   * hold the process.
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
   * See {@linkcode IThreadPool.callInThreadWithCallback}. `onResult` runs in the thread of whoever
   * asked, as all code does that has the pool; in Twisted it runs in the thread that did the task.
   */
  callInThreadWithCallback<A extends unknown[], R>(
    onResult: ThreadResult<R> | null,
    task: WorkerTask<A, R>,
    ...args: NoInfer<A>
  ): IThreadCall {
    if (onResult !== null) checkFunction("callInThreadWithCallback() onResult", onResult);
    // The outcome is what the task gives; a type for it ends where it leaves for another thread.
    const call = new ThreadCall(onResult as ThreadResult<never> | null, task as WorkerTask, args);
    if (this.#joined) this.#dropStopped([call]);
    else this.#begin(call, this.#takeWorker());
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

  /** Starts one more thread, unless there are as many as may be or the pool does not run. */
  startAWorker(): void {
    if (this.#started && this.#size < this.#limits.max) this.#freed(this.#newWorker());
  }

  /** Ends one thread, as soon as one is idle. */
  stopAWorker(): void {
    if (this.#idle.length > 0) this.#end(this.#idle.pop());
    else if (this.#toQuit < this.#busy.size) this.#toQuit++;
  }

  /** Lets the process end although tasks are at work. */
  unref(): void {
    for (const worker of this.#workers()) worker.unref();
    this.#ending.hold(false);
  }

  /** {@linkcode stop}, for `using`. */
  [Symbol.dispose](): void {
    this.stop();
  }

  /** The threads that count against the limit: with fewer, one more may start. */
  get #size(): number {
    return this.#kept + this.#ending.size - this.#ending.stuckCount;
  }

  /** The same without those that will soon have ended: with more than the limit, one has to end. */
  get #kept(): number {
    return this.#idle.length + this.#busy.size + this.#countedStuck;
  }

  get #countedStuck(): number {
    return this.#limits.replaceStuck ? 0 : this.#ending.stuckCount;
  }

  /** Whether no task can begin before a stuck thread has ended, which it may never do. */
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

  /** An idle thread, or a new one if there may be one more. */
  #takeWorker(): PoolWorker | undefined {
    if (!this.#started) return undefined;
    if (this.#idle.length > 0) return this.#idle.pop();
    if (this.#size >= this.#limits.max) return undefined;
    try {
      return this.#newWorker();
    } catch (error) {
      // Without one more thread, those that are at work do the task later.
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
    call.droppedBy(() => this.#cancel(worker));
  }

  #wait(call: ThreadCall): void {
    if (this.#isStuck) throw new ThreadPoolStuck(`Cannot begin ${call.name}: ${this.#allStuck()}`);
    const { maxBacklog } = this.#limits;
    if (this.#waiting.size >= maxBacklog) {
      throw new ThreadPoolFull(
        `Cannot begin ${call.name}: the limit of ${maxBacklog} waiting tasks (maxBacklog) is reached`,
      );
    }
    call.copyArguments();
    this.#waiting.add(call);
    this.#ending.hold(true);
    call.droppedBy(() => {
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
      // No thread can be started: nothing would begin the tasks later.
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

  /** The task that a thread is at was cancelled. */
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
      err(worker.error, "A thread ended while it had nothing to do");
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
    // It may have been one that was to end.
    this.#toQuit = Math.min(this.#toQuit, this.#busy.size);
  }

  #foundStuck(): void {
    if (this.#isStuck) this.#refuseWaiting();
    else this.#beginWaiting(); // where stuck threads are replaced
  }

  #refuseWaiting(): void {
    this.#drop(this.#takeWaiting(), this.#allStuck(), (text) => new ThreadPoolStuck(text));
  }

  #allStuck(): string {
    return `all ${this.#limits.max} threads of the pool compute for tasks that were cancelled`;
  }

  #dropStopped(calls: readonly ThreadCall[]): void {
    this.#drop(calls, "the pool was stopped", (text) => new ThreadPoolStopped(text), msg);
  }

  /**
   * Fails calls that will not be done. What is for the log alone is said there in one line: there
   * may be thousands.
   */
  #drop(
    calls: readonly ThreadCall[],
    why: string,
    errorOf: (text: string) => Error,
    log: (text: string) => void = warn,
  ): void {
    const [first, ...others] = calls.filter((call) => call.isUnheard);
    if (first !== undefined) {
      const more = others.length > 0 ? ` and ${others.length} more` : "";
      log(`Cannot do ${first.name}${more}: ${why}`);
    }
    for (const call of calls) {
      if (call.isUnheard) call.abandon();
      else call.failed(errorOf(`Cannot do ${call.name}: ${why}`));
    }
  }
}
