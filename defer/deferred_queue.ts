import type { WaitOptions } from "./concurrency_primitive.ts";
import type { Deferred } from "./deferred.ts";
import { QueueOverflow, QueueUnderflow } from "./errors.ts";
import { Fifo } from "./fifo.ts";
import { succeed } from "./succeed.ts";
import { isThenable } from "../internal/foreign_value.ts";
import { abortedBefore, limitOf, WaiterQueue } from "./waiter_queue.ts";

/** The limits of a `DeferredQueue`. In Twisted, a queue has no limits by default. */
export interface DeferredQueueOptions {
  /**
   * The greatest number of objects in the queue. `Infinity` removes the limit.
   *
   * @default {100_000}
   */
  size?: number | undefined;

  /**
   * The greatest number of waiting calls of `get()`. `Infinity` removes the limit.
   *
   * @default {100_000}
   */
  backlog?: number | undefined;
}

/**
 * A queue of objects: `put()` never waits, and `get()` waits until there is an object.
 *
 * Twisted's `twisted.internet.defer.DeferredQueue`.
 *
 * @typeParam T The type of the objects.
 *
 * @example
 * ```ts
 * import { DeferredQueue } from "@torsion/reactor/defer";
 *
 * const lines = new DeferredQueue<string>({ size: 100 });
 * lines.get().addCallback((line) => console.log(line)); // hello
 * lines.put("hello");
 * ```
 */
export class DeferredQueue<T> {
  /** The greatest number of objects in the queue. */
  readonly size: number;

  /** The greatest number of waiting calls of `get()`. */
  readonly backlog: number;

  readonly #pending = new Fifo<T>();
  readonly #line = new WaiterQueue<T>();

  /**
   * Makes an empty queue.
   *
   * @param options The queue's limits.
   * @throws {RangeError} If a limit is negative or not a number.
   */
  constructor(options: DeferredQueueOptions = {}) {
    this.size = limitOf("DeferredQueue", "size", options.size);
    this.backlog = limitOf("DeferredQueue", "backlog", options.backlog);
  }

  /** The objects in the queue, the next one first. */
  get pending(): readonly T[] {
    return this.#pending.list();
  }

  /** The Deferreds of the waiting calls of `get()`, the next one first. */
  get waiting(): readonly Deferred<T>[] {
    return this.#line.list();
  }

  /**
   * Adds an object, or passes it to the first waiting call of `get()`.
   *
   * @param object The object. It must not be a Deferred or promise.
   * @throws {QueueOverflow} If the queue contains `size` objects.
   * @throws {TypeError} If the object is a Deferred or promise.
   */
  put(object: T): void {
    // The object is checked before a waiting get() is removed from the queue. After this error,
    // that get() continues to wait.
    if (isThenable(object)) {
      throw new TypeError(
        "Cannot put a Deferred or promise into a DeferredQueue: wait for it first",
      );
    }
    const next = this.#line.next();
    if (next !== undefined) {
      next.callback(object);
    } else if (this.#pending.length < this.size) {
      this.#pending.push(object);
    } else {
      throw new QueueOverflow(
        `Cannot put an object into the DeferredQueue: its size of ${this.size} objects is full`,
      );
    }
  }

  /**
   * Removes the first object, and waits for one if the queue is empty.
   *
   * @param options `signal` cancels the wait.
   * @returns A Deferred that fires with the object; waiting calls are served in order. Cancelling
   * it ends the wait.
   * @throws {QueueUnderflow} If `backlog` calls are waiting.
   */
  get(options: WaitOptions = {}): Deferred<T> {
    const { signal } = options;
    if (signal?.aborted) return abortedBefore(signal);
    if (this.#pending.length > 0) return succeed(this.#pending.shift());
    if (this.#line.length < this.backlog) return this.#line.join(signal);
    throw new QueueUnderflow(
      `Cannot wait for the empty DeferredQueue: its backlog of ${this.backlog} waiting calls is full`,
    );
  }
}
