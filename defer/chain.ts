/**
 * The engine under `Deferred`: a result, and the links that wait for it.
 *
 * A chain is fired once, with a value or a failure. Its steps then run in order, each given the
 * outcome of the one before. A step may return another chain; the first one then *waits*: it leaves
 * a `HAND_OVER` among the other's links and goes on when the other comes to it.
 *
 * Two things shape the code:
 *
 * - The stack. A result goes from chain to chain in a loop, `#run()`, and not by recursion: memory
 *   alone limits how many chains may wait in a line.
 * - The memory. In a line where W waits on M and M on S, M is often a mere messenger, with nothing
 *   left to do but to hand its result to W. Then S serves W directly, and M keeps no more than its
 *   `HandoverPosition` in the line (`HANDED_ON`). Nobody holds M any more, unless its user does; should that
 *   one add a step to M or pause it, `#reinstate()` puts it back in the line. So a loop whose every
 *   turn returns the Deferred of the next one runs in constant memory, where a loop of promises
 *   keeps each of them.
 *
 * Types thread through `Deferred`, the face of this class. In here, values are `unknown`.
 */

import { debugging, describeOrigin, findOrigin, noteCreated, noteFired } from "./debug.ts";
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

/** What can be seen of a chain from outside. */
export interface ChainState {
  /** Whether it has been fired. */
  readonly called: boolean;
  /** How many `pause()` have not been taken back. */
  readonly paused: number;
  /** Whether `result` is a failure. */
  readonly failed: boolean;
  /** The chain that is waited on. */
  readonly source: Chain | undefined;
  /** The value or failure, when there is one. */
  readonly result: unknown;
}

/** Adds a callback and an errback; where one is missing, its kind of outcome passes. */
export let addStep: (chain: Chain, onResult?: Step, onFailure?: Step) => void;
/** Makes a promise of the outcome at this point of the chain, and leaves the chain as it is. */
export let promiseOf: (chain: Chain) => Promise<unknown>;
/** Fires the chain. A failure that is no `Error` gets one around it. */
export let fire: (chain: Chain, outcome: unknown, failed: boolean) => void;
/** Fires `chain` with whatever becomes of a promise that is none of ours. */
export let follow: (chain: Chain, promise: PromiseLike<unknown>) => void;
/** Holds the steps back, until `unpause()` has been called as often. */
export let pause: (chain: Chain) => void;
/** Takes one `pause()` back. Returns false if there is none. */
export let unpause: (chain: Chain) => boolean;
/** Looks at the chain without touching it. */
export let stateOf: (chain: Chain) => ChainState;

/**
 * A result to come and the links that wait for it: what `Deferred` is made of.
 *
 * @internal
 */
export class Chain {
  #flags = 0;
  #pauses = 0;
  /** By the flags: a value, an Error, the chain waited on, or the place in its line. */
  #result: unknown = undefined;
  #head: Link | undefined = undefined;
  #tail: Link | undefined = undefined;
  #canceller: ((chain: Chain) => void) | undefined;

  constructor(canceller: ((chain: Chain) => void) | undefined) {
    this.#canceller = canceller;
    if (debugging) noteCreated(this, Chain);
  }

