import { Deferred } from "../defer/deferred.ts";
import { atOnce, logUserError } from "../defer/guarded_call.ts";
import { checkFunction, quote } from "../internal/validation.ts";
import { CooperativeTask } from "./cooperative_task.ts";
import { afterMacrotask } from "./macrotask.ts";
import { type TaskIterator, TaskState } from "./task_state.ts";

/** How a {@linkcode Cooperator} divides the time. */
export interface CooperatorOptions {
  /**
   * Called at the beginning of each round; what it returns is asked after each piece of work whether
   * the round is over. An error of either is logged, and from then on rounds take their default time.
   *
   * @default {rounds of 10 ms}
   */
  terminationPredicateFactory?: (() => () => boolean) | undefined;
  /**
   * Has a function called later, for one round: `(round) => reactor.callLater(0, round)`, for
   * instance.
   *
   * @default {the host's `setTimeout`, of one millisecond}
   */
  scheduler?: ((round: () => void) => { cancel(): void }) | undefined;
  /**
   * Whether it begins at once, and not with `start()`.
   *
   * @default {true}
   */
  started?: boolean | undefined;
}

// Twisted's, in milliseconds.
const ROUND_MS = 10;

function roundsOfTime(): () => boolean {
  const end = performance.now() + ROUND_MS;
  return () => performance.now() >= end;
}

/**
 * Works through several iterators at a time, a piece of each in turn, and lets the rest of the
 * program go on in between. Twisted's `twisted.internet.task.Cooperator`.
 *
 * Each `next()` is one piece of work, and a `yield` says that another task may go on. If what is
 * yielded is a Deferred or promise, its task waits for it; if it fails, so does the task. An async
 * iterator's `next()` is waited for just the same.
 *
 * TaskState is done in rounds. By default a round takes 10 ms, and the next one comes in a later turn of
 * the host's event loop, so that sockets and timers are served in between. Twisted schedules rounds
 * on the process's reactor, which nothing in this library reaches for; the host's timer serves every
 * reactor, and needs none. It keeps the process alive as long as there is work that waits for
 * nothing. To have the work rest when a reactor stops, give it a `scheduler`.
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
  /** All that is not over. */
  readonly #works = new Set<TaskState>();
  /** What can be gone on with, the next one first. */
  readonly #ready = new Set<TaskState>();
  /** Goes along the line: who is taken out in front and added again is reached anew at the end. */
  readonly #line: SetIterator<TaskState> = this.#ready.values();
  #round: { cancel(): void } | null = null;
  #isInRound = false;

  /**
   * Makes one.
   *
   * @param options How it divides the time.
   * @throws {TypeError} When an option that should be a function is none.
   */
  constructor(options: CooperatorOptions = {}) {
    const { terminationPredicateFactory = roundsOfTime, scheduler = afterMacrotask } = options;
    checkFunction("Cooperator() terminationPredicateFactory", terminationPredicateFactory);
    checkFunction("Cooperator() scheduler", scheduler);
    this.#predicateFactory = terminationPredicateFactory;
    this.#scheduler = scheduler;
    this.#isStarted = options.started ?? true;
  }

  /** Whether it works, or would if there were anything to do. */
  get running(): boolean {
    return this.#isStarted && !this.#isStopped;
  }

  /**
   * Works through an iterator.
   *
   * @param iterator What to work through. Once the cooperator has been stopped, a new task is over
   * at once, with a `SchedulerStopped`.
   * @returns The task, to be paused, resumed, stopped and waited for.
   * @throws {TypeError} When it is not an iterator.
   */
  cooperate<I extends TaskIterator>(iterator: I): CooperativeTask<I> {
    const work = new TaskState(iterator, {
      ready: (work) => this.#addReady(work),
      idle: (work) => this.#removeReady(work),
      finished: (work) => {
        this.#works.delete(work);
        this.#removeReady(work);
      },
    });
    if (this.#isStopped) work.stopWithHost();
    else {
      this.#works.add(work);
      this.#addReady(work);
    }
    return new CooperativeTask(work);
  }

  /**
   * Works through an iterator, and only tells when that is done.
   *
   * @param iterator What to work through.
   * @param doneDeferred The Deferred to fire in the end; a new one unless it is given.
   * @returns That Deferred; see `CooperativeTask.whenDone()`. To cancel the new one stops the task;
   * `addSignal()` does so when a signal aborts.
   * @throws {TypeError} When it is not an iterator.
   */
  coiterate<I extends TaskIterator>(iterator: I, doneDeferred?: Deferred<I>): Deferred<I> {
    const task = this.cooperate(iterator);
    let isCancelled = false;
    const done = doneDeferred ?? new Deferred<I>(() => {
      isCancelled = true;
      task.stop();
    });
    task.whenDone().addCallbacks((result) => done.callback(result), (error) => {
      // Then it is a TaskStopped, and the Deferred fails with a CancelledError.
      if (!isCancelled) done.errback(error);
    });
    return done;
  }

  /** Begins to work, for the first time or after `stop()`. */
  start(): void {
    this.#isStopped = false;
    this.#isStarted = true;
    this.#schedule();
  }

  /**
   * Ends every task with a `SchedulerStopped`, and each that is added later. Twisted leaves out some,
   * and those that wait until what they wait for is there.
   */
  stop(): void {
    this.#isStopped = true;
    for (const work of [...this.#works]) {
      // Who is told of one end may bring another about.
      if (!work.isFinished) work.stopWithHost();
    }
  }

  /** Stops it, so that `using` ends it with its block. */
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
      "While calling scheduler of a Cooperator",
    );
    if (typeof call?.cancel !== "function") {
      throw new TypeError(`scheduler() must return an object with cancel(), got ${quote(call)}`);
    }
    this.#round = call;
  }

  #doRound(): void {
    this.#round = null;
    this.#isInRound = true;
    const isOver = this.#ask(this.#predicateFactory, roundsOfTime);
    for (let work = this.#takeNext(); work !== undefined; work = this.#takeNext()) {
      work.step();
      if (this.#ask(isOver, () => true)) break;
    }
    this.#isInRound = false;
    this.#schedule();
  }

  /** Asks a function of the user's. One that fails is logged, and rounds are as by default from then on: it would only fail again. */
  #ask<T>(f: () => T, fallback: () => T): T {
    const why = "While calling terminationPredicateFactory of a Cooperator";
    try {
      return atOnce("terminationPredicateFactory()", f(), why);
    } catch (error) {
      logUserError(error, why);
      this.#predicateFactory = roundsOfTime;
      return fallback();
    }
  }

  #takeNext(): TaskState | undefined {
    // Asked at its end, the line would be over for good, and miss who joins it later.
    if (this.#ready.size === 0) return undefined;
    const next = this.#line.next().value;
    if (next !== undefined) this.#ready.delete(next);
    return next;
  }
}
