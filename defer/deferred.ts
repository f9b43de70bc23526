import { checkFunction, isInstance } from "../internal/foreign_value.ts";
import {
  addStep,
  Chain,
  fire,
  follow,
  pause as pauseChain,
  promiseOf,
  stateOf,
  unpause as unpauseChain,
} from "./chain.ts";
import { cancelLogged } from "./cancel_all.ts";
import type { TimeoutClock } from "./clock.ts";
import { abortedError } from "./aborted_error.ts";
import { CancelledError, TimeoutError } from "./errors.ts";
import { describeState } from "./inspect.ts";
import type { Step } from "./link.ts";

/**
 * A result that is not there yet, and what is to be done with it once it is.
 *
 * Whoever makes the Deferred *fires* it, once, with `callback()` or `errback()`. Whoever gets it
 * adds callbacks, before or after that. They run in the order in which they were added, each given
 * what the one before it returned, synchronously: those added in time run inside `callback()`,
 * those added later inside `addCallback()`. A callback that throws has the next errback run; an
 * errback that returns has the next callback run.
 *
 * The rules, where they are not those of a promise:
 *
 * - **One chain.** `addCallback()` returns the Deferred itself, with its new type. Two callbacks
 *   added to one Deferred run one after the other, not side by side.
 * - **Waiting.** If a callback returns a Deferred or promise, the chain goes on with its result
 *   once that is there. It *takes* the result: callbacks added to the inner Deferred after the
 *   outer one began to wait get `undefined`. A Deferred that would wait for itself fails with a
 *   `TypeError`.
 * - **Failures.** A failure is always an `Error`. To fail, throw: an `Error` that is returned is a
 *   value like any other. What is thrown and is not an `Error` arrives as a `NonErrorThrown`, whose
 *   `cause` it is. An errback passes its error on by throwing it again.
 * - **Cancelling.** `cancel()` asks the maker to give up; see there.
 * - **Unhandled failures.** A failure that no errback handles within a second is logged as
 *   `Unhandled error in Deferred`: earlier if a reactor shuts down or the program ends, at the end
 *   of the turn after `setDebugging(true)`. Each is logged once; the log also notes when one is
 *   handled after that. Twisted waits for the garbage collector, which may never come.
 * - **Promises.** `then()`, `catch()` and `finally()` take the result at that point of the chain and
 *   leave it there. `await` calls `then()` in the next microtask, as JavaScript does for any object
 *   with that method: callbacks added in the same turn come before it. Their callbacks run as a
 *   promise's do: later, not synchronously. A failure that a promise has seen is the promise's to
 *   handle and is not logged.
 *
 * Twisted: `twisted.internet.defer.Deferred`. The result has no attribute here; a callback sees it,
 * and runs at once if there is one.
 *
 * @typeParam T What the callback that is added next gets.
 *
 * @example
 * ```ts
 * import { Deferred } from "@torsion/reactor/defer";
 *
 * const answer = new Deferred<string>();
 * answer
 *   .addCallback((text) => Number(text)) // Deferred<number>
 *   .addCallback((n) => n * 2)
 *   .addErrback((error) => console.error(error.message));
 * answer.callback("21"); // all of it happens here
 * ```
 */
export class Deferred<T> extends Chain implements Promise<T> {
  /**
   * Makes a Deferred that has not fired.
   *
   * @param canceller Called once by `cancel()` with this Deferred, to end what it stands for. It
   * may fire the Deferred; if it does not, the Deferred fails with a `CancelledError`. What it
   * throws comes out of `cancel()`, and leaves the Deferred unfired; it is logged where a timeout or
   * a signal cancels. If it returns a promise, that is not waited for, and its rejection is logged.
   */
  constructor(canceller?: (deferred: Deferred<T>) => void) {
    if (canceller !== undefined) checkFunction("Deferred() canceller", canceller);
    // The engine calls it with the chain it was made for, which is this Deferred.
    super(canceller as ((chain: Chain) => void) | undefined);
  }

