import { Deferred } from "../defer/deferred.ts";
import { maybeDeferred } from "../defer/execute.ts";
import { nameInReports } from "../defer/unhandled.ts";
import { err } from "../log/mod.ts";
import type { IDelayedCall, IReactorTime } from "../reactor/interfaces/mod.ts";
import { checkDelay, checkFunction, quote } from "../internal/validation.ts";
import { IntervalSchedule } from "./interval_schedule.ts";

/** What a {@linkcode LoopingCall} needs of a clock. A reactor fits, and so does `Clock`. */
export type LoopingClock = Pick<IReactorTime, "seconds" | "callLater">;

/** How a {@linkcode LoopingCall} starts. */
export interface LoopingCallStartOptions {
  /**
   * Whether the first call is made at once, and not after one interval.
   *
   * @default {true}
   */
  now?: boolean | undefined;
  /**
   * The clock from now on: a reactor, or a test's `Clock`.
   *
   * @default {the looping call's `clock`}
   */
  clock?: LoopingClock | undefined;
}

/** One life of a looping call, from `start()` to its end. */
interface Run<L> {
  readonly clock: LoopingClock;
  readonly timetable: IntervalSchedule;
  readonly deferred: Deferred<L>;
  /** The next call; null while one is under way. */
  call: IDelayedCall | null;
}

/**
 * Calls a function again and again. Twisted's `twisted.internet.task.LoopingCall`.
 *
 * - **Moments.** Calls are made at the start plus whole intervals: no drift. A moment that has
 *   passed when its call could be made is skipped; `withCount()` tells how many were.
 * - **Waiting.** If the function returns a Deferred or promise, the next call waits for it, so that
 *   two calls never overlap.
 * - **Errors.** A call that fails ends the loop, and the Deferred of `start()` fails with its
 *   error. Without an errback, the error is reported within a second, with the name of the loop.
 * - **The clock.** Twisted's default is the process's reactor. Nothing in this library reaches for
 *   that, so `clock` has to be set, or given to `start()`.
 *
 * @example
 * ```ts no-eval
 * import { LoopingCall, reactor } from "@torsion/reactor";
 *
 * const loop = new LoopingCall(console.log, "tick");
 * loop.clock = reactor;
 * loop.start(0.5).addErrback((error) => console.error("The loop has ended:", error));
 * await reactor.run();
 * ```
 */
export class LoopingCall<A extends unknown[] = []> implements Disposable {
  /** Makes the calls: a reactor, or a test's `Clock`. A change takes effect with `start()`. */
  clock: LoopingClock | null = null;
  readonly #f: (...args: A) => unknown;
  readonly #args: A;
  #interval: number | null = null;
  #run: Run<this> | null = null;
  #isCalling = false;
  /** A new run whose first call waits until the last one of an earlier run is over. */
  #held: Run<this> | null = null;

  /**
   * Makes a looping call that does not run yet.
   *
   * @param f What to call.
   * @param args Its arguments.
   * @throws {TypeError} When `f` is not a function.
   */
  constructor(f: (...args: A) => unknown, ...args: A) {
    checkFunction("LoopingCall() callable", f);
    this.#f = f;
    this.#args = args;
  }

  /**
   * Makes a looping call whose function is told how many calls should have been made since it was
   * last called. That is 1, unless calls were skipped: because the process was busy or suspended, or
   * because the function took longer than an interval. With an interval of 0 it is always 1.
   *
   * @param f What to call with the count.
   * @returns The looping call, which does not run yet.
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
      const count = run === null ? 0 : run.timetable.count(run.clock.seconds());
      // None is due when the interval was made longer since this call was asked for.
      return count > 0 ? f(count) : undefined;
    };
    const loop = new LoopingCall(Object.defineProperty(counted, "name", { value: f.name }));
    return loop;
  }

  /** Whether it has been started, and has neither failed nor been stopped since. */
  get running(): boolean {
    return this.#run !== null;
  }

