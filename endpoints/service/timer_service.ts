import { type Deferred, maybeDeferred } from "../../defer/mod.ts";
import { err, warn } from "../../log/mod.ts";
import { checkDelay, checkFunction } from "../../internal/validation.ts";
import { LoopingCall, type LoopingClock } from "../../task/looping_call.ts";
import { nameOf } from "./service_calls.ts";
import { Service } from "./service.ts";
import { StopWaiters } from "./stop_waiters.ts";

/**
 * Calls a function at regular intervals while it runs. Twisted's
 * `twisted.application.internet.TimerService`.
 *
 * The first call is made at once. If a call returns a Deferred or a promise, the next call waits
 * for it, as in `LoopingCall`. If a call fails, the error is logged and no further call is made;
 * `stopService()` and `startService()` start the service again.
 *
 * @typeParam A The arguments of the function.
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
  /**
   * The clock that makes the calls: a reactor, or a test's `Clock`. A change takes effect at the
   * next `startService()`. In Twisted, the process's reactor is the default.
   */
  clock: LoopingClock | null = null;
  /** Seconds between two calls. */
  readonly step: number;
  readonly #loop: LoopingCall;
  readonly #waiters = new StopWaiters();
  #isCalling = false;

  /**
   * Creates a service that has not been started.
   *
   * @param step Seconds between two calls, at least 0.
   * @param callable The function to call.
   * @param args The arguments of the function.
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
   * Makes the first call, and starts the interval. If the service is running already, a warning is
   * logged and nothing else happens.
   *
   * @throws {Error} when `clock` is not set.
   */
  override startService(): void {
    if (this.#loop.running) {
      warn(`Ignored a call of startService() of ${nameOf(this)}: it has already been started`);
      return;
    }
    if (this.clock === null) {
      throw new Error(`Cannot start ${this}: its clock is not set; set it to a reactor or a Clock`);
    }
    super.startService();
    this.#loop.clock = this.clock;
    this.#loop.start(this.step).addErrback(() => {
      // #call() has already logged the error, before the waiters of a stop are notified.
    });
  }

  /**
   * Stops the calls.
   *
   * @returns A Deferred that fires when the call in progress, if any, has completed. If that call
   *   fails, its error is logged and the Deferred still fires.
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
        err(error, `${nameOf(this)} has stopped its calls, because a call failed`);
        this.#called();
        throw error;
      },
    );
  }

  #called(): void {
    this.#isCalling = false;
    this.#stopped();
  }

  /** Fires the waiters of a stop. If the service was started again meanwhile, it keeps running. */
  #stopped(): void {
    const fireStopped = this.#waiters.take();
    if (!this.#loop.running) super.stopService();
    fireStopped();
  }
}
