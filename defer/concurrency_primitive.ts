import { checkFunction } from "../internal/foreign_value.ts";
import { Deferred } from "./deferred.ts";
import { TooManyWaiters } from "./errors.ts";
import { maybeDeferred } from "./execute.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";
import { abortedBefore, limitOf, WaiterQueue } from "./waiter_queue.ts";

/** How to wait for a lock, a semaphore or a queue. */
export interface WaitOptions {
  /** Cancels the wait when it aborts. It has no effect on what has been given already. */
  signal?: AbortSignal | undefined;
}

/** How many may wait for a lock or a semaphore. */
export interface ConcurrencyPrimitiveOptions {
  /**
   * The most calls of `acquire()` and `run()` that wait for their turn: one more fails with
   * `TooManyWaiters`. `Infinity` lifts the limit. Twisted has no such limit.
   *
   * @default {100_000}
   */
  backlog?: number | undefined;
}

/**
 * What `DeferredLock` and `DeferredSemaphore` have in common: a number of tokens, and the line of
 * those who wait for one.
 *
 * Twisted: `twisted.internet.defer._ConcurrencyPrimitive`.
 */
export abstract class ConcurrencyPrimitive implements Disposable {
  /** The most that wait for their turn. */
  readonly backlog: number;
  readonly #limit: number;
  #free: number;
  /** Tokens given back while `#release()` is on the call stack, each with the wait for its pass. */
  readonly #returned: (Deferred<void> | null)[] = [];
  #releasing = false;
  readonly #line = new WaiterQueue<this>();

  /**
   * Makes one with all tokens free.
   *
   * @param limit The number of tokens.
   * @param options The limit of those that wait.
   * @throws {RangeError} If that limit is negative or not a number.
   */
  constructor(limit: number, options: ConcurrencyPrimitiveOptions = {}) {
    this.backlog = limitOf(this.constructor.name, "backlog", options.backlog);
    this.#limit = limit;
    this.#free = limit;
  }

  /** Those who wait, the next one first. */
  get waiting(): readonly Deferred<this>[] {
    return this.#line.list();
  }

  /**
   * Waits for a turn. Who got one has to call `release()` after it, or leave the scope of `using`.
   *
   * @param options `signal` cancels the wait.
   * @returns Fires with this object, in the order of the calls. To cancel it is to leave the line.
   * It fails with `TooManyWaiters` if `backlog` others wait already.
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
      new TooManyWaiters(`Cannot wait for a turn of the ${name}: its backlog is ${this.backlog}`),
    );
  }

  /**
   * Ends a turn: the next one in the line gets it.
   *
   * If this is called by a callback that itself runs because of a `release()`, the next one's
   * callbacks run after that callback, so that the length of the line does not matter to the call
   * stack.
   *
   * @throws {RangeError} If there is no turn to end.
   */
  release(): void {
    this.#release(null);
  }

  /**
   * Waits for a turn, calls a function, and ends the turn when its result is there: the next one in
   * the line has its turn before the result reaches a callback, or the failure an errback.
   *
   * @param f The function. It may return a Deferred or promise.
   * @param args Its arguments.
   * @returns The function's result. Cancelling it leaves the line, or cancels what the function
   * returned.
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

  /** Ends a turn, at the end of the scope of `using turn = await acquire()`. See `release()`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** How many tokens are free. */
  protected get free(): number {
    return this.#free;
  }

  /** Ends a turn, and calls `f` after the next one in the line has had its own. */
  #releaseBefore<R>(f: () => R): R | Deferred<R> {
    if (!this.#releasing) {
      this.#release(null);
      return f();
    }
    // Cancelled, it does not wait any longer; the result is there.
    const passed = new Deferred<void>((self) => self.callback());
    this.#release(passed);
    return passed.addCallback(f);
  }

  #release(passed: Deferred<void> | null): void {
    if (this.#free + this.#returned.length === this.#limit) {
      throw new RangeError(`${this.constructor.name}.release() without an acquire() before it`);
    }
    this.#returned.push(passed);
    if (this.#releasing) return;
    this.#releasing = true;
    // Not a for loop over the list, which grows meanwhile.
    for (let each = this.#returned.shift(); each !== undefined; each = this.#returned.shift()) {
      const next = this.#line.next();
      if (next === undefined) this.#free++;
      // Errors of callbacks stay in their chain, so that this does not throw.
      else next.callback(this);
      if (each?.called === false) each.callback();
    }
    this.#releasing = false;
  }
}
