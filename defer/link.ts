/** What a chain is made of: its links, and the bits that say what state it is in. */

import type { Chain } from "./chain.ts";

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
/** Waiting, and out of the line: the result is the link that goes past this chain. */
export const HANDED_ON = 16;
/** Cancelled without a canceller: one late result is ignored. */
export const SWALLOW = 32;
/** The canceller is on the call stack. */
export const CANCELLING = 64;
/** The failure in the result went to a promise, which watches over it. */
export const SEEN = 128;
/** The failure in the result is logged if the chain is collected. */
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

/** One thing to be done with the result, and the next. */
export class Link {
  /** What comes after it. */
  next: Link | undefined = undefined;
  /** `STEP`, `OBSERVE` or `HAND_OVER`. */
  readonly kind: number;
  /** Takes a value; without one, values pass. */
  readonly onResult: Step | undefined;
  /** Takes a failure; without one, failures pass. */
  readonly onFailure: Step | undefined;
  /** Of `HAND_OVER`, the chain that waits; `undefined` once it has been served. */
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
