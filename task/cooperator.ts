import { Deferred } from "../defer/deferred.ts";
import { atOnce, logUserError } from "../defer/guarded_call.ts";
import { checkFunction, quote } from "../internal/validation.ts";
import { CooperativeTask } from "./cooperative_task.ts";
import { afterMacrotask } from "./macrotask.ts";
import { type TaskIterator, TaskState, type TaskStateHost } from "./task_state.ts";

/** Options of a {@linkcode Cooperator}: the length of its rounds and the time between them. */
export interface CooperatorOptions {
  /**
   * Called at the start of each round. It returns a predicate, which is called after each step and
   * returns whether the round is over. An error of either function is logged, and from then on
   * rounds have the default length.
   *
   * @default {rounds of 10 ms}
   */
  terminationPredicateFactory?: (() => () => boolean) | undefined;
  /**
   * Schedules a call of its argument, which runs one round:
   * `(round) => reactor.callLater(0, round)`, for instance.
   *
   * @default {the host's `setTimeout`, of one millisecond}
   */
  scheduler?: ((round: () => void) => { cancel(): void }) | undefined;
  /**
   * Whether the cooperator starts at once. With `false`, it starts with `start()`.
   *
   * @default {true}
   */
  started?: boolean | undefined;
}

// The duration of a round in milliseconds, as in Twisted.
const ROUND_MS = 10;

function roundsOfTime(): () => boolean {
  const end = performance.now() + ROUND_MS;
  return () => performance.now() >= end;
}

/**
 * Runs several iterators in turn, one step of each at a time, and lets the rest of the program run
 * in between. Twisted's `twisted.internet.task.Cooperator`.
 *
 * Each call of `next()` is one step. If an iterator yields a Deferred or promise, its task waits
 * for it, and fails if that fails. The promise that an async iterator's `next()` returns is awaited
 * in the same way.
 *
 * Steps run in rounds. By default a round takes 10 ms, and the next round comes in a later turn of
 * the host's event loop, so that sockets and timers are served in between. Twisted schedules rounds
 * on the process's reactor. This library never uses that reactor by itself; the host's timer works
 * with every reactor, and without one. It keeps the process alive while a task has work to do and
 * waits for nothing. Pass a `scheduler` if the work shall stop with a reactor.
 *
 * @example
 * ```ts no-eval
 * import { Cooperator, reactor } from "@torsion/reactor";
 *
 * const cooperator = new Cooperator({ scheduler: (round) => reactor.callLater(0, round) });
 * cooperator.cooperate((function* () {
 *   for (const name of ["a", "b", "c"]) {
 *     console.log(name);
 *     yield;
 *   }
 * })());
 * await reactor.run();
 * ```
 */