  /** See `Deferred.cancel()`. A subclass may have its own. */
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
      // Whatever the promise's make, a real one sees to it that it settles once, and flat.
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
        throw new AlreadyCalledError(`Deferred has been fired before${origin}`);
      }
      chain.#flags &= ~SWALLOW;
      return;
    }
    if (debugging) noteFired(chain, fire);
    chain.#flags |= failed ? CALLED | FAILED : CALLED;
    chain.#result = failed ? toError(outcome) : outcome;
    // No longer of use, and it often holds what would better be collected.
    chain.#canceller = undefined;
    Chain.#run(chain);
  }

  /** Fires for a promise, where an error would be an unhandled rejection. */
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
    // Nothing to wait for, so no link is needed.
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

  /** Runs what can be run of `start`, then of the chain that waited for it, and so on. */
  static #run(start: Chain): void {
    let current = start;
    // Those that have handed their result over and have links left, which come after.
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

  /** Runs links until none is left or the result is gone; returns the chain that has it then. */
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
    // The same failure thrown on is not a new one: what is known of it stays.
    if (chain.#flags & FAILED && error === chain.#result) return;
    Chain.#recover(chain);
    chain.#flags |= FAILED;
    chain.#result = error;
  }

  /** The failure in the result, if it is one, is over. */
  static #recover(chain: Chain): void {
    if (chain.#flags & WATCHED) markHandled(chain);
    chain.#flags &= ~(FAILED | SEEN | WATCHED);
  }

  /** A promise has the failure now: if nobody handles it there, the runtime says so. */
  static #seen(chain: Chain): void {
    if (chain.#flags & WATCHED) markHandled(chain);
    chain.#flags = chain.#flags & ~WATCHED | SEEN;
  }

  /** No link is left: a failure that is still there is nobody's, so far. */
  static #settle(chain: Chain): void {
    if ((chain.#flags & (FAILED | SEEN | WATCHED)) !== FAILED) return;
    chain.#flags |= WATCHED;
    // Wherever FAILED is set, the result has gone through toError().
    watch(chain, chain.#result as Error);
  }

  /** Has `chain` wait on `source`, or take its result if there is one. */
  static #wait(chain: Chain, source: Chain): void {
    if (Chain.#isCircle(chain, source)) {
      const message = "A callback returned the Deferred it was added to, or one that waits for it";
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

  /** Takes `chain`, a messenger, out of the line: `source` serves the one behind it. */
  static #passOver(chain: Chain, link: HandOver<Chain>, source: Chain): void {
    chain.#head = chain.#tail = undefined;
    chain.#flags |= HANDED_ON;
    chain.#result = new HandoverPosition(link, "first");
    if (link.waiter !== undefined) link.waiter.#result = source;
    Chain.#attach(source, link);
  }

  /** Takes `source` out of the line before `chain`, if it is a messenger with nobody to serve. */
  static #passOverSource(chain: Chain, source: Chain): boolean {
    if (source.#head !== undefined || source.#pauses > 0) return false;
    const first = Chain.#source(source);
    if (first === undefined) return false;
    const link = first.#tail;
    // If other links came after it, finding it would take a search. That is rare.
    if (link === undefined || !isHandOver<Chain>(link) || link.waiter !== source) return false;
    link.waiter = chain;
    chain.#result = first;
    source.#flags |= HANDED_ON;
    source.#result = new HandoverPosition(link, "last");
    return true;
  }

  /** Puts a chain that was taken out of its line back in. */
  static #reinstate(chain: Chain): void {
    // HANDED_ON says that the result is a place.
    const { link, rank } = chain.#result as HandoverPosition<Chain>;
    const waiter = link.waiter;
    chain.#flags &= ~HANDED_ON;
    if (waiter === undefined) {
      // Served in the meantime. As after any hand-over, undefined is what stays.
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
    // Those that were taken out of the line may keep the link, and it must not keep the others.
    link.next = undefined;
    link.waiter = undefined;
    waiter.#flags &= ~WAITING;
    Chain.#take(waiter, chain);
    return waiter;
  }

  /** Moves the result of `source` to `chain`; `undefined` is what stays. */
  static #take(chain: Chain, source: Chain): void {
    chain.#result = source.#result;
    source.#result = undefined;
    if ((source.#flags & FAILED) === 0) return;
    chain.#flags |= FAILED;
    // What has been reported is not reported again.
    if (source.#flags & WATCHED && passOn(source, chain)) {
      source.#flags &= ~WATCHED;
      chain.#flags |= WATCHED;
    }
    Chain.#recover(source);
  }

  /** The chain that `chain` waits on, if it does. */
  static #source(chain: Chain): Chain | undefined {
    if ((chain.#flags & WAITING) === 0) return undefined;
    // By the flags, the result is a chain, or a place in a line, where the next one has it.
    if ((chain.#flags & HANDED_ON) === 0) return chain.#result as Chain;
    const waiter = (chain.#result as HandoverPosition<Chain>).link.waiter;
    return waiter === undefined ? undefined : waiter.#result as Chain;
  }

  /** Whether `chain` would wait for itself: only one that others wait on can close a circle. */
  static #isCircle(chain: Chain, source: Chain): boolean {
    if (chain === source) return true;
    if (chain.#head === undefined) return false;
    for (let next = Chain.#source(source); next !== undefined; next = Chain.#source(next)) {
      if (next === chain) return true;
    }
    return false;
  }
}

/** No one waits for an async canceller: its failure is logged. */
function logRejectedCanceller(returned: unknown): void {
  if (!isThenable(returned)) return;
  if (isInstance(returned, Chain)) {
    nameInReports(returned, "returned by the canceller of a Deferred");
    return;
  }
  const failed = (error: unknown): void => err(error, "Error in the canceller of a Deferred");
  followPromise(returned, undefined, failed);
}

/** A failure is an Error; anything else that is thrown gets one around it. */
function toError(thrown: unknown): Error {
  // With a broken prototype it is an error that no instanceof can look at.
  if (Error.isError(thrown) && isError(thrown)) return thrown;
  const text = typeof thrown === "string" ? thrown : quote(thrown);
  return new NonErrorThrown(`Not an Error was thrown: ${text}`, { cause: thrown });
}