  /**
   * Makes a Deferred that fires when a promise settles.
   *
   * A promise cannot be cancelled: on `cancel()` the Deferred fails at once and ignores what
   * becomes of the promise. Twisted: `Deferred.fromFuture` and `Deferred.fromCoroutine`.
   *
   * @param promise Any promise, or a Deferred, which keeps its result.
   * @param options `signal` cancels the Deferred when it aborts.
   * @returns The Deferred, which never fires before this returns.
   *
   * @example
   * ```ts
   * import { Deferred } from "@torsion/reactor/defer";
   *
   * const page = Deferred.fromPromise(fetch("http://localhost:8080/"))
   *   .addCallback((response) => response.text());
   * ```
   */
  static fromPromise<T>(
    promise: PromiseLike<T>,
    options: { signal?: AbortSignal | undefined } = {},
  ): Deferred<Awaited<T>> {
    const deferred = new Deferred<Awaited<T>>();
    follow(deferred, promise);
    return options.signal === undefined ? deferred : deferred.addSignal(options.signal);
  }

  /** Whether it has been fired. It may still wait on another Deferred, or be paused. */
  get called(): boolean {
    return stateOf(this).called;
  }

  /** How many calls of `pause()` have not been taken back. */
  get paused(): number {
    return stateOf(this).paused;
  }

  /** `"Deferred"`. */
  get [Symbol.toStringTag](): string {
    return "Deferred";
  }