export class Cooperator implements Disposable {
  #predicateFactory: () => () => boolean;
  readonly #scheduler: (round: () => void) => { cancel(): void };
  #isStarted: boolean;
  #isStopped = false;
  /** The tasks that have not ended. */
  readonly #works = new Set<TaskState>();
  readonly #host: TaskStateHost = {
    ready: (work) => this.#addReady(work),
    idle: (work) => this.#removeReady(work),
    finished: (work) => {
      this.#works.delete(work);
      this.#removeReady(work);
    },
  };
  /** The tasks that can run, the next one first. */
  readonly #ready = new Set<TaskState>();
  /**
   * Iterates over the tasks that can run. A task that is removed at the front and added again comes
   * last.
   */
  readonly #line: SetIterator<TaskState> = this.#ready.values();
  #round: { cancel(): void } | null = null;
  #isInRound = false;

  /**
   * Makes a cooperator.
   *
   * @param options The length of the rounds and the time between them.
   * @throws {TypeError} If an option that must be a function is not one.
   */
  constructor(options: CooperatorOptions = {}) {
    const { terminationPredicateFactory = roundsOfTime, scheduler = afterMacrotask } = options;
    checkFunction("Cooperator() terminationPredicateFactory", terminationPredicateFactory);
    checkFunction("Cooperator() scheduler", scheduler);
    this.#predicateFactory = terminationPredicateFactory;
    this.#scheduler = scheduler;
    this.#isStarted = options.started ?? true;
  }

  /** Whether the cooperator runs its tasks: it has been started, and not stopped. */
  get running(): boolean {
    return this.#isStarted && !this.#isStopped;
  }

  /**
   * Runs an iterator step by step.
   *
   * @param iterator The iterator. After `stop()`, a new task ends at once with a
   * `SchedulerStopped`.
   * @returns The task, which can be paused, resumed, stopped and awaited.
   * @throws {TypeError} If the argument is not an iterator.
   */
  cooperate<I extends TaskIterator>(iterator: I): CooperativeTask<I> {
    const work = new TaskState(iterator, this.#host);
    if (this.#isStopped) work.stopWithHost();
    else {
      this.#works.add(work);
      this.#addReady(work);
    }
    return new CooperativeTask(work);
  }

  /**
   * Runs an iterator step by step, and returns only a Deferred.
   *
   * @param iterator The iterator.
   * @param doneDeferred The Deferred to fire at the end. By default, a new one is made.
   * @returns That Deferred, which fires as `CooperativeTask.whenDone()` does. Cancelling a new one
   * stops the task; its `addSignal()` does so when a signal aborts.
   * @throws {TypeError} If the argument is not an iterator.
   */
  coiterate<I extends TaskIterator>(iterator: I, doneDeferred?: Deferred<I>): Deferred<I> {
    const task = this.cooperate(iterator);
    let isCancelled = false;
    const done = doneDeferred ?? new Deferred<I>(() => {
      isCancelled = true;
      task.stop();
    });
    task.whenDone().addCallbacks((result) => done.callback(result), (error) => {
      // If the Deferred was cancelled, it has already failed with a CancelledError. The error here
      // is the TaskStopped that the cancellation caused.
      if (!isCancelled) done.errback(error);
    });
    return done;
  }

  /** Starts the cooperator, for the first time or after `stop()`. */
  start(): void {
    this.#isStopped = false;
    this.#isStarted = true;
    this.#schedule();
  }

  /**
   * Stops the cooperator: ends every task with a `SchedulerStopped`, and every task that is added
   * later. Twisted omits some tasks, and ends a waiting task only when its wait has ended.
   */
  stop(): void {
    this.#isStopped = true;
    for (const work of [...this.#works]) {
      // The end of one task may call back code that stops another task of the list.
      if (!work.isFinished) work.stopWithHost();
    }
  }

  /** Calls `stop()`, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #addReady(work: TaskState): void {
    this.#ready.add(work);
    this.#schedule();
  }

  #removeReady(work: TaskState): void {
    this.#ready.delete(work);
    if (this.#ready.size > 0) return;
    this.#round?.cancel();
    this.#round = null;
  }

  #schedule(): void {
    if (!this.running || this.#isInRound || this.#round !== null || this.#ready.size === 0) return;
    const call = atOnce(
      "scheduler()",
      this.#scheduler(() => this.#doRound()),
      "Error while calling scheduler of a Cooperator",
    );
    if (typeof call?.cancel !== "function") {
      throw new TypeError(`scheduler() must return an object with cancel(), got ${quote(call)}`);
    }
    this.#round = call;
  }

  #doRound(): void {
    this.#round = null;
    this.#isInRound = true;
    const isOver = this.#callOption(this.#predicateFactory, roundsOfTime);
    for (let work = this.#takeNext(); work !== undefined; work = this.#takeNext()) {
      work.step();
      if (this.#callOption(isOver, () => true)) break;
    }
    this.#isInRound = false;
    this.#schedule();
  }

  /**
   * Calls a function of the application. If it fails, the error is logged and rounds have the
   * default length from then on, because it would fail again.
   */
  #callOption<T>(f: () => T, fallback: () => T): T {
    const why = "Error while calling terminationPredicateFactory of a Cooperator";
    try {
      return atOnce("terminationPredicateFactory()", f(), why);
    } catch (error) {
      logUserError(error, why);
      this.#predicateFactory = roundsOfTime;
      return fallback();
    }
  }

  #takeNext(): TaskState | undefined {
    // If the set is empty, next() must not be called: an iterator of a set that has reached its end
    // would not return tasks that are added later.
    if (this.#ready.size === 0) return undefined;
    const next = this.#line.next().value;
    if (next !== undefined) this.#ready.delete(next);
    return next;
  }
}
