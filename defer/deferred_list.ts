import { cancelAll } from "./cancel_all.ts";
import { Deferred } from "./deferred.ts";
import { ensureDeferred } from "./ensure_deferred.ts";
import { FirstError } from "./errors.ts";

/** How a `DeferredList` deals with its Deferreds. */
export interface DeferredListOptions {
  /**
   * Fires with `[result, index]` as soon as one of them succeeds.
   *
   * @default {false}
   */
  fireOnOneCallback?: boolean | undefined;

  /**
   * Fails with a `FirstError` as soon as one of them fails.
   *
   * @default {false}
   */
  fireOnOneErrback?: boolean | undefined;

  /**
   * Takes failures away from the Deferreds, whose result is `undefined` from then on. Otherwise
   * they pass, and are logged unless each Deferred has an errback of its own.
   *
   * @default {false}
   */
  consumeErrors?: boolean | undefined;
}

/** What became of one Deferred: whether it succeeded, and with what result or failure. */
export type DeferredListEntry<V> = [success: true, result: V] | [success: false, error: Error];

/** An entry for each of `T`, in its order. */
export type DeferredListEntries<T extends Iterable<unknown>> = T extends readonly unknown[]
  ? { -readonly [K in keyof T]: DeferredListEntry<Awaited<T[K]>> }
  : T extends Iterable<infer V> ? DeferredListEntry<Awaited<V>>[]
  : never;

/** The result of one of `T`, and its place there. */
export type DeferredListFirst<T extends Iterable<unknown>> = T extends Iterable<infer V>
  ? [result: Awaited<V>, index: number]
  : never;

/** What a `DeferredList` of `T`, made with the options `O`, fires with. */
export type DeferredListResult<T extends Iterable<unknown>, O extends DeferredListOptions> =
  O extends { fireOnOneCallback: false } ? DeferredListEntries<T>
    : O extends { fireOnOneCallback: boolean } ? DeferredListFirst<T> | DeferredListEntries<T>
    : DeferredListEntries<T>;

/**
 * Waits for several Deferreds, and fires with what became of each, whether success or failure.
 *
 * It adds a callback to each of them. Callbacks added to them before change what it sees; those
 * added after see the results, too. With `fireOnOneCallback` it fires with the first result and its
 * index (with all entries if none succeeds; never if the list is empty); with `fireOnOneErrback` it
 * fails with the first failure. Neither cancels the rest.
 *
 * Twisted: `twisted.internet.defer.DeferredList`. The list may hold promises here; their failures
 * are always consumed. Once it has fired, `cancel()` does what it does with any Deferred, where
 * that of Twisted's list does nothing.
 *
 * @typeParam T The list, or any iterable, of Deferreds or promises.
 * @typeParam O The options given.
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
   * Makes the list and begins to wait.
   *
   * @param deferreds What to wait for. Changes made to it later do not matter.
   * @param options When to fire, and what to do with failures.
   */
  constructor(deferreds: T, options?: O) {
    super();
    this.#options = options ?? {};
    const theirs = Array.from(deferreds);
    this.#missing = theirs.length;
    if (theirs.length === 0 && !this.#options.fireOnOneCallback) this.#finish([]);
    this.#deferreds = theirs.map((promise) => ensureDeferred(promise));
    this.#deferreds.forEach((deferred, index) => {
      // Nobody else sees the Deferred made of a promise.
      this.#listen(deferred, index, this.#options.consumeErrors || deferred !== theirs[index]);
    });
  }

  /**
   * Cancels all Deferreds of the list, if the list has not fired. It then fires by what becomes of
   * them: this is not a failure by itself.
   *
   * @param reason The `cause` of their `CancelledError`.
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
    // The types of the list and of the options say which of the shapes of result this is.
    this.callback(result as DeferredListResult<T, O>);
  }
}
