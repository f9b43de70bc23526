/**
 * The engine of `Deferred`: a result and the links that process it.
 *
 * A chain is fired once, with a value or a failure. Its steps then run in order; each receives the
 * outcome of the step before. A step may return another chain, the *source*. The first chain then
 * waits: it adds a `HAND_OVER` link to the source and continues when the source reaches that link.
 *
 * Two aims shape the code:
 *
 * - Call stack. Results move from chain to chain in a loop, `#run()`, and not by recursion. Only
 *   memory limits how many chains may wait for each other in a line.
 * - Memory. In a line where W waits on M and M waits on S, M often has nothing left to do but to
 *   pass its result to W. Then S serves W directly, and M keeps only its `HandoverPosition` in the
 *   line (`HANDED_ON`). Only the application may still refer to M. If it adds a step to M or pauses
 *   M, `#reinstate()` puts M back into the line. So a loop in which each turn returns the Deferred
 *   of the next turn runs in constant memory; a loop of promises keeps every promise.
 *
 * `Deferred` adds the types. In this file, values are `unknown`.
 */

import { describeOrigin, findOrigin, noteCreated, noteFired, recording } from "./debug.ts";
import { AlreadyCalledError, CancelledError, NonErrorThrown } from "./errors.ts";
import {
  BUSY,
  CALLED,
  CANCELLING,
  FAILED,
  HANDED_ON,
  type HandOver,
  HandoverPosition,
  handOverTo,
  isHandOver,
  type Link,
  OBSERVE,
  RUNNING,
  SEEN,
  STEP,
  type Step,
  SWALLOW,
  WAITING,
  WATCHED,
} from "./link.ts";
import {
  follow as followPromise,
  isError,
  isInstance,
  isThenable,
  quote,
} from "../internal/foreign_value.ts";
import { err } from "../log/mod.ts";
import { markHandled, nameInReports, passOn, watch } from "./unhandled.ts";

/** A snapshot of a chain. */
export interface ChainState {
  /** Whether the chain has been fired. */
  readonly called: boolean;
  /** The number of `pause()` calls without a matching `unpause()`. */
  readonly paused: number;
  /** Whether `result` is a failure. */
  readonly failed: boolean;
  /** The chain that this chain waits on, if any. */
  readonly source: Chain | undefined;
  /** The value or failure; `undefined` while there is none. */
  readonly result: unknown;
}

/**
 * Adds a callback and an errback. Without a callback, values pass on; without an errback, failures
 * do.
 */
export let addStep: (chain: Chain, onResult?: Step, onFailure?: Step) => void;
/** Returns a promise of the outcome at this point of the chain. The chain keeps its result. */
export let promiseOf: (chain: Chain) => Promise<unknown>;
/** Fires the chain. A failure that is not an `Error` is wrapped in a `NonErrorThrown`. */
export let fire: (chain: Chain, outcome: unknown, failed: boolean) => void;
/** Fires `chain` with the outcome of a promise that is not a Deferred. */
export let follow: (chain: Chain, promise: PromiseLike<unknown>) => void;
/** Suspends the steps until `unpause()` has been called as often. */
export let pause: (chain: Chain) => void;
/** Undoes one `pause()`. Returns `false` if the chain is not paused. */
export let unpause: (chain: Chain) => boolean;
/** Returns a snapshot of the chain. */
export let stateOf: (chain: Chain) => ChainState;

/**
 * A future result and the links that process it: the base class of `Deferred`.
 *
 * @internal
 */
export class Chain {
  #flags = 0;
  #pauses = 0;
  /** Depending on the flags: a value, an Error, the chain waited on, or a position in its line. */
  #result: unknown = undefined;
  #head: Link | undefined = undefined;
  #tail: Link | undefined = undefined;
  #canceller: ((chain: Chain) => void) | undefined;

  constructor(canceller: ((chain: Chain) => void) | undefined) {
    this.#canceller = canceller;
    if (recording) noteCreated(this, Chain);
  }

