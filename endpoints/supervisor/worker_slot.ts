import { Deferred, fail } from "../../defer/mod.ts";
import { asError } from "../../defer/guarded_call.ts";
import { err, msg } from "../../log/mod.ts";
import type { IDelayedCall, IReactorProcess, ProcessSignal } from "../../reactor/interfaces/mod.ts";
import type { RetryPolicy } from "../service/backoff_policy.ts";
import { retryDelay } from "../service/retry_delay.ts";
import { WorkerNotReady } from "./errors.ts";
import type { SupervisedProgram } from "./supervised_program.ts";
import { type WorkerOwner, WorkerProcess, type WorkerSettings } from "./worker_process.ts";

/** The wait before a start if the retry policy fails, in seconds. */
const LONGEST_WAIT = 60;

/** What a slot needs to know. */
export interface SlotSettings extends WorkerSettings {
  readonly reactor: IReactorProcess;
  readonly program: SupervisedProgram;
  readonly retryPolicy: RetryPolicy;
}

/** Receives the events of a slot. */
export interface SlotOwner {
  /** The worker is ready, for the first time or again. */
  slotReady(): void;
  /** The process of a worker has ended by itself, or could not be started. */
  slotFailed(slot: WorkerSlot, reason: Error): void;
  /** No process of the slot is left, and none will be started. */
  slotIdle(): void;
}

/**
 * The place of one worker. It has one process, which is started again when it ends, and for a while
 * a second one, which replaces the first.
 */
export class WorkerSlot implements WorkerOwner {
  /** The name of the worker, such as `worker 2`. */
  readonly name: string;
  readonly #owner: SlotOwner;
  readonly #settings: SlotSettings;
  #isStopped = true;
  #current: WorkerProcess | null = null;
  #next: WorkerProcess | null = null;
  /** The processes that were replaced, or whose restart was cancelled, until they have ended. */
  readonly #leaving = new Set<WorkerProcess>();
  /** Waits for the replacement. */
  #replaced: Deferred<void> | null = null;
  #restart: IDelayedCall | null = null;
  #failures = 0;

  constructor(name: string, owner: SlotOwner, settings: SlotSettings) {
    this.name = name;
    this.#owner = owner;
    this.#settings = settings;
  }

  /** Whether the worker works. */
  get isReady(): boolean {
    return this.#current?.isReady ?? false;
  }

  /** The process ID of the worker; `null` while it has no process. */
  get pid(): number | null {
    return this.#current?.transport.pid ?? null;
  }

  /** Whether no process of the slot is left, and none will be started. */
  get isIdle(): boolean {
    return this.#isStopped && this.#processes.length === 0;
  }

  get #processes(): WorkerProcess[] {
    return [this.#current, this.#next, ...this.#leaving].filter((process) => process !== null);
  }

  /** Starts the worker. */
  start(): void {
    this.#isStopped = false;
    this.#failures = 0;
    this.#startCurrent();
  }

  /** Stops the worker. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelStart();
    for (const process of this.#processes) process.stop();
  }

  /** Sends a signal to the process of the worker, and to the one that replaces it. */
  signal(signal: ProcessSignal): void {
    this.#current?.signal(signal);
    this.#next?.signal(signal);
  }

  /** Kills all processes of the worker. */
  kill(): void {
    this.#isStopped = true;
    this.#cancelStart();
    for (const process of this.#processes) process.kill();
  }

  /**
   * Starts a new process, and stops the old one when the new one is ready.
   *
   * @returns A Deferred that fires when the old process has ended. It fails with `WorkerNotReady`
   *   when the new process ends before it is ready. Cancelling it stops the new process.
   */
  replace(): Deferred<void> {
    if (this.#isStopped) {
      return fail(new Error(`Cannot replace ${this.name}: the supervisor is not running`));
    }
    const replaced = new Deferred<void>(() => this.#cancelReplacement());
    this.#replaced = replaced;
    this.#cancelStart();
    this.#spawn((process) => this.#next = process);
    return replaced;
  }

  workerReady(worker: WorkerProcess): void {
    if (worker === this.#next) {
      const previous = this.#current;
      this.#current = worker;
      this.#next = null;
      this.#failures = 0;
      if (previous !== null) this.#leave(previous);
      this.#settleIfReplaced();
    }
    msg("Ready", { system: this.name });
    this.#owner.slotReady();
  }

  workerEnded(worker: WorkerProcess, reason: Error): void {
    if (this.#leaving.delete(worker)) {
      this.#settleIfReplaced();
    } else {
      this.#ended(worker, reason);
    }
    if (this.isIdle) this.#owner.slotIdle();
  }

  #ended(worker: WorkerProcess, reason: Error): void {
    const isNew = worker === this.#next;
    if (isNew) this.#next = null;
    else this.#current = null;
    if (this.#isStopped) msg(`Ended: ${reason.message}`, { system: this.name });
    else this.#failed(reason, worker.age >= this.#settings.threshold && worker.isReady);
    if (isNew) this.#settle(new WorkerNotReady(this.name, reason));
  }

  /** Logs why a process has ended, and starts a new one if there is none. */
  #failed(reason: Error, wasStable: boolean): void {
    err(reason, `${this.name} has ended`, { system: this.name });
    this.#failures = wasStable ? 0 : this.#failures + 1;
    this.#owner.slotFailed(this, reason);
    this.#startLater();
  }

  /** Starts a process after the wait, if there is none. */
  #startLater(): void {
    if (this.#isStopped || this.#current !== null || this.#next !== null) return;
    this.#restart = this.#settings.clock.callLater(this.#delay(), () => this.#startCurrent());
  }

  #cancelStart(): void {
    if (this.#restart?.active()) this.#restart.cancel();
  }

  /** Stops a process that has no place any more. */
  #leave(process: WorkerProcess): void {
    this.#leaving.add(process);
    process.stop();
  }

  #cancelReplacement(): void {
    this.#replaced = null;
    const next = this.#next;
    if (next === null) return;
    this.#next = null;
    this.#leave(next);
    this.#startLater();
  }

  /** Returns the seconds to wait before the next start. */
  #delay(): number {
    if (this.#failures === 0) return 0;
    return retryDelay(this.#failures, {
      owner: this.name,
      policy: this.#settings.retryPolicy,
      fallback: () => LONGEST_WAIT,
      fallbackName: "the longest wait",
    });
  }

  #startCurrent(): void {
    this.#spawn((process) => this.#current = process);
  }

  /** @param place Puts the process in its place, before it has any event. */
  #spawn(place: (process: WorkerProcess) => void): void {
    const { reactor, program: { executable, ...options } } = this.#settings;
    const process = new WorkerProcess(this.name, this, this.#settings);
    place(process);
    try {
      reactor.spawnProcess(process, executable, { ...options, childFDs: { 1: "r", 2: "r" } });
    } catch (error) {
      this.workerEnded(process, asError(error));
    }
  }

  /** Fires the Deferred of a replacement whose old process has ended. */
  #settleIfReplaced(): void {
    if (this.#next === null && this.#leaving.size === 0) this.#settle();
  }

  #settle(error?: Error): void {
    const replaced = this.#replaced;
    this.#replaced = null;
    if (replaced === null || replaced.called) return;
    if (error === undefined) replaced.callback();
    else replaced.errback(error);
  }
}
