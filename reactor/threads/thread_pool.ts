/**
 * The pool of threads.
 *
 * @module
 */

import { err } from "../../log/mod.ts";
import type { IThreadCall, IThreadPool, ThreadResult, WorkerTask } from "../interfaces.ts";
import { checkInteger } from "../validation.ts";
import { ThreadPoolStopped } from "./errors.ts";
import { PoolWorker, type WorkerOwner } from "./pool_worker.ts";
import { ThreadCall } from "./thread_call.ts";
import type { StartThread } from "./worker_thread.ts";

/** What a pool is built from. */
export interface ThreadPoolOptions {
  /** Makes the threads: `startDenoThread`. */
  startThread: StartThread;
  /**
   * The threads that `start()` makes at once. A thread that is lost is replaced when there is work for another.
   *
   * @default {0}
   */
  min?: number;
  /**
   * The most threads that there may be. The others are started when there is work for them, and kept until `stop()`.
   * Each costs some 14 MiB and a core for as long as it computes.
   *
   * @default {10}
   */
  max?: number;
}

/** What a pool is at. Twisted's `Team.statistics()`. */
export interface ThreadPoolStatistics {
  /** Threads that have nothing to do. */
  idleWorkerCount: number;
  /** Threads at work. */
  busyWorkerCount: number;
  /** Tasks that wait for a thread. */
  backloggedWorkCount: number;
}