  /**
   * Adds a callback: it gets the result, and what it returns is the result from then on.
   *
   * @param callback Called with the result, unless that is a failure, which passes.
   * @param args Given to the callback after the result.
   * @returns This Deferred.
   *
   * @example
   * ```ts
   * import { succeed } from "@torsion/reactor/defer";
   *
   * succeed(4)
   *   .addCallback((n, m) => n + m, 38)
   *   .addCallback(console.log); // 42
   * ```
   */
  addCallback<R, A extends unknown[] = []>(
    callback: (result: T, ...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Deferred<R> {
    checkFunction("addCallback() callback", callback);
    addStep(this, asStep(callback, args), undefined);
    return retyped(this);
  }

  /**
   * Adds an errback: it gets the failure, and what it returns is the result from then on.
   *
   * @param errback Called with the failure; any other result passes. It throws what it does not
   * want to handle.
   * @param args Given to the errback after the failure.
   * @returns This Deferred.
   *
   * @example
   * ```ts
   * import { fail } from "@torsion/reactor/defer";
   *
   * fail(new RangeError("too much"))
   *   .addErrback((error) => {
   *     if (error instanceof RangeError) return 0;
   *     throw error;
   *   })
   *   .addCallback(console.log); // 0
   * ```
   */
  addErrback<R, A extends unknown[] = []>(
    errback: (error: Error, ...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Deferred<T | R> {
    checkFunction("addErrback() errback", errback);
    addStep(this, undefined, asStep(errback, args));
    return retyped(this);
  }

  /**
   * Adds one function as both callback and errback.
   *
   * A failure that it returns becomes a value: use `addCallbacks()` to let each outcome pass as it
   * is. In Twisted, a `Failure` that is returned stays one.
   *
   * @param both Called with the result or the failure.
   * @param args Given to it after that.
   * @returns This Deferred.
   *
   * @example
   * ```ts
   * import { succeed } from "@torsion/reactor/defer";
   *
   * succeed(1).addBoth((outcome) => outcome instanceof Error ? "failed" : "done");
   * ```
   */
  addBoth<R, A extends unknown[] = []>(
    both: (outcome: T | Error, ...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Deferred<R> {
    checkFunction("addBoth() both", both);
    const step = asStep(both, args);
    addStep(this, step, step);
    return retyped(this);
  }

  /**
   * Adds a callback and an errback at the same point of the chain: only one of them runs.
   *
   * @param callback Called with the result, unless that is a failure. Without it, results pass.
   * @param errback Called with the failure. Without it, failures pass.
   * @returns This Deferred.
   *
   * @example
   * ```ts
   * import { Deferred } from "@torsion/reactor/defer";
   *
   * const reply = new Deferred<string>();
   * // An error in the callback does not reach the errback beside it.
   * reply.addCallbacks((text) => text.length, () => 0).addCallback(console.log);
   * ```
   */
  addCallbacks<R = T, S = never>(
    callback?: ((result: T) => R | PromiseLike<R>) | null,
    errback?: ((error: Error) => S | PromiseLike<S>) | null,
  ): Deferred<R | S> {
    addStep(
      this,
      optionalStep("addCallbacks() callback", callback),
      optionalStep("addCallbacks() errback", errback),
    );
    return retyped(this);
  }

  /**
   * Fires another Deferred with the result of this one, at this point of the chain.
   *
   * @param deferred The Deferred to fire.
   * @returns This Deferred, whose result is `undefined` from then on.
   *
   * @example
   * ```ts
   * import { Deferred } from "@torsion/reactor/defer";
   *
   * const first = new Deferred<number>();
   * const second = new Deferred<number>();
   * first.chainDeferred(second);
   * first.callback(1); // fires the second one, too
   * ```
   */
  chainDeferred(deferred: Deferred<T>): Deferred<void> {
    return this.addCallbacks(
      (result) => deferred.callback(result),
      (error) => deferred.errback(error),
    );
  }

  /**
   * Fires with a result: runs the callbacks added so far.
   *
   * Errors that they throw stay in the chain. Once a Deferred without a canceller has been
   * cancelled, one call of `callback()` or `errback()` is ignored, because whoever makes it could
   * not know.
   *
   * @param result What the first callback gets. It may be anything but a Deferred or promise.
   * @throws {AlreadyCalledError} If it has been fired before.
   * @throws {TypeError} If the result is a Deferred or promise.
   */
  callback(result: T): void {
    fire(this, result, false);
  }

  /**
   * Fires with a failure: runs the errbacks added so far. See `callback()`.
   *
   * @param error What the first errback gets.
   * @throws {AlreadyCalledError} If it has been fired before.
   */
  errback(error: Error): void {
    fire(this, error, true);
  }

  /** Holds back the callbacks that have not run, and those still to be added, until `unpause()`. */
  pause(): void {
    pauseChain(this);
  }

  /**
   * Takes one `pause()` back. With the last one, the callbacks go on.
   *
   * @throws {RangeError} If there is no `pause()` to take back.
   */
  unpause(): void {
    if (!unpauseChain(this)) throw new RangeError("Deferred.unpause() without a pause() before it");
  }

  /**
   * Gives up on the result.
   *
   * If it has not been fired, the canceller is called; unless that fires it, it fails with a
   * `CancelledError`. If it waits on another Deferred, that one is cancelled. If its result is
   * there, nothing happens.
   *
   * @param reason The `cause` of the `CancelledError`.
   *
   * @example
   * ```ts
   * import { Deferred } from "@torsion/reactor/defer";
   *
   * const timer = setTimeout(() => ring.callback("ring"), 1000);
   * const ring = new Deferred<string>(() => clearTimeout(timer));
   * ring.addErrback((error) => console.log(error.name)); // CancelledError
   * ring.cancel();
   * ```
   */
  override cancel(reason?: unknown): void {
    super.cancel(reason);
  }

  /**
   * Cancels the Deferred if what has been added to it so far takes too long.
   *
   * @param seconds How long it may take.
   * @param clock Tells the time: a reactor, or anything else with `callLater()`.
   * @param onTimeoutCancel Makes the result of what became of the cancelled Deferred, and is given
   * `seconds`, too. Without it, a `CancelledError` is replaced by a `TimeoutError` and all else
   * passes.
   * @returns This Deferred.
   *
   * @example
   * ```ts
   * import { Deferred, type TimeoutClock } from "@torsion/reactor/defer";
   *
   * function ask(clock: TimeoutClock): Deferred<string> {
   *   const reply = new Deferred<string>();
   *   return reply.addTimeout(4, clock, () => "no reply");
   * }
   * ```
   */
  addTimeout<R = never>(
    seconds: number,
    clock: TimeoutClock,
    onTimeoutCancel?: (outcome: T | Error, seconds: number) => R | PromiseLike<R>,
  ): Deferred<T | R> {
    if (onTimeoutCancel !== undefined) {
      checkFunction("addTimeout() onTimeoutCancel", onTimeoutCancel);
    }
    let timedOut = false;
    const call = clock.callLater(seconds, () => {
      timedOut = true;
      cancelLogged(this);
    });
    return this.addCallbacks<T | R, R>(
      (result) => {
        if (call.active()) call.cancel();
        return timedOut && onTimeoutCancel ? onTimeoutCancel(result, seconds) : result;
      },
      (error) => {
        if (call.active()) call.cancel();
        if (!timedOut) throw error;
        if (onTimeoutCancel) return onTimeoutCancel(error, seconds);
        if (!isInstance(error, CancelledError)) throw error;
        throw new TimeoutError(`Deferred timed out after ${seconds} seconds`, { cause: error });
      },
    );
  }

  /**
   * Cancels the Deferred when a signal aborts, unless what has been added so far is done by then.
   *
   * Where that makes it fail with a `CancelledError`, the error is replaced by one that says why: a
   * `TimeoutError` for the signal of `AbortSignal.timeout()`, and else a `CancelledError` whose
   * message and `cause` are the signal's `reason`. Twisted has no such method, because Python has no
   * `AbortSignal`.
   *
   * @param signal The signal. If it has aborted already, the Deferred is cancelled at once.
   * @returns This Deferred.
   *
   * @example
   * ```ts
   * import { Deferred } from "@torsion/reactor/defer";
   *
   * const reply = new Deferred<string>().addSignal(AbortSignal.timeout(4000));
   * ```
   */
  addSignal(signal: AbortSignal): Deferred<T> {
    let isCancelled = false;
    const abort = () => {
      isCancelled = true;
      cancelLogged(this, signal.reason);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    return this.addCallbacks(
      (result) => {
        signal.removeEventListener("abort", abort);
        return result;
      },
      (error) => {
        signal.removeEventListener("abort", abort);
        throw isCancelled ? abortedError(error, signal.reason) : error;
      },
    );
  }

  /**
   * Makes a promise of the result as it is at this point of the chain. The chain keeps it.
   *
   * @returns The promise. If nobody handles its rejection, the runtime ends the program, as it does
   * with any promise.
   */
  toPromise(): Promise<T> {
    // The chain's result at this point is what T says.
    return promiseOf(this) as Promise<T>;
  }

  /**
   * Does what a promise's `then()` does, with the result at this point of the chain. The chain
   * keeps it: callbacks added later get the same result. This is what makes `await` work.
   *
   * @param onResult Called with the result, in a later microtask.
   * @param onFailure Called with the failure, in a later microtask.
   * @returns A promise of what these return.
   *
   * @example
   * ```ts
   * import { succeed } from "@torsion/reactor/defer";
   *
   * console.log(await succeed(42));
   * ```
   */
  then<R = T, S = never>(
    onResult?: ((result: T) => R | PromiseLike<R>) | null,
    onFailure?: ((error: unknown) => S | PromiseLike<S>) | null,
  ): Promise<R | S> {
    return this.toPromise().then(onResult, onFailure);
  }

  /**
   * Does what a promise's `catch()` does. See `then()`.
   *
   * @param onFailure Called with the failure, in a later microtask.
   * @returns A promise of the result, or of what this returns.
   */
  catch<S = never>(onFailure?: ((error: unknown) => S | PromiseLike<S>) | null): Promise<T | S> {
    return this.toPromise().catch(onFailure);
  }

  /**
   * Does what a promise's `finally()` does. See `then()`.
   *
   * @param onSettled Called in a later microtask, once there is a result or failure.
   * @returns A promise of the result.
   */
  finally(onSettled?: (() => void) | null): Promise<T> {
    return this.toPromise().finally(onSettled);
  }

  /**
   * Makes the text that `console.log()` shows: `Deferred { 42 }`, or `Deferred { <pending> }`.
   *
   * @param inspect Shows a value; `Deno.inspect` is one.
   * @param options What to hand on to it.
   * @returns The text.
   */
  [Symbol.for("Deno.customInspect")](
    inspect: (value: unknown, options: { depth?: number }) => string,
    options: { depth?: number },
  ): string {
    return describeState(this.constructor.name, stateOf(this), inspect, options);
  }
}

/** The chain is the same; what its next step gets has changed. */
function retyped<R>(deferred: Deferred<unknown>): Deferred<R> {
  return deferred as Deferred<R>;
}

function asStep<A extends unknown[]>(step: (outcome: never, ...args: A) => unknown, args: A): Step {
  // Types are checked where a step is added. The chain runs it with what they promise.
  const untyped = step as (outcome: unknown, ...args: unknown[]) => unknown;
  return args.length === 0 ? untyped : withArguments(untyped, args);
}

function optionalStep(
  name: string,
  step: ((outcome: never) => unknown) | null | undefined,
): Step | undefined {
  if (step === null || step === undefined) return undefined;
  checkFunction(name, step);
  return asStep(step, []);
}

// By itself, for the closure must not cost those who have no use for it.
function withArguments(
  step: (outcome: unknown, ...args: unknown[]) => unknown,
  args: unknown[],
): Step {
  return (outcome) => step(outcome, ...args);
}
