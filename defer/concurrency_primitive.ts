import type { Deferred } from "./deferred.ts";
import { maybeDeferred } from "./execute.ts";
import { succeed } from "./succeed.ts";
import { abortedBefore, WaitingLine } from "./waiting_line.ts";

/** How to wait for a lock, a semaphore or a queue. */
export interface WaitOptions {
  /** Cancels the wait when it aborts. It has no effect on what has been given already. */
  signal?: AbortSignal | undefined;
}

/**
 * What `DeferredLock` and `DeferredSemaphore` have in common: a number of tokens, and the line of
 * those who wait for one.
 *
 * Twisted: `twisted.internet.defer._ConcurrencyPrimitive`.
 */
export abstract class ConcurrencyPrimitive implements Disposable {
  readonly #limit: number;
  #free: number;
  /** Tokens given back while `release()` is at work on the call stack, which sees to them. */
  #returned = 0;
  #releasing = false;
  readonly #line = new WaitingLine<this>();

  /**
   * Makes one that nobody has.
   *
   * @param limit How many tokens there are.
   */
  constructor(limit: number) {
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
   */
  acquire(options: WaitOptions = {}): Deferred<this> {
    const { signal } = options;
    if (signal?.aborted) return abortedBefore(signal);
    if (this.#free === 0) return this.#line.join(signal);
    this.#free--;
    return succeed(this);
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
    if (this.#free + this.#returned === this.#limit) {
      throw new RangeError(`${this.constructor.name}.release() without an acquire() before it`);
    }
    this.#returned++;
    if (this.#releasing) return;
    this.#releasing = true;
    while (this.#returned > 0) {
      this.#returned--;
      const next = this.#line.next();
      if (next === undefined) this.#free++;
      // Errors of callbacks stay in their chain, so that this does not throw.
      else next.callback(this);
    }
    this.#releasing = false;
  }

  /**
   * Waits for a turn, calls a function, and ends the turn when its result is there.
   *
   * @param f What to call. It may return a Deferred or promise.
   * @param args Its arguments.
   * @returns The function's result. Cancelling it leaves the line, or cancels what the function
   * returned.
   */
  run<R, A extends unknown[] = []>(
    f: (...args: A) => R | PromiseLike<R>,
    ...args: A
  ): Deferred<R> {
    return this.acquire().addCallback(() =>
      maybeDeferred(f, ...args).addCallbacks(
        (result) => {
          this.release();
          return result;
        },
        (error) => {
          this.release();
          throw error;
        },
      )
    );
  }

  /** Ends a turn, at the end of the scope of `using turn = await acquire()`. See `release()`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** How many tokens are to be had. */
  protected get free(): number {
    return this.#free;
  }
}