/**
 * A bounded number of threads, and the tasks that wait for one: in the order in which they came.
 *
 * A thread holds the process while it is at work, not while it is idle. Whoever makes a pool of his own stops it when it is no longer
 * needed, or has `using` do it; the reactor's own (`reactor.getThreadPool()`) starts and stops with the reactor.
 *
 * Twisted: `twisted.python.threadpool.ThreadPool`. Its `stop()` waits for the work; here it ends the work, for a task may never end and
 * nothing is to hold a stopped program back.
 *
 * @example
 * ```ts
 * import { deferToThreadPool, startDenoThread, ThreadPool, workerModule } from "@torsion/reactor";
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
  #min = 0;
  #max = 10;
  #started = false;
  #joined = false;
  /** The one that was freed last comes first: what it has loaded is warm. */
  readonly #idle: PoolWorker[] = [];
  readonly #busy = new Set<PoolWorker>();
  readonly #waiting = new Set<ThreadCall>();
  /** How many threads are to end once they are free. */
  #toQuit = 0;
  readonly #owner: WorkerOwner = {
    freed: (worker) => this.#freed(worker),
    lost: (worker) => this.#lost(worker),
  };

  /**
   * Makes a pool that has not started.
   *
   * @param options How many threads, and of what kind.
   * @throws {RangeError} when the numbers are not integers from 0, or the fewest are more than the most.
   */
  constructor(options: ThreadPoolOptions) {
    this.#startThread = options.startThread;
    this.adjustPoolsize(options);
  }

  /** The fewest threads that are kept. */
  get min(): number {
    return this.#min;
  }

  /** The most threads that there may be. */
  get max(): number {
    return this.#max;
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

  /** Ends all threads. What they were at, and what waits, fails with `ThreadPoolStopped`; where nobody hears of it, it is logged. */
  stop(): void {
    if (this.#joined) return;
    this.#started = false;
    this.#joined = true;
    const calls = [...this.#workers()].map((worker) => worker.terminate()).concat(...this.#waiting);
    this.#idle.length = 0;
    this.#busy.clear();
    this.#waiting.clear();
    for (const call of calls) call?.stopped();
  }

  /** See {@linkcode IThreadPool.callInThread}. */
  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void {
    this.callInThreadWithCallback(null, task, ...args);
  }

  /**
   * See {@linkcode IThreadPool.callInThreadWithCallback}. `onResult` runs in the thread of whoever asked, as all code does that has
   * the pool; in Twisted it runs in the thread that did the task.
   */
  callInThreadWithCallback<A extends unknown[], R>(
    onResult: ThreadResult<R> | null,
    task: WorkerTask<A, R>,
    ...args: NoInfer<A>
  ): IThreadCall {
    // The outcome is what the task gives; a type for it ends where it leaves for another thread.
    const call = new ThreadCall(onResult as ThreadResult<never> | null, task as WorkerTask, args);
    if (this.#joined) call.stopped();
    else this.#begin(call, this.#takeWorker());
    return call;
  }

  /**
   * Changes how many threads there may be. Those that are too many end when they are idle.
   *
   * @param size The fewest and the most; what is not given stays.
   * @throws {RangeError} when the numbers are not integers from 0, or the fewest are more than the most.
   */
  adjustPoolsize(size: { min?: number; max?: number }): void {
    const { min = this.#min, max = this.#max } = size;
    checkInteger("min", min, 0, Number.MAX_SAFE_INTEGER);
    checkInteger("max", max, 0, Number.MAX_SAFE_INTEGER);
    if (min > max) throw new RangeError(`min must not be more than max, got ${min} and ${max}`);
    this.#min = min;
    this.#max = max;
    while (this.#size > max && this.#idle.length > 0) this.#idle.pop()?.terminate();
    if (!this.#started) return;
    this.#grow();
    this.#beginWaiting();
  }

  /** Starts one more thread, unless there are as many as may be or the pool does not run. */
  startAWorker(): void {
    if (this.#started && this.#size < this.#max) this.#freed(this.#newWorker());
  }

  /** Ends one thread, as soon as one is idle. */
  stopAWorker(): void {
    const worker = this.#idle.pop();
    if (worker !== undefined) worker.terminate();
    else if (this.#toQuit < this.#busy.size) this.#toQuit++;
  }

  /** Lets the process end although tasks are at work. */
  unref(): void {
    for (const worker of this.#workers()) worker.unref();
  }

  /** {@linkcode stop}, for `using`. */
  [Symbol.dispose](): void {
    this.stop();
  }

  get #size(): number {
    return this.#idle.length + this.#busy.size;
  }

  *#workers(): Iterable<PoolWorker> {
    yield* this.#idle;
    yield* this.#busy;
  }

  #newWorker(): PoolWorker {
    return new PoolWorker(this.#owner, this.#startThread);
  }

  #grow(): void {
    while (this.#size < this.#min) this.#idle.push(this.#newWorker());
  }

  /** An idle thread, or a new one if there may be one more. */
  #takeWorker(): PoolWorker | undefined {
    if (!this.#started) return undefined;
    return this.#idle.pop() ?? (this.#size < this.#max ? this.#newWorker() : undefined);
  }

  #begin(call: ThreadCall, worker: PoolWorker | undefined): void {
    if (worker === undefined) {
      call.copyArguments();
      this.#waiting.add(call);
      call.droppedBy(() => this.#waiting.delete(call));
      return;
    }
    try {
      worker.begin(call);
    } catch (error) {
      this.#idle.push(worker);
      throw error;
    }
    this.#busy.add(worker);
    call.droppedBy(() => this.#drop(worker));
  }

  #beginWaiting(): void {
    for (const call of this.#waiting) {
      const worker = this.#takeWorker();
      if (worker === undefined) return;
      this.#waiting.delete(call);
      this.#begin(call, worker);
    }
  }

  /** The task that a thread is at was cancelled. */
  #drop(worker: PoolWorker): void {
    worker.terminate();
    this.#goneWhileBusy(worker);
  }

  #freed(worker: PoolWorker): void {
    this.#busy.delete(worker);
    const quits = this.#toQuit > 0 && this.#waiting.size === 0;
    if (quits) this.#toQuit--;
    if (quits || this.#size >= this.#max) worker.terminate();
    else this.#idle.push(worker);
    this.#beginWaiting();
  }

  #lost(worker: PoolWorker): void {
    if (this.#busy.has(worker)) return this.#goneWhileBusy(worker);
    this.#idle.splice(this.#idle.indexOf(worker), 1);
    err(worker.error, "A thread ended while it had nothing to do");
  }

  #goneWhileBusy(worker: PoolWorker): void {
    this.#busy.delete(worker);
    // It may have been one that was to end.
    this.#toQuit = Math.min(this.#toQuit, this.#busy.size);
    this.#beginWaiting();
  }
}
