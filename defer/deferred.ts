import {
  addStep,
  Chain,
  fire,
  observe,
  pause as pauseChain,
  stateOf,
  type Step,
  unpause as unpauseChain,
} from "./chain.ts";
import { CancelledError, TimeoutError } from "./errors.ts";

/** What `addTimeout()` needs of a clock. The reactor and the tasks' `Clock` both fit. */
export interface TimeoutClock {
  /**
   * Has `f` called later.
   *
   * @param delay In how many seconds.
   * @param f What to call.
   * @returns The pending call.
   */
  callLater(delay: number, f: () => void): TimeoutCall;
}

/** What `addTimeout()` needs of a pending call. */
export interface TimeoutCall {
  /** Keeps the call from being made. */
  cancel(): void;
  /** Tells whether the call is still to be made. */
  active(): boolean;
}

/** A result that is not there yet, and what to do with it once it is. */
export class Deferred<T> extends Chain implements Promise<T> {
  /** @param canceller Called by `cancel()`. */
  constructor(canceller?: (deferred: Deferred<T>) => void) {
    // The engine gives the canceller back the chain it was made with, which is this Deferred.
    super(canceller as ((chain: Chain) => void) | undefined);
  }

  static fromPromise<T>(promise: PromiseLike<T>): Deferred<Awaited<T>> {
    const deferred = new Deferred<Awaited<T>>();
    Promise.resolve(promise).then(
      (value) => deferred.callback(value),
      (error) => fire(deferred, error, true),
    );
    return deferred;
  }

  get called(): boolean {
    return stateOf(this).called;
  }

  get [Symbol.toStringTag](): string {
    return "Deferred";
  }

  addCallback<R, A extends unknown[]>(
    callback: (result: T, ...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Deferred<R> {
    addStep(this, bound(callback, args), undefined);
    return this as unknown as Deferred<R>;
  }

  addErrback<R, A extends unknown[]>(
    errback: (error: Error, ...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Deferred<T | R> {
    addStep(this, undefined, bound(errback, args));
    return this as unknown as Deferred<T | R>;
  }

  addBoth<R, A extends unknown[]>(
    both: (outcome: T | Error, ...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Deferred<R> {
    const step = bound(both, args);
    addStep(this, step, step);
    return this as unknown as Deferred<R>;
  }

  addCallbacks<R, S = never>(
    callback: (result: T) => R | PromiseLike<R>,
    errback?: (error: Error) => S | PromiseLike<S>,
  ): Deferred<R | S> {
    addStep(this, callback as Step, errback as Step | undefined);
    return this as unknown as Deferred<R | S>;
  }

  chainDeferred(deferred: Deferred<T>): Deferred<void> {
    return this.addCallbacks(
      (result) => deferred.callback(result),
      (error) => deferred.errback(error),
    );
  }

  callback(result: T): void {
    fire(this, result, false);
  }

  errback(error: Error): void {
    fire(this, error, true);
  }

  pause(): void {
    pauseChain(this);
  }

  unpause(): void {
    if (!unpauseChain(this)) throw new Error("Deferred.unpause() without a pause() to take back");
  }

  override cancel(reason?: unknown): void {
    super.cancel(reason);
  }

  addTimeout<R = never>(
    seconds: number,
    clock: TimeoutClock,
    onTimeoutCancel?: (outcome: T | Error, seconds: number) => R | PromiseLike<R>,
  ): Deferred<T | R> {
    let timedOut = false;
    const call = clock.callLater(seconds, () => {
      timedOut = true;
      this.cancel();
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
        if (!(error instanceof CancelledError)) throw error;
        throw new TimeoutError(`Deferred timed out after ${seconds} seconds`, { cause: error });
      },
    );
  }

  toPromise(): Promise<T> {
    return new Promise<T>((resolve, reject) => observe(this, resolve as Step, reject));
  }

  then<R = T, S = never>(
    onResult?: ((result: T) => R | PromiseLike<R>) | null,
    onFailure?: ((error: unknown) => S | PromiseLike<S>) | null,
  ): Promise<R | S> {
    return this.toPromise().then(onResult, onFailure);
  }

  catch<S = never>(
    onFailure?: ((error: unknown) => S | PromiseLike<S>) | null,
  ): Promise<T | S> {
    return this.toPromise().catch(onFailure);
  }

  finally(onSettled?: (() => void) | null): Promise<T> {
    return this.toPromise().finally(onSettled);
  }
}

function bound<A extends unknown[]>(
  step: (outcome: never, ...args: A) => unknown,
  args: A,
): Step {
  // The types of a chain's steps are checked where they are added, not where they run.
  const typed = step as (outcome: unknown, ...args: unknown[]) => unknown;
  return args.length === 0 ? typed : (outcome) => typed(outcome, ...args);
}
