import { Deferred } from "../defer/deferred.ts";
import { maybeDeferred } from "../defer/execute.ts";
import { nameInReports } from "../defer/unhandled.ts";
import { err } from "../log/mod.ts";
import type { IDelayedCall, IReactorTime } from "../reactor/interfaces/mod.ts";
import { checkDelay, checkFunction, quote } from "../internal/validation.ts";
import { IntervalSchedule } from "./interval_schedule.ts";

/** The clock that a {@linkcode LoopingCall} needs. A reactor fits, and so does `Clock`. */
export type LoopingClock = Pick<IReactorTime, "seconds" | "callLater">;

/** Options of `LoopingCall.start()`. */
export interface LoopingCallStartOptions {
  /**
   * Whether the first call is made at once. With `false`, it is made after one interval.
   *
   * @default {true}
   */
  now?: boolean | undefined;
  /**
   * The clock of the loop from now on: a reactor, or a test's `Clock`.
   *
   * @default {the looping call's `clock`}
   */
  clock?: LoopingClock | undefined;
}

/** One run of a looping call, from `start()` to its end. */
interface Run<L> {
  readonly clock: LoopingClock;
  readonly schedule: IntervalSchedule;
  readonly deferred: Deferred<L>;
  /** The next call; null while a call is in progress. */
  call: IDelayedCall | null;
}

/**
 * Calls a function repeatedly, at a fixed interval. Twisted's `twisted.internet.task.LoopingCall`.
 *
 * - **Times.** Calls are made at the start plus a multiple of the interval, so their times do not
 *   drift. If a call's time has passed before it could be made, the call is skipped. `withCount()`
 *   counts skipped calls.
 * - **Waiting.** If the function returns a Deferred or promise, the next call waits for it. Calls
 *   never overlap.
 * - **Errors.** A call that fails stops the loop, and the Deferred of `start()` fails with its
 *   error. Without an errback, the error is logged within a second, with the name of the loop.
 * - **The clock.** Twisted's default is the process's reactor. This library never uses that reactor
 *   by itself, so set `clock`, or pass a clock to `start()`.
 *
 * @example
 * ```ts no-eval
 * import { LoopingCall, reactor } from "@torsion/reactor";
 *
 * const loop = new LoopingCall(console.log, "tick");
 * loop.clock = reactor;
 * loop.start(0.5).addErrback((error) => console.error("The loop has failed:", error));
 * await reactor.run();
 * ```
 */
export class LoopingCall<A extends unknown[] = []> implements Disposable {
  /** The clock: a reactor, or a test's `Clock`. A change takes effect with the next `start()`. */
  clock: LoopingClock | null = null;
  readonly #f: (...args: A) => unknown;
  readonly #args: A;
  #interval: number | null = null;
  #run: Run<this> | null = null;
  #isCalling = false;
  /** A new run whose first call waits for the last call of an earlier run. */
  #held: Run<this> | null = null;

  /**
   * Makes a looping call that is not running yet.
   *
   * @param f The function to call.
   * @param args The function's arguments.
   * @throws {TypeError} If `f` is not a function.
   */
  constructor(f: (...args: A) => unknown, ...args: A) {
    checkFunction("LoopingCall() callable", f);
    this.#f = f;
    this.#args = args;
  }

  /**
   * Makes a looping call whose function receives the number of calls since it was last called,
   * including skipped ones.
   *
   * The number is 1 unless calls were skipped: because the process was busy or suspended, or
   * because the function took longer than an interval. With an interval of 0 it is always 1.
   *
   * @param f The function, called with the number.
   * @returns The looping call, which is not running yet.
   *
   * @example
   * ```ts
   * import { Clock, LoopingCall } from "@torsion/reactor/task";
   *
   * const clock = new Clock();
   * const animation = LoopingCall.withCount((frames) => console.log("move on by", frames));
   * animation.clock = clock;
   * animation.start(0.25); // move on by 1
   * clock.jump(1); // move on by 4
   * ```
   */
  static withCount(f: (count: number) => unknown): LoopingCall {
    checkFunction("LoopingCall.withCount() callable", f);
    const counted = (): unknown => {
      const run = loop.#run;
      const count = run === null ? 0 : run.schedule.count(run.clock.seconds());
      // The count is 0 if the interval was increased after this call was scheduled. No call is due
      // in that case.
      return count > 0 ? f(count) : undefined;
    };
    const loop = new LoopingCall(Object.defineProperty(counted, "name", { value: f.name }));
    return loop;
  }

  /** Whether the loop is running: it was started, and has neither failed nor been stopped. */
  get running(): boolean {
    return this.#run !== null;
  }

  /** The Deferred that `start()` returned, while the loop is running; otherwise `null`. */
  get deferred(): Deferred<this> | null {
    return this.#run?.deferred ?? null;
  }

  /**
   * The interval in seconds; `null` before the first `start()`. A new value takes effect with the
   * next call, or at once with `reset()`.
   */
  get interval(): number | null {
    return this.#interval;
  }