  /** What `start()` returned, while it runs; else `null`. */
  get deferred(): Deferred<this> | null {
    return this.#run?.deferred ?? null;
  }

  /** Seconds between two calls; `null` before the first `start()`. */
  get interval(): number | null {
    return this.#interval;
  }

  /** Changes the interval from the next call on; to begin with it at once, `reset()` after that. */
  set interval(seconds: number) {
    checkDelay("LoopingCall.interval", seconds);
    this.#interval = seconds;
    if (this.#run !== null) this.#run.timetable.interval = seconds;
  }

  /**
   * Begins to call.
   *
   * It may be started again when it has been stopped. If the last call from before is not over yet
   * (its Deferred has not fired), the first new one waits for that.
   *
   * @param interval Seconds between two calls. 0 makes one call each turn of the clock.
   * @param now Whether the first call is made at once, and not after one interval; or an object with
   *   `now` and the `clock`.
   * @returns Fires with the looping call when it is stopped, or fails with the error of a call. To
   * cancel it stops the loop, too; a call that is under way is left to itself.
   * @throws {RangeError} When the interval is negative, NaN or infinite.
   * @throws {Error} When it runs already, or has no `clock`.
   */
  start(interval: number, now: boolean | LoopingCallStartOptions = true): Deferred<this> {
    if (this.#run !== null) throw new Error(`Cannot start ${this}: it is running already`);
    checkDelay("LoopingCall.start() interval", interval);
    const options: LoopingCallStartOptions = typeof now === "boolean" ? { now } : now;
    const { now: isAtOnce = true, clock = this.clock } = options;
    if (clock === null) {
      throw new Error(
        `Cannot start ${this}: it has no clock. Set its clock, or call start(${interval}, { clock: reactor })`,
      );
    }
    this.clock = clock;
    const deferred = new Deferred<this>(() => {
      if (this.#run === run) this.#leave(run);
    });
    const timetable = new IntervalSchedule(interval, clock.seconds(), isAtOnce);
    const run: Run<this> = { clock, timetable, deferred, call: null };
    this.#interval = interval;
    this.#run = run;
    if (isAtOnce) this.#makeCall(run);
    else this.#schedule(run);
    return deferred;
  }

  /**
   * Makes no further call. The Deferred of `start()` fires: at once, or when the call that is under
   * way is over.
   *
   * @throws {Error} When it does not run.
   */
  stop(): void {
    const run = this.#run;
    if (run === null) throw new Error(`Cannot stop ${this}: it is not running`);
    const isCalling = run.call === null && this.#held !== run;
    this.#leave(run);
    if (!isCalling) run.deferred.callback(this);
  }

  /**
   * Waits a whole interval from now for the next call, and counts on from there. While a call is
   * under way, nothing happens.
   *
   * @throws {Error} When it does not run.
   */
  reset(): void {
    const run = this.#run;
    if (run === null) throw new Error(`Cannot reset ${this}: it is not running`);
    if (run.call === null) return;
    run.call.cancel();
    run.timetable.restart(run.clock.seconds());
    this.#schedule(run);
  }

  /** Stops it if it runs, so that `using` ends it with its block. */
  [Symbol.dispose](): void {
    if (this.running) this.stop();
  }

  /** Names the interval, and what is called with what: `LoopingCall<0.5>(log, "tick")`. */
  toString(): string {
    const call = `${this.#f.name || "(anonymous)"}(${this.#args.map(quote).join(", ")})`;
    return `LoopingCall<${this.#interval}>(${call})`;
  }

  #schedule(run: Run<this>): void {
    const delay = run.timetable.next(run.clock.seconds());
    run.call = run.clock.callLater(delay, () => this.#makeCall(run));
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
    // It may have been cancelled.
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

  /** Makes no further call of this run. */
  #leave(run: Run<this>): void {
    this.#run = null;
    if (this.#held === run) this.#held = null;
    run.call?.cancel();
    run.call = null;
  }
}
