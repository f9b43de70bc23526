/** What a chain is made of: its links, and the bits that say what state it is in. */

/** A callback or errback, with its types taken off. */
export type Step = (outcome: unknown) => unknown;

// States of a chain, as bits.

/** It has been fired. */
export const CALLED = 1;
/** The result is a failure. */
export const FAILED = 2;
/** A step is on the call stack. */
export const RUNNING = 4;
/** The result is the chain that is waited on. */
export const WAITING = 8;
/** Waiting, and out of the line: the result is the place there. */
export const HANDED_ON = 16;
/** Cancelled without a canceller: one late result is ignored. */
export const SWALLOW = 32;
/** The canceller is on the call stack. */
export const CANCELLING = 64;
/** The failure in the result went to a promise, which watches over it. */
export const SEEN = 128;
/** The failure in the result is going to be reported, or has been: see `unhandled.ts`. */
export const WATCHED = 256;
/** The result is not to be looked at: a step or another chain is going to replace it. */
export const BUSY = RUNNING | WAITING;

// Kinds of link.

/** Runs a callback or errback, whose outcome becomes the result. */
export const STEP = 0;
/** Shows the result to a promise, and leaves it as it is. */
export const OBSERVE = 1;
/** Gives the result to the chain that waits for it, and leaves `undefined`. */
export const HAND_OVER = 2;

/** One thing to be done with the result, and the next. A literal, as what is made most often. */
export interface Link {
  /** What comes after it. */
  next: Link | undefined;
  /** `STEP`, `OBSERVE` or `HAND_OVER`. */
  readonly kind: number;
  /** Takes a value; without one, values pass. */
  readonly onResult: Step | undefined;
  /** Takes a failure; without one, failures pass. */
  readonly onFailure: Step | undefined;
}

/** The link of kind `HAND_OVER`. Others may see it as what goes past them: see `HandoverPosition`. */
export interface HandOver<C> extends Link {
  /** The chain that waits; `undefined` once it has been served. */
  waiter: C | undefined;
  /** The first chain put back in behind this link, and what serves those behind that one. */
  split: { readonly rank: number; readonly link: HandOver<C> } | undefined;
}

/** Makes the link that hands the result over to `waiter`. */
export function handOverTo<C>(waiter: C): HandOver<C> {
  return {
    next: undefined,
    kind: HAND_OVER,
    onResult: undefined,
    onFailure: undefined,
    waiter,
    split: undefined,
  };
}

/** Tells which kind of link it is. */
export function isHandOver<C>(link: Link): link is HandOver<C> {
  return link.kind === HAND_OVER;
}

let passedOver = 0;

/**
 * Where in its line a chain would be that has been taken out of it: behind those of lower rank and
 * before those of higher rank.
 */
export class HandoverPosition<C> {
  /** What served the one behind it when it was taken out. */
  #link: HandOver<C>;
  /** Unique. The later, the farther from 0: lines lose chains at their ends only. */
  readonly rank: number;

  constructor(link: HandOver<C>, end: "first" | "last") {
    passedOver++;
    this.#link = link;
    this.rank = end === "first" ? -passedOver : passedOver;
  }

  /** What serves the one behind it now: others may have been put back in before it. */
  get link(): HandOver<C> {
    while (this.#link.split !== undefined && this.#link.split.rank < this.rank) {
      this.#link = this.#link.split.link;
    }
    return this.#link;
  }
}
