import { cancelAll } from "./cancel_all.ts";
import { Deferred } from "./deferred.ts";
import { ensureDeferred } from "./ensure_deferred.ts";
import { FirstError } from "./errors.ts";

/** Options of a `DeferredList`: when it fires, and what it does with failures. */
export interface DeferredListOptions {
  /**
   * Whether the list fires with `[result, index]` as soon as one of its Deferreds succeeds.
   *
   * @default {false}
   */
  fireOnOneCallback?: boolean | undefined;

  /**
   * Whether the list fails with a `FirstError` as soon as one of its Deferreds fails.
   *
   * @default {false}
   */
  fireOnOneErrback?: boolean | undefined;

  /**
   * Whether the list handles the failures of its Deferreds, whose result is `undefined` from then
   * on. Otherwise each failure stays in its Deferred, and is logged unless that Deferred has an
   * errback of its own.
   *
   * @default {false}
   */
  consumeErrors?: boolean | undefined;
}

/** The outcome of one Deferred: whether it succeeded, and its result or failure. */
export type DeferredListEntry<V> = [success: true, result: V] | [success: false, error: Error];

/** An entry for each Deferred of `T`, in the same order. */
export type DeferredListEntries<T extends Iterable<unknown>> = T extends readonly unknown[]
  ? { -readonly [K in keyof T]: DeferredListEntry<Awaited<T[K]>> }
  : T extends Iterable<infer V> ? DeferredListEntry<Awaited<V>>[]
  : never;

/** The first result among the Deferreds of `T`, and its index there. */
export type DeferredListFirst<T extends Iterable<unknown>> = T extends Iterable<infer V>
  ? [result: Awaited<V>, index: number]
  : never;

/** The result of a `DeferredList` of `T` that was made with the options `O`. */
export type DeferredListResult<T extends Iterable<unknown>, O extends DeferredListOptions> =
  O extends { fireOnOneCallback: false } ? DeferredListEntries<T>
    : O extends { fireOnOneCallback: boolean } ? DeferredListFirst<T> | DeferredListEntries<T>
    : DeferredListEntries<T>;

/**
 * Waits for several Deferreds, and fires with the outcome of each, success or failure.
 *
 * The list adds a callback to each Deferred. Callbacks that were added to a Deferred earlier change
 * the outcome that the list receives; callbacks that are added later receive the result too. With
 * `fireOnOneCallback` the list fires with the first result and its index; if no Deferred succeeds,
 * with all entries; if the list is empty, never. With `fireOnOneErrback` the list fails with the
 * first failure. In neither case are the other Deferreds cancelled.
 *
 * Twisted's `twisted.internet.defer.DeferredList`. Here, the list may contain promises; it always
 * handles their failures. After the list has fired, `cancel()` works as on any Deferred; in Twisted
 * it has no effect then.
 *
 * @typeParam T The list, or any iterable, of Deferreds or promises.
 * @typeParam O The type of the options.
 *
 * @example
 * ```ts
 * import { Deferred, DeferredList } from "@torsion/reactor/defer";
 *
 * const name = new Deferred<string>();
 * const size = new Deferred<number>();
 * new DeferredList([name, size], { consumeErrors: true }).addCallback(([n, s]) => {
 *   if (n[0] && s[0]) console.log(n[1].toUpperCase(), s[1].toFixed());
 * });
 * ```
 */
export class DeferredList<
  const T extends Iterable<PromiseLike<unknown>>,
  const O extends DeferredListOptions = Record<never, never>,
> extends Deferred<DeferredListResult<T, O>> {
  readonly #deferreds: Deferred<unknown>[] = [];
  readonly #entries: DeferredListEntry<unknown>[] = [];
  readonly #options: DeferredListOptions;
  #missing: number;

  /**
   * Makes the list and starts to wait.
   *
   * @param deferreds The Deferreds or promises to wait for. Later changes of this iterable have no
   * effect.
   * @param options When the list fires, and what it does with failures.
   */
  constructor(deferreds: T, options?: O) {
    super();
    this.#options = options ?? {};
    const theirs = Array.from(deferreds);
    this.#missing = theirs.length;
    if (theirs.length === 0 && !this.#options.fireOnOneCallback) this.#finish([]);
    this.#deferreds = theirs.map((promise) => ensureDeferred(promise));
    this.#deferreds.forEach((deferred, index) => {
      // A Deferred that the list itself created for a promise is not available to other code, so
      // the list always consumes its failure.
      this.#listen(deferred, index, this.#options.consumeErrors || deferred !== theirs[index]);
    });
  }

  /**
   * Cancels all Deferreds of the list, if the list has not fired. The list then fires with their
   * outcomes, as usual: the cancellation is not a failure of the list itself.
   *
   * @param reason The `cause` of each `CancelledError`.
   */
  override cancel(reason?: unknown): void {
    if (this.called) super.cancel(reason);
    else cancelAll(this.#deferreds, reason);
  }

  #listen(deferred: Deferred<unknown>, index: number, consume: boolean): void {
    deferred.addCallbacks(
      (result) => {
        this.#enter(index, [true, result]);
        return result;
      },
      (error) => {
        this.#enter(index, [false, error]);
        if (!consume) throw error;
      },
    );
  }

  #enter(index: number, entry: DeferredListEntry<unknown>): void {
    this.#entries[index] = entry;
    this.#missing--;
    if (this.called) return;
    const [success, outcome] = entry;
    if (success && this.#options.fireOnOneCallback) this.#finish([outcome, index]);
    else if (!success && this.#options.fireOnOneErrback) {
      this.errback(new FirstError(outcome, index));
    } else if (this.#missing === 0) this.#finish(this.#entries);
  }

  #finish(result: unknown[]): void {
    // The cast is safe: the list's type parameters follow from the Deferreds and the options, which
    // also determine the shape of the result.
    this.callback(result as DeferredListResult<T, O>);
  }
}
