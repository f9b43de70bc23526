import { Deferred } from "./deferred.ts";
import { CancelledError } from "./errors.ts";
import { abortedError } from "./aborted_error.ts";
import { fail } from "./fail.ts";

/** The most objects or waiters, unless an option says otherwise. */
const DEFAULT_LIMIT = 100_000;

/**
 * Reads a limit among the options of a class.
 *
 * @throws {RangeError} If it is negative or not a number.
 */
export function limitOf(owner: string, name: string, value = DEFAULT_LIMIT): number {
  if (value >= 0) return value;
  throw new RangeError(`${owner} needs a ${name} of 0 or more, not ${value}`);
}

/** Deferreds that wait for their turn. One that is cancelled leaves the line. */
export class WaiterQueue<T> {
  // A set keeps its order, and lets those in the middle leave at no cost.
  readonly #waiting = new Set<Deferred<T>>();

  /** How many wait. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Those that wait, the next one first. */
  list(): Deferred<T>[] {
    return [...this.#waiting];
  }

  /** Adds one at the end. */
  join(signal: AbortSignal | undefined): Deferred<T> {
    const deferred = new Deferred<T>((self) => {
      this.#waiting.delete(self);
    });
    this.#waiting.add(deferred);
    return signal === undefined ? deferred : deferred.addSignal(signal);
  }

  /** Takes the next one out of the line, to be fired. */
  next(): Deferred<T> | undefined {
    for (const deferred of this.#waiting) {
      this.#waiting.delete(deferred);
      return deferred;
    }
    return undefined;
  }
}

/** What a wait gives whose signal has aborted before it began. */
export function abortedBefore<T>(signal: AbortSignal): Deferred<T> {
  return fail(abortedError(new CancelledError(), signal.reason));
}