  /**
   * Sets the interval in seconds. It takes effect with the next call, or at once with `reset()`.
   */
  set interval(seconds: number) {
    checkDelay("LoopingCall.interval", seconds);
    this.#interval = seconds;
    if (this.#run !== null) this.#run.schedule.interval = seconds;
  }

  /**
   * Starts the loop.
   *
   * A loop that was stopped may be started again. If the last call from before is still in progress
   * (its Deferred has not fired), the first new call waits for it.
   *
   * @param interval Seconds between two calls, at least 0. With 0, there is one call in each turn
   * of the clock.
   * @param now Whether the first call is made at once; with `false`, it is made after one interval.
   * Or an object with `now` and `clock`.
   * @returns A Deferred that fires with the looping call when it is stopped, or fails with the
   * error of a call. Cancelling the Deferred stops the loop too; a call in progress continues.
   * @throws {RangeError} If the interval is negative, NaN or infinite.
   * @throws {Error} If the loop is running already, or has no `clock`.
   */
  start(interval: number, now: boolean | LoopingCallStartOptions = true): Deferred<this> {
    if (this.#run !== null) throw new Error(`Cannot start ${this}: it is already running`);
    checkDelay("LoopingCall.start() interval", interval);
    const options: LoopingCallStartOptions = typeof now === "boolean" ? { now } : now;
    const { now: isAtOnce = true, clock = this.clock } = options;
    if (clock === null) {
      const call = `start(${interval}, { ${isAtOnce ? "" : "now: false, "}clock: reactor })`;
      throw new Error(`Cannot start ${this}: it has no clock. Set its clock, or call ${call}`);
    }
    this.clock = clock;
    const deferred = new Deferred<this>(() => {
      if (this.#run === run) this.#leave(run);
    });
    const schedule = new IntervalSchedule(interval, clock.seconds(), isAtOnce);
    const run: Run<this> = { clock, schedule, deferred, call: null };
    this.#interval = interval;
    this.#run = run;
    if (isAtOnce) this.#makeCall(run);
    else this.#schedule(run);
    return deferred;
  }

  /**
   * Stops the loop. No further call is made. The Deferred of `start()` fires at once, or at the end
   * of a call in progress.
   *
   * @throws {Error} If the loop is not running.
   */
  stop(): void {
    const run = this.#run;
    if (run === null) throw new Error(`Cannot stop ${this}: it is not running`);
    const isCalling = run.call === null && this.#held !== run;
    this.#leave(run);
    if (!isCalling) run.deferred.callback(this);
  }

  /**
   * Restarts the interval: the next call is made a whole interval from now, and later calls follow
   * from there. During a call, it has no effect.
   *
   * @throws {Error} If the loop is not running.
   */
  reset(): void {
    const run = this.#run;
    if (run === null) throw new Error(`Cannot reset ${this}: it is not running`);
    if (run.call === null) return;
    run.call.cancel();
    run.schedule.restart(run.clock.seconds());
    this.#schedule(run);
  }

  /** Stops the loop if it is running, at the end of a `using` block. */
  [Symbol.dispose](): void {
    if (this.running) this.stop();
  }

  /**
   * Returns the interval, the function and its arguments as text: `LoopingCall<0.5>(log, "tick")`.
   */
  toString(): string {
    const call = `${this.#f.name || "(anonymous)"}(${this.#args.map(quote).join(", ")})`;
    return `LoopingCall<${this.#interval}>(${call})`;
  }

  #schedule(run: Run<this>): void {
    const delay = run.schedule.next(run.clock.seconds());
    const makeLoopingCall = () => this.#makeCall(run);
    run.call = run.clock.callLater(delay, makeLoopingCall);
  }

  #makeCall(run: Run<this>): void {
    run.call = null;
    if (this.#isCalling) {
      this.#held = run;
      return;
    }
    this.#isCalling = true;
    maybeDeferred(this.#f, ...this.#args).addCallbacks(
      () => this.#called(run),
      (error) => this.#failed(run, error),
    );
  }

  #called(run: Run<this>): void {
    this.#isCalling = false;
    if (this.#run === run) this.#schedule(run);
    // The loop was stopped during the call. Its Deferred fires now, unless a cancellation has
    // already fired it.
    else if (!run.deferred.called) run.deferred.callback(this);
    this.#callHeld();
  }

  #failed(run: Run<this>, error: Error): void {
    this.#isCalling = false;
    if (this.#run === run) this.#run = null;
    if (run.deferred.called) err(error, `${this} failed after it had been cancelled`);
    else nameInReports(run.deferred, () => `${this} failed`).errback(error);
    this.#callHeld();
  }

  #callHeld(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#makeCall(held);
  }

  /** Ends a run: no further call of it is made. */
  #leave(run: Run<this>): void {
    this.#run = null;
    if (this.#held === run) this.#held = null;
    run.call?.cancel();
    run.call = null;
  }
}
