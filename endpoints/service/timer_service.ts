import { type Deferred, maybeDeferred } from "../../defer/mod.ts";
import { err, warn } from "../../log/mod.ts";
import { checkDelay, checkFunction } from "../../internal/validation.ts";
import { LoopingCall, type LoopingClock } from "../../task/mod.ts";
import { nameOf } from "./service_calls.ts";
import { Service } from "./service.ts";
import { StopWaiters } from "./stop_waiters.ts";

/**
 * Calls a function again and again while it runs. Twisted's `twisted.application.internet.TimerService`.
 *
 * The first call is made at once. It is a `LoopingCall`: if a call returns a Deferred or promise, the next one waits for it. A call that
 * fails ends the calls, and its error is logged; the service is started again by `stopService()` and `startService()`.
 *
 * @example
 * ```ts
 * import { Clock } from "@torsion/reactor/task";
 * import { TimerService } from "@torsion/reactor/endpoints";
 *
 * const clock = new Clock();
 * const ticker = new TimerService(0.5, console.log, "tick");
 * ticker.clock = clock;
 * ticker.startService(); // tick
 * clock.advance(1); // tick, tick
 * ticker.stopService();
 * ```
 */
export class TimerService<A extends unknown[] = []> extends Service {
  /** Makes the calls: a reactor, or a test's `Clock`. A change takes effect with `startService()`. In Twisted, the process's reactor is the default. */
  clock: LoopingClock | null = null;
  /** Seconds between two calls. */
  readonly step: number;
  readonly #loop: LoopingCall;
  readonly #waiters = new StopWaiters();
  #isCalling = false;

  /**
   * Makes a service that does not run yet.
   *
   * @param step Seconds between two calls.
   * @param callable What to call.
   * @param args Its arguments.
   * @throws {RangeError} when the step is negative, NaN or infinite.
   * @throws {TypeError} when `callable` is not a function.
   */
  constructor(step: number, callable: (...args: A) => unknown, ...args: A) {
    super();
    checkDelay("TimerService() step", step);
    checkFunction("TimerService() callable", callable);
    this.step = step;
    this.#loop = new LoopingCall(() => this.#call(callable, args));
  }

  /**
   * Makes the first call, and the others when they are due. If it runs already, that is logged and nothing else.
   *
   * @throws {Error} when there is no `clock`.
   */
  override startService(): void {
    if (this.#loop.running) {
      warn(`Duplicate TimerService.startService ${nameOf(this)}`);
      return;
    }
    if (this.clock === null) {
      throw new Error(`Cannot start ${this}: set its clock first, to a reactor or a Clock`);
    }
    super.startService();
    this.#loop.clock = this.clock;
    this.#loop.start(this.step).addErrback(() => {
      // Logged where it came up, before who waits for the stop is told.
    });
  }

  /**
   * Makes no further call.
   *
   * @returns A Deferred that fires when the call that is under way, if any, is over. A call that fails then is logged, like any other.
   */
  override stopService(): Deferred<void> {
    const stopped = this.#waiters.add();
    if (this.#loop.running) this.#loop.stop();
    if (!this.#isCalling) this.#stopped();
    return stopped;
  }

  #call(callable: (...args: A) => unknown, args: A): Deferred<unknown> {
    this.#isCalling = true;
    return maybeDeferred(callable, ...args).addCallbacks(
      () => this.#called(),
      (error) => {
        err(error, `${nameOf(this)} makes no more calls: one has failed`);
        this.#called();
        throw error;
      },
    );
  }

  #called(): void {
    this.#isCalling = false;
    this.#stopped();
  }

  /** Tells those who wait, if any do. It may have been started again meanwhile; then it still runs. */
  #stopped(): void {
    const tell = this.#waiters.take();
    if (!this.#loop.running) super.stopService();
    tell();
  }
}
