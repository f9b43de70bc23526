import { Deferred } from "./deferred.ts";
import { CancelledError } from "./errors.ts";
import { abortedError } from "./aborted_error.ts";
import { fail } from "./fail.ts";
import { RemovableFifo } from "./removable_fifo.ts";

/** The default limit on objects and on waiting calls. */
const DEFAULT_LIMIT = 100_000;

/**
 * Returns a limit from the options of a class, or the default.
 *
 * @throws {RangeError} If the limit is negative or not a number.
 */
export function limitOf(owner: string, name: string, value: number = DEFAULT_LIMIT): number {
  if (value >= 0) return value;
  throw new RangeError(`Cannot make a ${owner}: its ${name} must be at least 0, got ${value}`);
}

/** A queue of Deferreds of waiting calls. A Deferred that is cancelled leaves the queue. */
export class WaiterQueue<T> {
  readonly #waiting = new RemovableFifo<Deferred<T>>();

  /** The number of waiting calls. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Returns the Deferreds, the next one first. */
  list(): Deferred<T>[] {
    return this.#waiting.list();
  }

  /** Adds a Deferred at the end and returns it. */
  join(signal: AbortSignal | undefined): Deferred<T> {
    const deferred = new Deferred<T>(() => this.#waiting.remove(number));
    const number = this.#waiting.push(deferred);
    return signal === undefined ? deferred : deferred.addSignal(signal);
  }

  /** Removes and returns the next Deferred, to be fired. */
  next(): Deferred<T> | undefined {
    return this.#waiting.shift();
  }

  /** Removes and returns all Deferreds, the next one first. */
  takeAll(): Deferred<T>[] {
    return this.#waiting.takeAll();
  }
}

/** Returns the failed Deferred of a wait whose signal had aborted before the wait began. */
export function abortedBefore<T>(signal: AbortSignal): Deferred<T> {
  return fail(abortedError(new CancelledError(), signal.reason));
}
