import type { WaitOptions } from "./concurrency_primitive.ts";
import type { Deferred } from "./deferred.ts";
import { QueueOverflow, QueueUnderflow } from "./errors.ts";
import { Fifo } from "./fifo.ts";
import { succeed } from "./succeed.ts";
import { isThenable } from "../internal/foreign_value.ts";
import { abortedBefore, limitOf, WaiterQueue } from "./waiter_queue.ts";

/** The limits of a `DeferredQueue`. In Twisted, there are none unless they are given. */
export interface DeferredQueueOptions {
  /**
   * The most objects that wait for a `get()`. `Infinity` lifts the limit.
   *
   * @default {100_000}
   */
  size?: number | undefined;

  /**
   * The most calls of `get()` that wait for an object. `Infinity` lifts the limit.
   *
   * @default {100_000}
   */
  backlog?: number | undefined;
}

/**
 * A queue: who puts something in need not wait, and who gets something out waits until it is there.
 *
 * Twisted: `twisted.internet.defer.DeferredQueue`.
 *
 * @typeParam T What is in the queue.
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
  /** The most objects that wait for a `get()`. */
  readonly size: number;

  /** The most calls of `get()` that wait for an object. */
  readonly backlog: number;

  readonly #pending = new Fifo<T>();
  readonly #line = new WaiterQueue<T>();

  /**
   * Makes an empty queue.
   *
   * @param options Its limits.
   * @throws {RangeError} If a limit is negative or not a number.
   */
  constructor(options: DeferredQueueOptions = {}) {
    this.size = limitOf("DeferredQueue", "size", options.size);
    this.backlog = limitOf("DeferredQueue", "backlog", options.backlog);
  }

  /** The objects that nobody got so far, the next one first. */
  get pending(): readonly T[] {
    return this.#pending.list();
  }

  /** Those who wait for an object, the next one first. */
  get waiting(): readonly Deferred<T>[] {
    return this.#line.list();
  }

  /**
   * Puts an object in, or hands it to the first who waits.
   *
   * @param object The object: anything but a Deferred or promise.
   * @throws {QueueOverflow} If `size` objects are in the queue.
   * @throws {TypeError} If the object is a Deferred or promise.
   */
  put(object: T): void {
    // Found out here, and not when it is handed over: then it would be too late for who waits.
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
      throw new QueueOverflow(`DeferredQueue is full: its size is ${this.size}`);
    }
  }

  /**
   * Gets an object out, once there is one.
   *
   * @param options `signal` cancels the wait.
   * @returns Fires with the object, in the order of the calls. To cancel it is to leave the line.
   * @throws {QueueUnderflow} If `backlog` others wait already.
   */
  get(options: WaitOptions = {}): Deferred<T> {
    const { signal } = options;
    if (signal?.aborted) return abortedBefore(signal);
    if (this.#pending.length > 0) return succeed(this.#pending.shift());
    if (this.#line.length < this.backlog) return this.#line.join(signal);
    throw new QueueUnderflow(`DeferredQueue is empty: its backlog is ${this.backlog}`);
  }
}
