/**
 * The engine under `Deferred`: a result, and the steps that wait for it.
 *
 * A chain is fired once, with a value or a failure. Its steps then run in order, each given the
 * outcome of the one before. A step may return another chain; the first one then *waits*: it leaves a
 * link of kind `HAND_OVER` among the other's steps and goes on when that link is reached.
 *
 * Two things are kept in mind throughout:
 *
 * - The stack. Handing a result from chain to chain is a loop in `run()`, not a recursion, so the
 *   length of a line of waiting chains is limited by memory alone.
 * - The memory. In a line `W` waits on `M` waits on `S`, `M` is often nothing but a messenger: it has
 *   no step left except the one that hands its result to `W`. Then `W` is linked to `S` directly and
 *   `M` keeps no more than that link, so that it can be collected (`HANDED_ON`). Should anybody who
 *   still holds `M` add a step to it or pause it, `reinstate()` puts it back in between. A loop of
 *   callbacks, each returning the next Deferred, so takes constant memory.
 *
 * Types thread through `Deferred`, the face of this class. In here values are `unknown`.
 */

import { AlreadyCalledError, CancelledError, NonErrorThrown } from "./errors.ts";
import { debugging, describeOrigin, findOrigin, noteCreated, noteFired } from "./debug.ts";
import { forgive, watch } from "./unhandled.ts";

/** A callback or errback, with its types taken off. */
export type Step = (outcome: unknown) => unknown;

// Bits of #flags.
const CALLED = 1; //      fired, or about to be by a waiting chain
const FAILED = 2; //      #result is a failure
const RUNNING = 4; //     a step is on the call stack
const WAITING = 8; //     #result is the chain waited on
const HANDED_ON = 16; //  WAITING, and #result is the link that bypasses this chain
const SWALLOW = 32; //    cancelled without a canceller: one late result is ignored
const CANCELLING = 64; // the canceller is on the call stack
const SEEN = 128; //      the failure in #result went to a promise, which watches over it
const WATCHED = 256; //   the failure in #result is logged if this chain is collected

/** Neither result nor steps are to be touched by anybody but the loop that is at work. */
const BUSY = RUNNING | WAITING;

// Kinds of link.
const STEP = 0; //      runs a callback or errback; its outcome becomes the result
const OBSERVE = 1; //   shows the result to a promise; the result stays
const HAND_OVER = 2; // gives the result to the chain that waits, and keeps undefined

class Link {
  next: Link | undefined = undefined;
  readonly kind: number;
  readonly onResult: Step | undefined;
  readonly onFailure: Step | undefined;
  /** Of HAND_OVER: the chain that waits; none once it has been served. */
  waiter: Chain | undefined;

  constructor(
    kind: number,
    onResult: Step | undefined,
    onFailure: Step | undefined,
    waiter: Chain | undefined,
  ) {
    this.kind = kind;
    this.onResult = onResult;
    this.onFailure = onFailure;
    this.waiter = waiter;
  }
}

/** What can be seen of a chain from outside, for the inspect form. */
export interface ChainState {
  readonly called: boolean;
  readonly failed: boolean;
  readonly paused: boolean;
  readonly waiting: boolean;
  /** The value, the error, or the chain waited on. */
  readonly result: unknown;
}

/** Adds a callback and an errback; one that is missing lets its outcome pass. */
export let addStep: (chain: Chain, onResult?: Step, onFailure?: Step) => void;
/** Shows the outcome at this point of the chain to a promise's resolving functions. */
export let observe: (chain: Chain, onResult: Step, onFailure: Step) => void;
/** Fires the chain with a value, or a failure. */
export let fire: (chain: Chain, outcome: unknown, failed: boolean) => void;
/** Holds the steps back until as many `unpause()`. */
export let pause: (chain: Chain) => void;
/** Takes one `pause()` back; returns false when there is none to take back. */
export let unpause: (chain: Chain) => boolean;
/** Looks at the chain without touching it. */
export let stateOf: (chain: Chain) => ChainState;

/** A result to come and the steps that wait for it. */
export class Chain {
  #flags = 0;
  #pauses = 0;
  #result: unknown = undefined;
  #head: Link | undefined = undefined;
  #tail: Link | undefined = undefined;
  #canceller: ((chain: Chain) => void) | undefined;

  constructor(canceller: ((chain: Chain) => void) | undefined) {
    this.#canceller = canceller;
    if (debugging) noteCreated(this);
  }