  /** Implements `Deferred.cancel()`. A subclass may override it. */
  cancel(reason?: unknown): void {
    if ((this.#flags & CALLED) === 0) {
      Chain.#cancelUnfired(this, reason);
      return;
    }
    let last: Chain | undefined;
    for (let next = Chain.#source(this); next !== undefined; next = Chain.#source(next)) {
      last = next;
    }
    last?.cancel(reason);
  }

  static {
    addStep = (chain, onResult, onFailure) => {
      if ((chain.#flags & CALLED) === 0) {
        Chain.#attach(chain, { next: undefined, kind: STEP, onResult, onFailure });
      } else {
        Chain.#addLate(chain, onResult, onFailure);
      }
    };
    promiseOf = (chain) => {
      if (!Chain.#isIdle(chain)) {
        return new Promise((resolve, reject) => {
          Chain.#append(chain, {
            next: undefined,
            kind: OBSERVE,
            onResult: resolve,
            onFailure: reject,
          });
        });
      }
      if ((chain.#flags & FAILED) === 0) return Promise.resolve(chain.#result);
      Chain.#seen(chain);
      return Promise.reject(chain.#result);
    };
    fire = (chain, outcome, failed) => {
      if (!failed && isThenable(outcome)) {
        throw new TypeError(
          "Cannot fire a Deferred with a Deferred or promise: return it from a callback instead",
        );
      }
      Chain.#fire(chain, outcome, failed);
    };
    follow = (chain, promise) => {
      // followPromise() guarantees that a thenable of any origin settles the chain only once, and
      // never with another thenable as the result.
      followPromise(
        promise,
        (value) => Chain.#fireLogged(chain, value, false),
        (error) => Chain.#fireLogged(chain, error, true),
      );
    };
    pause = (chain) => {
      if (chain.#flags & HANDED_ON) Chain.#reinstate(chain);
      chain.#pauses++;
    };
    unpause = (chain) => {
      if (chain.#pauses === 0) return false;
      chain.#pauses--;
      if (chain.#flags & CALLED) Chain.#run(chain);
      return true;
    };
    stateOf = (chain) => ({
      called: (chain.#flags & CALLED) !== 0,
      paused: chain.#pauses,
      failed: (chain.#flags & FAILED) !== 0,
      source: Chain.#source(chain),
      result: chain.#flags & WAITING ? undefined : chain.#result,
    });
  }

  static #fire(chain: Chain, outcome: unknown, failed: boolean): void {
    if (chain.#flags & CALLED) {
      if ((chain.#flags & SWALLOW) === 0) {
        const origin = describeOrigin(findOrigin(chain));
        throw new AlreadyCalledError(
          `Cannot fire the Deferred: it has already been fired${origin}`,
        );
      }
      chain.#flags &= ~SWALLOW;
      return;
    }
    if (recording) noteFired(chain, fire);
    chain.#flags |= failed ? CALLED | FAILED : CALLED;
    chain.#result = failed ? toError(outcome) : outcome;
    // The canceller cannot be called any more. It often refers to large objects, so it is released.
    chain.#canceller = undefined;
    Chain.#run(chain);
  }

  /**
   * Fires the chain for a promise. An error is logged: thrown, it would be an unhandled rejection.
   */
  static #fireLogged(chain: Chain, outcome: unknown, failed: boolean): void {
    try {
      Chain.#fire(chain, outcome, failed);
    } catch (error) {
      err(error, "Cannot fire a Deferred with the outcome of its promise");
    }
  }

  static #cancelUnfired(chain: Chain, reason: unknown): void {
    if (chain.#flags & CANCELLING) return;
    const canceller = chain.#canceller;
    if (canceller === undefined) {
      chain.#flags |= SWALLOW;
    } else {
      chain.#flags |= CANCELLING;
      try {
        const returned: unknown = canceller(chain);
        if (returned !== undefined) logRejectedCanceller(returned);
      } finally {
        chain.#flags &= ~CANCELLING;
      }
      if (chain.#flags & CALLED) return;
    }
    const options = reason === undefined ? undefined : { cause: reason };
    Chain.#fire(chain, new CancelledError("Deferred was cancelled", options), true);
  }

  /** Adds a step to a chain that has been fired. */
  static #addLate(chain: Chain, onResult: Step | undefined, onFailure: Step | undefined): void {
    if (!Chain.#isIdle(chain)) {
      Chain.#append(chain, { next: undefined, kind: STEP, onResult, onFailure });
      return;
    }
    // The chain already has a result and no pending links, so the callback runs at once.
    const step = (chain.#flags & FAILED) === 0 ? onResult : onFailure;
    if (step === undefined) return;
    Chain.#apply(chain, step);
    if (chain.#head !== undefined || chain.#flags & FAILED) Chain.#run(chain);
  }

  /** Whether a step added now would run at once. */
  static #isIdle(chain: Chain): boolean {
    return (chain.#flags & (CALLED | BUSY)) === CALLED && chain.#pauses === 0 &&
      chain.#head === undefined;
  }

  static #append(chain: Chain, link: Link): void {
    if (chain.#flags & HANDED_ON) Chain.#reinstate(chain);
    Chain.#attach(chain, link);
    if (chain.#flags & CALLED) Chain.#run(chain);
  }

  static #attach(chain: Chain, link: Link): void {
    if (chain.#tail === undefined) chain.#head = link;
    else chain.#tail.next = link;
    chain.#tail = link;
  }

  /** Runs the links of `start`, then those of the chain that waited for it, and so on. */
  static #run(start: Chain): void {
    let current = start;
    // Chains that have passed their result to a waiting chain but still have links to run. Their
    // turn comes after the waiting chain has run.
    let unfinished: Chain[] | undefined;
    for (;;) {
      const waiter = Chain.#advance(current);
      if (waiter !== undefined) {
        if (current.#head !== undefined) (unfinished ??= []).push(current);
        current = waiter;
      } else {
        const next = unfinished?.pop();
        if (next === undefined) return;
        current = next;
      }
    }
  }

  /**
   * Runs links until none is left or the result has been handed over. Returns the chain that took
   * the result, if any.
   */
  static #advance(chain: Chain): Chain | undefined {
    while (chain.#pauses === 0 && (chain.#flags & BUSY) === 0) {
      const link = chain.#head;
      if (link === undefined) {
        Chain.#settle(chain);
        return undefined;
      }
      chain.#head = link.next;
      if (link.next === undefined) chain.#tail = undefined;
      if (isHandOver<Chain>(link)) return Chain.#handOver(chain, link);
      const failed = (chain.#flags & FAILED) !== 0;
      const step = failed ? link.onFailure : link.onResult;
      if (link.kind === OBSERVE) {
        if (failed) Chain.#seen(chain);
        step?.(chain.#result);
      } else if (step !== undefined) {
        Chain.#apply(chain, step);
      }
    }
    return undefined;
  }

  /** Runs one step and takes its outcome. */
  static #apply(chain: Chain, step: Step): void {
    let outcome: unknown;
    let source: Chain | undefined;
    let failed = false;
    chain.#flags |= RUNNING;
    try {
      outcome = step(chain.#result);
      if (isThenable(outcome)) source = Chain.#adopt(outcome);
    } catch (thrown) {
      failed = true;
      outcome = toError(thrown);
    }
    chain.#flags &= ~RUNNING;
    if (failed) {
      Chain.#fail(chain, outcome);
      return;
    }
    if (chain.#flags & FAILED) Chain.#recover(chain);
    if (source === undefined) chain.#result = outcome;
    else Chain.#wait(chain, source);
  }

  static #adopt(promise: PromiseLike<unknown>): Chain {
    if (isInstance(promise, Chain)) return promise;
    const chain = new Chain(undefined);
    follow(chain, promise);
    return chain;
  }

  static #fail(chain: Chain, error: unknown): void {
    // The errback threw the failure that it received, so the state of that failure does not change.
    if (chain.#flags & FAILED && error === chain.#result) return;
    Chain.#recover(chain);
    chain.#flags |= FAILED;
    chain.#result = error;
  }

  /** Marks the failure in the result, if there is one, as handled. */
  static #recover(chain: Chain): void {
    if (chain.#flags & WATCHED) markHandled(chain);
    chain.#flags &= ~(FAILED | SEEN | WATCHED);
  }

  /**
   * Marks the failure as passed to a promise. If it is not handled there, the runtime reports it.
   */
  static #seen(chain: Chain): void {
    if (chain.#flags & WATCHED) markHandled(chain);
    chain.#flags = chain.#flags & ~WATCHED | SEEN;
  }

  /**
   * Called when no callback is left to run. A failure that remains is reported later if it stays
   * unhandled.
   */
  static #settle(chain: Chain): void {
    if ((chain.#flags & (FAILED | SEEN | WATCHED)) !== FAILED) return;
    chain.#flags |= WATCHED;
    // The cast is safe: the flag FAILED is set only when the result comes from toError().
    watch(chain, chain.#result as Error);
  }

  /** Makes `chain` wait on `source`, or take its result if there is one. */
  static #wait(chain: Chain, source: Chain): void {
    if (Chain.#isCircle(chain, source)) {
      const message =
        "Cannot wait for the Deferred that a callback returned: that Deferred waits for this one";
      Chain.#fail(chain, new TypeError(message));
      return;
    }
    if (source.#flags & HANDED_ON) Chain.#reinstate(source);
    if (Chain.#isIdle(source)) {
      Chain.#take(chain, source);
      return;
    }
    chain.#flags |= WAITING;
    chain.#result = source;
    const only = chain.#head;
    if (
      only !== undefined && isHandOver<Chain>(only) && only === chain.#tail && chain.#pauses === 0
    ) {
      Chain.#passOver(chain, only, source);
    } else if (!Chain.#passOverSource(chain, source)) {
      Chain.#attach(source, handOverTo(chain));
    }
  }

  /**
   * Takes `chain`, which only passes its result on, out of the line: `source` serves its waiter.
   */
  static #passOver(chain: Chain, link: HandOver<Chain>, source: Chain): void {
    chain.#head = chain.#tail = undefined;
    chain.#flags |= HANDED_ON;
    chain.#result = new HandoverPosition(link, "first");
    if (link.waiter !== undefined) link.waiter.#result = source;
    Chain.#attach(source, link);
  }

  /** Takes `source` out of the line before `chain`, if `source` has no links of its own. */
  static #passOverSource(chain: Chain, source: Chain): boolean {
    if (source.#head !== undefined || source.#pauses > 0) return false;
    const first = Chain.#source(source);
    if (first === undefined) return false;
    const link = first.#tail;
    // Only the last link is examined. If other links were added after the hand-over to `source`,
    // finding it would need a search; that case is rare.
    if (link === undefined || !isHandOver<Chain>(link) || link.waiter !== source) return false;
    link.waiter = chain;
    chain.#result = first;
    source.#flags |= HANDED_ON;
    source.#result = new HandoverPosition(link, "last");
    return true;
  }

  /** Puts a chain back into the line that it was taken out of. */
  static #reinstate(chain: Chain): void {
    // While the flag HANDED_ON is set, the result is always a HandoverPosition.
    const { link, rank } = chain.#result as HandoverPosition<Chain>;
    const waiter = link.waiter;
    chain.#flags &= ~HANDED_ON;
    if (waiter === undefined) {
      // The waiter has already received the result. After each hand-over, the result of the chain
      // that passed it on is `undefined`.
      chain.#flags &= ~WAITING;
      chain.#result = undefined;
      return;
    }
    const behind = handOverTo(waiter);
    behind.split = link.split;
    link.split = { rank, link: behind };
    link.waiter = chain;
    chain.#result = waiter.#result;
    waiter.#result = chain;
    Chain.#attach(chain, behind);
  }

  static #handOver(chain: Chain, link: HandOver<Chain>): Chain | undefined {
    const waiter = link.waiter;
    if (waiter === undefined) return undefined;
    // Positions of chains that were taken out of the line may still refer to this link. The link's
    // own references are removed, so that it does not keep other chains in memory.
    link.next = undefined;
    link.waiter = undefined;
    waiter.#flags &= ~WAITING;
    Chain.#take(waiter, chain);
    return waiter;
  }

  /** Moves the result of `source` to `chain`. `undefined` remains in `source`. */
  static #take(chain: Chain, source: Chain): void {
    chain.#result = source.#result;
    source.#result = undefined;
    if ((source.#flags & FAILED) === 0) return;
    chain.#flags |= FAILED;
    // A failure that was already logged as unhandled is not logged again for the chain that
    // receives it.
    if (source.#flags & WATCHED && passOn(source, chain)) {
      source.#flags &= ~WATCHED;
      chain.#flags |= WATCHED;
    }
    Chain.#recover(source);
  }

  /** Returns the chain that `chain` waits on, if any. */
  static #source(chain: Chain): Chain | undefined {
    if ((chain.#flags & WAITING) === 0) return undefined;
    // Without the flag HANDED_ON, the result of a waiting chain is the chain that it waits for.
    // With the flag, the result is a position, and its waiter refers to that chain.
    if ((chain.#flags & HANDED_ON) === 0) return chain.#result as Chain;
    const waiter = (chain.#result as HandoverPosition<Chain>).link.waiter;
    return waiter === undefined ? undefined : waiter.#result as Chain;
  }

  /**
   * Returns whether `chain` would wait for itself. Only a chain that has a waiter can close a
   * circle.
   */
  static #isCircle(chain: Chain, source: Chain): boolean {
    if (chain === source) return true;
    if (chain.#head === undefined) return false;
    for (let next = Chain.#source(source); next !== undefined; next = Chain.#source(next)) {
      if (next === chain) return true;
    }
    return false;
  }
}

/** Logs the rejection of a promise that a canceller returned: no caller awaits it. */
function logRejectedCanceller(returned: unknown): void {
  if (!isThenable(returned)) return;
  if (isInstance(returned, Chain)) {
    nameInReports(returned, "returned by the canceller of a Deferred");
    return;
  }
  const failed = (error: unknown): void => err(error, "Error in the canceller of a Deferred");
  followPromise(returned, undefined, failed);
}

/** Returns `thrown` if it is an Error, and otherwise a `NonErrorThrown` around it. */
function toError(thrown: unknown): Error {
  // Error.isError() also accepts an error whose prototype was replaced. Error handlers test with
  // `instanceof`, so such an error is wrapped like a value that is not an error.
  if (Error.isError(thrown) && isError(thrown)) return thrown;
  const text = typeof thrown === "string" ? thrown : quote(thrown);
  return new NonErrorThrown(`A value that is not an Error was thrown: ${text}`, { cause: thrown });
}
