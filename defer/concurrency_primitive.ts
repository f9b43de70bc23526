import { checkFunction } from "../internal/foreign_value.ts";
import { Deferred } from "./deferred.ts";
import { TooManyWaiters } from "./errors.ts";
import { maybeDeferred } from "./execute.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";
import { abortedBefore, limitOf, WaiterQueue } from "./waiter_queue.ts";

/** Options of a wait for a lock, a semaphore or a queue. */
export interface WaitOptions {
  /** Cancels the wait when it aborts. It has no effect after the wait. */
  signal?: AbortSignal | undefined;
}

/** The limit on the waiting calls of a lock or semaphore. */
export interface ConcurrencyPrimitiveOptions {
  /**
   * The greatest number of waiting calls of `acquire()` and `run()`. Further calls fail with
   * `TooManyWaiters`. `Infinity` removes the limit. Twisted has no such limit.
   *
   * @default {100_000}
   */
  backlog?: number | undefined;
}

/**
 * The base class of `DeferredLock` and `DeferredSemaphore`: a number of tokens and a queue of calls
 * that wait for one.
 *
 * Twisted's `twisted.internet.defer._ConcurrencyPrimitive`.
 */
export abstract class ConcurrencyPrimitive implements Disposable {
  /** The greatest number of waiting calls. */
  readonly backlog: number;
  readonly #limit: number;
  #free: number;
  /**
   * Tokens that were released while `#release()` is on the call stack, each with the Deferred to
   * fire after its transfer.
   */
  readonly #returned: (Deferred<void> | null)[] = [];
  #releasing = false;
  readonly #line = new WaiterQueue<this>();

  /**
   * Makes a primitive with all tokens free.
   *
   * @param limit The number of tokens.
   * @param options The limit on waiting calls.
   * @throws {RangeError} If that limit is negative or not a number.
   */
  constructor(limit: number, options: ConcurrencyPrimitiveOptions = {}) {
    this.backlog = limitOf(this.constructor.name, "backlog", options.backlog);
    this.#limit = limit;
    this.#free = limit;
  }

  /** The Deferreds of the waiting calls, the next one first. */
  get waiting(): readonly Deferred<this>[] {
    return this.#line.list();
  }

  /**
   * Acquires a token, and waits for one if none is free.
   *
   * The caller has to call `release()` afterwards, or leave the scope of `using`.
   *
   * @param options `signal` cancels the wait.
   * @returns A Deferred that fires with this object; waiting calls are served in order. Cancelling
   * it ends the wait. It fails with `TooManyWaiters` if `backlog` calls are waiting.
   */
  acquire(options: WaitOptions = {}): Deferred<this> {
    const { signal } = options;
    if (signal?.aborted) return abortedBefore(signal);
    if (this.#free > 0) {
      this.#free--;
      return succeed(this);
    }
    if (this.#line.length < this.backlog) return this.#line.join(signal);
    const name = this.constructor.name;
    return fail(
      new TooManyWaiters(
        `Cannot acquire the ${name}: its backlog of ${this.backlog} waiting calls is full`,
      ),
    );
  }

  /**
   * Releases a token. The next waiting call receives it.
   *
   * If a callback that runs because of a `release()` calls this method, the next waiting call's
   * callbacks run after that callback. So a long queue does not deepen the call stack.
   *
   * @throws {RangeError} If all tokens are free.
   */
  release(): void {
    this.#release(null);
  }

  /**
   * Acquires a token, calls a function, and releases the token when the function's result is there.
   *
   * The next waiting call receives the token before the result reaches a callback, or the failure
   * an errback.
   *
   * @param f The function. It may return a Deferred or promise.
   * @param args The function's arguments.
   * @returns A Deferred of the function's result. Cancelling it ends the wait, or cancels the
   * Deferred that the function returned.
   */
  run<R, A extends unknown[] = []>(
    f: (...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Deferred<R> {
    checkFunction("run() callable", f);
    return this.acquire().addCallback(() =>
      maybeDeferred(f, ...args).addCallbacks(
        (result) => this.#releaseBefore(() => result),
        (error) =>
          this.#releaseBefore((): never => {
            throw error;
          }),
      )
    );
  }

  /** Calls `release()`, at the end of the scope of `using turn = await acquire()`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** The number of free tokens. */
  protected get free(): number {
    return this.#free;
  }

  /** Releases a token, and calls `f` after the next waiting call's callbacks. */
  #releaseBefore<R>(f: () => R): R | Deferred<R> {
    if (!this.#releasing) {
      this.#release(null);
      return f();
    }
    // If the wait is cancelled, the canceller fires the Deferred with a result, so `f` is called at
    // once instead of being skipped by an error.
    const passed = new Deferred<void>((self) => self.callback());
    this.#release(passed);
    return passed.addCallback(f);
  }

  #release(passed: Deferred<void> | null): void {
    if (this.#free + this.#returned.length === this.#limit) {
      throw new RangeError(`Cannot release the ${this.constructor.name}: it is not acquired`);
    }
    this.#returned.push(passed);
    if (this.#releasing) return;
    this.#releasing = true;
    // Callbacks that run in this loop may release more tokens, which appends to the list. The loop
    // therefore takes entries from the front until the list is empty.
    for (let each = this.#returned.shift(); each !== undefined; each = this.#returned.shift()) {
      const next = this.#line.next();
      if (next === undefined) this.#free++;
      // callback() does not throw: an error of a callback becomes the result of its Deferred.
      else next.callback(this);
      if (each?.called === false) each.callback();
    }
    this.#releasing = false;
  }
}