  cancel(reason?: unknown): void {
    if ((this.#flags & CALLED) === 0) Chain.#cancelUnfired(this, reason);
    else Chain.#last(this)?.cancel(reason);
  }

  static {
    addStep = (chain, onResult, onFailure) => {
      if ((chain.#flags & (CALLED | BUSY)) === CALLED && chain.#pauses === 0 && !chain.#head) {
        // Nothing to wait for: the step runs at once, without a link.
        const step = (chain.#flags & FAILED) === 0 ? onResult : onFailure;
        if (step !== undefined) {
          Chain.#apply(chain, step);
          Chain.#run(chain);
        }
      } else {
        Chain.#append(chain, new Link(STEP, onResult, onFailure, undefined));
      }
    };
    observe = (chain, onResult, onFailure) => {
      Chain.#append(chain, new Link(OBSERVE, onResult, onFailure, undefined));
    };
    fire = (chain, outcome, failed) => Chain.#fire(chain, outcome, failed);
    pause = (chain) => {
      if (chain.#flags & HANDED_ON) Chain.#reinstate(chain);
      chain.#pauses++;
    };
    unpause = (chain) => {
      if (chain.#pauses === 0) return false;
      chain.#pauses--;
      Chain.#run(chain);
      return true;
    };
    stateOf = (chain) => {
      const waiting = Chain.#source(chain);
      return {
        called: (chain.#flags & CALLED) !== 0,
        failed: (chain.#flags & FAILED) !== 0,
        paused: chain.#pauses > 0,
        waiting: waiting !== undefined,
        result: waiting ?? (chain.#flags & WAITING ? undefined : chain.#result),
      };
    };
  }

  static #fire(chain: Chain, outcome: unknown, failed: boolean): void {
    if (chain.#flags & CALLED) {
      if ((chain.#flags & SWALLOW) === 0) {
        throw new AlreadyCalledError(
          `Deferred was fired before${describeOrigin(findOrigin(chain))}`,
        );
      }
      chain.#flags &= ~SWALLOW;
      return;
    }
    if (debugging) noteFired(chain);
    chain.#flags |= failed ? CALLED | FAILED : CALLED;
    chain.#result = failed ? toError(outcome) : outcome;
    // The canceller often holds what the chain is about; it is of no use any more.
    chain.#canceller = undefined;
    Chain.#run(chain);
  }

  static #cancelUnfired(chain: Chain, reason: unknown): void {
    if (chain.#flags & CANCELLING) return;
    const canceller = chain.#canceller;
    if (canceller === undefined) {
      chain.#flags |= SWALLOW;
    } else {
      chain.#flags |= CANCELLING;
      try {
        canceller(chain);
      } finally {
        chain.#flags &= ~CANCELLING;
      }
    }
    if ((chain.#flags & CALLED) === 0) {
      const options = reason === undefined ? undefined : { cause: reason };
      const swallow = chain.#flags & SWALLOW;
      chain.#flags &= ~SWALLOW;
      const error = new CancelledError("Deferred was cancelled", options);
      chain.#flags |= swallow;
      Chain.#fire(chain, error, true);
    }
  }

  static #append(chain: Chain, link: Link): void {
    if (chain.#flags & HANDED_ON) Chain.#reinstate(chain);
    if (chain.#tail === undefined) chain.#head = link;
    else chain.#tail.next = link;
    chain.#tail = link;
    if (chain.#flags & CALLED) Chain.#run(chain);
  }

  /** Runs what can be run of `start`, then of the chains that waited on it, and so on. */
  static #run(start: Chain): void {
    let current = start;
    // The chains whose remaining steps come after those of the chain they handed their result to.
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

  /** Runs steps until none is left or a result is to come; returns the chain to go on with. */
  static #advance(chain: Chain): Chain | undefined {
    while (chain.#pauses === 0 && (chain.#flags & BUSY) === 0) {
      const link = chain.#head;
      if (link === undefined) {
        Chain.#settle(chain);
        return undefined;
      }
      chain.#head = link.next;
      if (link.next === undefined) chain.#tail = undefined;
      link.next = undefined;
      const failed = (chain.#flags & FAILED) !== 0;
      if (link.kind === HAND_OVER) return Chain.#handOver(chain, link);
      const step = failed ? link.onFailure : link.onResult;
      if (link.kind === OBSERVE) {
        if (failed) chain.#flags |= SEEN;
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
    let failed = false;
    chain.#flags |= RUNNING;
    try {
      outcome = step(chain.#result);
      if (outcome !== null && (typeof outcome === "object" || typeof outcome === "function")) {
        outcome = Chain.#adopted(outcome);
      }
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
    if (outcome instanceof Chain) Chain.#wait(chain, outcome);
    else chain.#result = outcome;
  }

  static #fail(chain: Chain, error: unknown): void {
    if (error === chain.#result && chain.#flags & FAILED) return;
    if (chain.#flags & FAILED) Chain.#recover(chain);
    chain.#flags |= FAILED;
    chain.#result = error;
  }

  /** The failure in the result is over. */
  static #recover(chain: Chain): void {
    if (chain.#flags & WATCHED) forgive(chain);
    chain.#flags &= ~(FAILED | SEEN | WATCHED);
  }

  /** All steps have run: a failure that is still there is nobody's, so far. */
  static #settle(chain: Chain): void {
    if ((chain.#flags & (FAILED | SEEN | WATCHED)) === FAILED) {
      chain.#flags |= WATCHED;
      // A failure is always an Error: #fire and #apply see to it.
      watch(chain, chain.#result as Error);
    }
  }

  /** A promise of another make becomes a chain; what is neither stays as it is. */
  static #adopted(value: object): object {
    if (#flags in value) return value;
    if (!("then" in value) || typeof value.then !== "function") return value;
    const chain = new Chain(undefined);
    value.then(
      (result: unknown) => Chain.#fire(chain, result, false),
      (error: unknown) => Chain.#fire(chain, error, true),
    );
    return chain;
  }

  /** Makes `chain` wait on `source`, or takes its result if there is one. */
  static #wait(chain: Chain, source: Chain): void {
    if (source.#flags & HANDED_ON && Chain.#source(source) === undefined) Chain.#reinstate(source);
    if (Chain.#isCircle(chain, source)) {
      Chain.#fail(
        chain,
        new TypeError("A callback returned the Deferred it was added to, or one that waits for it"),
      );
      return;
    }
    const idle = (source.#flags & (CALLED | BUSY)) === CALLED && source.#pauses === 0;
    if (idle && source.#head === undefined) {
      Chain.#takeResult(chain, source);
      return;
    }
    chain.#flags |= WAITING;
    if (Chain.#bypass(chain, source)) return;
    if (source.#flags & HANDED_ON) Chain.#reinstate(source);
    chain.#result = source;
    const only = chain.#head;
    let link: Link;
    if (
      only !== undefined && only.kind === HAND_OVER && only.next === undefined && !chain.#pauses
    ) {
      // This chain is a messenger between the source and the one that waits here.
      link = only;
      Chain.#relink(chain, link, source);
    } else {
      link = new Link(HAND_OVER, undefined, undefined, chain);
    }
    if (source.#tail === undefined) source.#head = link;
    else source.#tail.next = link;
    source.#tail = link;
  }

  /** Takes `chain` out of the line: its waiter waits on `source`. */
  static #relink(chain: Chain, link: Link, source: Chain): void {
    chain.#head = chain.#tail = undefined;
    chain.#flags |= HANDED_ON;
    chain.#result = link;
    if (link.waiter !== undefined) link.waiter.#result = source;
  }

  /** Takes a messenger `source` that has no steps at all out of the line before `chain`. */
  static #bypass(chain: Chain, source: Chain): boolean {
    if ((source.#flags & (WAITING | HANDED_ON)) !== WAITING) return false;
    if (source.#head !== undefined || source.#pauses > 0 || chain.#head !== undefined) return false;
    const origin = Chain.#source(source);
    if (origin === undefined) return false;
    const link = origin.#tail;
    if (link === undefined || link.waiter !== source) return false;
    link.waiter = chain;
    chain.#result = origin;
    source.#flags |= HANDED_ON;
    source.#result = link;
    return true;
  }

  /** Puts a chain that was taken out of the line back in, in front of the one that took its place. */
  static #reinstate(chain: Chain): void {
    // HANDED_ON says that the result is a link.
    const link = chain.#result as Link;
    const waiter = link.waiter;
    chain.#flags &= ~HANDED_ON;
    if (waiter === undefined) {
      // Served in the meantime: as after any hand-over, undefined is what is left.
      chain.#flags &= ~WAITING;
      chain.#result = undefined;
      return;
    }
    chain.#result = waiter.#result;
    waiter.#result = chain;
    link.waiter = chain;
    chain.#head = chain.#tail = new Link(HAND_OVER, undefined, undefined, waiter);
  }

  static #handOver(chain: Chain, link: Link): Chain | undefined {
    const waiter = link.waiter;
    link.waiter = undefined;
    if (waiter === undefined) return undefined;
    waiter.#flags &= ~WAITING;
    Chain.#takeResult(waiter, chain);
    return waiter;
  }

  static #takeResult(chain: Chain, source: Chain): void {
    chain.#result = source.#result;
    if (source.#flags & FAILED) {
      chain.#flags |= FAILED;
      Chain.#recover(source);
    }
    source.#result = undefined;
  }

  /** The chain that `chain` waits on, if it still does. */
  static #source(chain: Chain): Chain | undefined {
    if ((chain.#flags & WAITING) === 0) return undefined;
    // By the flags the result is a link (HANDED_ON) or a chain.
    if ((chain.#flags & HANDED_ON) === 0) return chain.#result as Chain;
    const waiter = (chain.#result as Link).waiter;
    return waiter === undefined ? undefined : waiter.#result as Chain;
  }

  /** The chain at the end of the line that `chain` waits in; undefined when it does not wait. */
  static #last(chain: Chain): Chain | undefined {
    let last: Chain | undefined;
    for (let next = Chain.#source(chain); next !== undefined; next = Chain.#source(next)) {
      last = next;
    }
    return last;
  }

  /** Tells whether `chain` would wait for itself. Only one that is waited on can be part of a circle. */
  static #isCircle(chain: Chain, source: Chain): boolean {
    if (chain === source) return true;
    if (chain.#head === undefined) return false;
    for (let next = Chain.#source(source); next !== undefined; next = Chain.#source(next)) {
      if (next === chain) return true;
    }
    return false;
  }
}

/** A failure is an Error; anything else that is thrown gets one around it. */
function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new NonErrorThrown(`Not an Error was thrown: ${String(thrown)}`, { cause: thrown });
}
