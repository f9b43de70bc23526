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
 * A result that may arrive later, and a chain of callbacks that process it.
 *
 * The producer of the result *fires* the Deferred once, with `callback()` or `errback()`. The
 * consumer adds callbacks, before or after that. Callbacks run synchronously, in the order in which
 * they were added; each receives the return value of the one before it. Callbacks that were added
 * before the Deferred fired run inside `callback()`; later ones run inside `addCallback()`. When a
 * callback throws, the next errback runs; when an errback returns, the next callback runs.
 *
 * The rules that differ from those of a promise:
 *
 * - **One chain.** `addCallback()` returns the Deferred itself, with its new type. Two callbacks
 *   added to one Deferred run one after the other, not side by side.
 * - **Waiting.** If a callback returns a Deferred or a promise, the chain waits for it and
 *   continues with its result. The outer Deferred *takes* the result: callbacks added to the inner
 *   Deferred afterwards receive `undefined`. A Deferred that would wait for itself fails with a
 *   `TypeError`.
 * - **Failures.** A failure is always an `Error`. To fail, throw: an `Error` that a callback
 *   returns is an ordinary value. A thrown value that is not an `Error` becomes the `cause` of a
 *   `NonErrorThrown`. An errback passes its error on by throwing it again.
 * - **Cancelling.** `cancel()` asks the producer to give up; see there.
 * - **Unhandled failures.** A failure that no errback handles within a second is logged as
 *   `Unhandled error in Deferred`; sooner if a reactor shuts down or the program ends, and at the
 *   end of the turn after `setDebugging(true)`. Each failure is logged once. The log also notes
 *   when an errback handles it later. Twisted reports at garbage collection, which may never
 *   happen.
 * - **Promises.** `then()`, `catch()` and `finally()` take the result at that point of the chain
 *   and leave it there. `await` calls `then()` in the next microtask, as JavaScript does for any
 *   object with that method: callbacks added in the same turn come before it. Their callbacks run
 *   later, as a promise's do. Once a promise has received a failure, the promise is responsible for
 *   it, and the Deferred does not log it.
 *
 * Twisted's `twisted.internet.defer.Deferred`, without its `result` attribute: add a callback to
 * read the result; it runs at once if the Deferred has fired.
 *
 * @typeParam T The type of the result that the next callback receives.
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
   * @param canceller Called once by `cancel()`, with this Deferred, to stop the operation behind
   * it. The canceller may fire the Deferred; if it does not, the Deferred fails with a
   * `CancelledError`. If the canceller throws, `cancel()` throws the same error and the Deferred
   * stays unfired; when a timeout or a signal cancels, the error is logged instead. A promise that
   * the canceller returns is not awaited; its rejection is logged.
   */
  constructor(canceller?: (deferred: Deferred<T>) => void) {
    if (canceller !== undefined) checkFunction("Deferred() canceller", canceller);
    // The cast is safe: a chain passes itself to the canceller, and this chain is the Deferred.
    super(canceller as ((chain: Chain) => void) | undefined);
  }

  /**
   * Makes a Deferred that fires when a promise settles.
   *
   * A promise cannot be cancelled: `cancel()` makes the Deferred fail at once, and the later result
   * of the promise is ignored. Twisted's `Deferred.fromFuture` and `Deferred.fromCoroutine`.
   *
   * @param promise Any promise, or a Deferred, which keeps its result.
   * @param options `signal` cancels the Deferred when it aborts.
   * @returns The Deferred. It fires after this method has returned, never before.
   *
   * @example
   * ```ts
   * import { Deferred } from "@torsion/reactor/defer";
   *
   * const page = Deferred.fromPromise(fetch("data:,hello"))
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

  /**
   * Whether the Deferred has fired. Its chain may still wait for another Deferred, or be paused.
   */
  get called(): boolean {
    return stateOf(this).called;
  }

  /** The number of `pause()` calls without a matching `unpause()`. */
  get paused(): number {
    return stateOf(this).paused;
  }

  /** `"Deferred"`. */
  get [Symbol.toStringTag](): string {
    return "Deferred";
  }

  /**
   * Adds a callback. It receives the result, and its return value becomes the new result.
   *
   * @param callback Called with the result. A failure skips it.
   * @param args Further arguments of the callback, after the result.
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
   * Adds an errback. It receives the failure, and its return value becomes the new result.
   *
   * @param errback Called with the failure. A result that is not a failure skips it. The errback
   * throws the error again if it does not handle it.
   * @param args Further arguments of the errback, after the failure.
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
   * An error that the function returns becomes an ordinary value; in Twisted, a returned `Failure`
   * stays a failure. To keep the two outcomes apart, use `addCallbacks()`.
   *
   * @param both Called with the result or the failure.
   * @param args Further arguments of the function.
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
   * @param callback Called with a result that is not a failure. Without it, such a result stays.
   * @param errback Called with a failure. Without it, the failure stays.
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
   * Fires the Deferred with a result and runs the callbacks added so far.
   *
   * Errors thrown by callbacks stay in the chain. After a Deferred without a canceller has been
   * cancelled, one call of `callback()` or `errback()` is ignored: the producer may not know of the
   * cancellation.
   *
   * @param result The first callback's argument. It must not be a Deferred or a promise.
   * @throws {AlreadyCalledError} If it has been fired before.
   * @throws {TypeError} If the result is a Deferred or promise.
   */
  callback(result: T): void {
    fire(this, result, false);
  }

  /**
   * Fires the Deferred with a failure and runs the errbacks added so far. See `callback()`.
   *
   * @param error The first errback's argument.
   * @throws {AlreadyCalledError} If it has been fired before.
   */
  errback(error: Error): void {
    fire(this, error, true);
  }

  /** Suspends the chain: no callback runs until `unpause()`, including those added later. */
  pause(): void {
    pauseChain(this);
  }

  /**
   * Undoes one `pause()`. The chain resumes when every `pause()` has been undone.
   *
   * @throws {RangeError} If the Deferred is not paused.
   */
  unpause(): void {
    if (!unpauseChain(this)) throw new RangeError("Cannot unpause the Deferred: it is not paused");
  }

  /**
   * Cancels the operation behind the Deferred.
   *
   * A Deferred that has not fired calls its canceller; unless the canceller fires it, it then fails
   * with a `CancelledError`. A Deferred that waits for another Deferred cancels that one. On a
   * Deferred that has its result, `cancel()` has no effect.
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
   * Cancels the Deferred when a time limit expires before the callbacks added so far have run.
   *
   * @param seconds The time limit, in seconds.
   * @param clock A reactor, or any other object with `callLater()`.
   * @param onTimeoutCancel Called after a timeout with the outcome of the cancelled Deferred and
   * `seconds`; its return value becomes the result. Without it, a `CancelledError` is replaced by a
   * `TimeoutError`, and any other outcome stays.
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
    const timeOutDeferred = () => {
      timedOut = true;
      cancelLogged(this);
    };
    const call = clock.callLater(seconds, timeOutDeferred);
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
   * Cancels the Deferred when a signal aborts before the callbacks added so far have run.
   *
   * The `CancelledError` that results is replaced by an error that names the signal's reason: a
   * `TimeoutError` for a signal of `AbortSignal.timeout()`, and a `CancelledError` otherwise. Its
   * `cause` is the reason. An error of a subclass of `CancelledError` stays. Twisted has no such
   * method, because Python has no `AbortSignal`.
   *
   * @param signal The signal. If it has aborted already, the Deferred is cancelled at once.
   * @returns This Deferred.
   *
   * @example
   * ```ts
   * import { Deferred } from "@torsion/reactor/defer";
   *
   * const reply = new Deferred<string>().addSignal(AbortSignal.timeout(400));
   * reply.addErrback((error) => console.log(error.name)); // TimeoutError
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
   * Returns a promise of the result at this point of the chain. The chain keeps the result.
   *
   * @returns The promise. If its rejection is not handled, the runtime ends the program, as for any
   * promise.
   */
  toPromise(): Promise<T> {
    // The cast is safe: T is the type of the current result of the chain.
    return promiseOf(this) as Promise<T>;
  }

  /**
   * Works as `Promise.then()`, with the result at this point of the chain. The chain keeps the
   * result: callbacks added later receive the same one. `await` calls this method.
   *
   * @param onResult Called with the result, in a later microtask.
   * @param onFailure Called with the failure, in a later microtask.
   * @returns A promise of the return value of the function that was called.
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
   * Works as `Promise.catch()`. See `then()`.
   *
   * @param onFailure Called with the failure, in a later microtask.
   * @returns A promise of the result, or of the return value of `onFailure`.
   */
  catch<S = never>(onFailure?: ((error: unknown) => S | PromiseLike<S>) | null): Promise<T | S> {
    return this.toPromise().catch(onFailure);
  }

  /**
   * Works as `Promise.finally()`. See `then()`.
   *
   * @param onSettled Called in a later microtask, after the result or the failure has arrived.
   * @returns A promise of the result.
   */
  finally(onSettled?: (() => void) | null): Promise<T> {
    return this.toPromise().finally(onSettled);
  }

  /**
   * Returns the text that `console.log()` shows: `Deferred { 42 }`, or `Deferred { <pending> }`.
   *
   * @param inspect Formats a value, as `Deno.inspect` does.
   * @param options The options for `inspect`.
   * @returns The text.
   */
  [Symbol.for("Deno.customInspect")](
    inspect: (value: unknown, options: { depth?: number }) => string,
    options: { depth?: number },
  ): string {
    return describeState(this.constructor.name, stateOf(this), inspect, options);
  }
}

/** Changes the type: the chain is the same, but its next step receives another result. */
function retyped<R>(deferred: Deferred<unknown>): Deferred<R> {
  return deferred as Deferred<R>;
}

function asStep<A extends unknown[]>(step: (outcome: never, ...args: A) => unknown, args: A): Step {
  // The cast is safe: the method that added the step has checked its types, and the chain calls the
  // step with an outcome of that type.
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

// A separate function, so that a step without extra arguments does not allocate a closure.
function withArguments(
  step: (outcome: unknown, ...args: unknown[]) => unknown,
  args: unknown[],
): Step {
  return (outcome) => step(outcome, ...args);
}
