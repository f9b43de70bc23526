/** The links of a chain, and the bits of its state. */

/** A callback or errback without its types. */
export type Step = (outcome: unknown) => unknown;

// The flags of the state of a chain. Each is one bit of a number.

/** The chain has been fired. */
export const CALLED = 1;
/** The result is a failure. */
export const FAILED = 2;
/** A step is on the call stack. */
export const RUNNING = 4;
/** The chain waits; the result is the chain that it waits on. */
export const WAITING = 8;
/** The chain waits, but was taken out of the line; the result is its position there. */
export const HANDED_ON = 16;
/** Cancelled without a canceller: one late result is ignored. */
export const SWALLOW = 32;
/** The canceller is on the call stack. */
export const CANCELLING = 64;
/** The failure in the result was passed to a promise, whose rejection the runtime reports. */
export const SEEN = 128;
/** The failure in the result is watched, or has been reported: see `unhandled.ts`. */
export const WATCHED = 256;
/** The result must not be read: a step or another chain will replace it. */
export const BUSY = RUNNING | WAITING;

// The possible values of a link's `kind`.

/** Runs a callback or errback. Its outcome becomes the result. */
export const STEP = 0;
/** Passes the result to a promise. The chain keeps it. */
export const OBSERVE = 1;
/** Moves the result to the chain that waits for it. `undefined` remains. */
export const HAND_OVER = 2;

/**
 * One way to process the result, and the next link. Links are object literals, because they are
 * created more often than any other object.
 */
export interface Link {
  /** The next link. */
  next: Link | undefined;
  /** `STEP`, `OBSERVE` or `HAND_OVER`. */
  readonly kind: number;
  /** Receives a value. Without it, values pass on. */
  readonly onResult: Step | undefined;
  /** Receives a failure. Without it, failures pass on. */
  readonly onFailure: Step | undefined;
}

/**
 * A link of the kind `HAND_OVER`. Chains that were taken out of the line may refer to it: see
 * `HandoverPosition`.
 */
export interface HandOver<C> extends Link {
  /** The chain that waits; `undefined` once it has received the result. */
  waiter: C | undefined;
  /**
   * The first chain that was put back behind this link, and the link that serves the chains behind
   * that chain.
   */
  split: { readonly rank: number; readonly link: HandOver<C> } | undefined;
}

/** Returns a link that hands the result over to `waiter`. */
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

/** Returns whether a link is of the kind `HAND_OVER`. */
export function isHandOver<C>(link: Link): link is HandOver<C> {
  return link.kind === HAND_OVER;
}

let passedOver = 0;

/**
 * The position in the line of a chain that was taken out of it: behind chains of lower rank and
 * before chains of higher rank.
 */
export class HandoverPosition<C> {
  /** The link that served the next chain in the line when this chain was taken out. */
  #link: HandOver<C>;
  /** Unique. Its distance from 0 grows with time, because a line loses chains only at its ends. */
  readonly rank: number;

  constructor(link: HandOver<C>, end: "first" | "last") {
    passedOver++;
    this.#link = link;
    this.rank = end === "first" ? -passedOver : passedOver;
  }

  /**
   * The link that serves the next chain in the line now: other chains may have been put back in
   * before it.
   */
  get link(): HandOver<C> {
    while (this.#link.split !== undefined && this.#link.split.rank < this.rank) {
      this.#link = this.#link.split.link;
    }
    return this.#link;
  }
}
