/**
 * The errors of this folder. Names are those of Twisted's `twisted.internet.defer`.
 *
 * @module
 */

import { messageOf } from "../internal/foreign_value.ts";

/**
 * A Deferred was fired a second time.
 *
 * With debugging on (see `setDebugging`) the message says where the Deferred was made and where it
 * was fired first.
 */
export class AlreadyCalledError extends Error {
  static {
    this.prototype.name = "AlreadyCalledError";
  }
}

/**
 * What a Deferred fails with when it is cancelled and its canceller does not fire it.
 *
 * The `cause` is what was given to `cancel()`; for an `AbortSignal`, its `reason`.
 */
export class CancelledError extends Error {
  static {
    this.prototype.name = "CancelledError";
  }
}

/**
 * The failure of a Deferred whose `addTimeout()` expired, and of a request that was not answered in
 * time. Twisted's `twisted.internet.defer.TimeoutError`.
 *
 * A connection attempt that takes too long fails with `ConnectTimeoutError`, which is a
 * `ConnectError`, and `AbortSignal.timeout()` makes a `DOMException`. To ask for all of them, call
 * `isTimeout()`.
 */
export class TimeoutError extends Error {
  static {
    this.prototype.name = "TimeoutError";
  }
}

/**
 * Stands for something thrown that is not an `Error`; the `cause` is the value that was thrown.
 *
 * A failure is always an `Error`, so that an errback may read its `message` and `stack` without
 * looking first. JavaScript lets anything be thrown, which Python does not: hence this class, which
 * Twisted has no need of.
 */
export class NonErrorThrown extends Error {
  static {
    this.prototype.name = "NonErrorThrown";
  }
}

/** The first failure in a `DeferredList` made with `fireOnOneErrback`, or in `gatherResults()`. */
export class FirstError extends Error {
  static {
    this.prototype.name = "FirstError";
  }

  /** The error of the Deferred that failed; also the `cause`. */
  readonly subFailure: Error;

  /** The place of that Deferred in the list, counted from 0. */
  readonly index: number;

  /**
   * Makes the error.
   *
   * @param subFailure The error of the Deferred that failed.
   * @param index Its place in the list, counted from 0.
   */
  constructor(subFailure: Error, index: number) {
    super(`Deferred #${index} failed: ${messageOf(subFailure)}`, { cause: subFailure });
    this.subFailure = subFailure;
    this.index = index;
  }
}

/** What `race()` fails with: none succeeded. */
export class FailureGroup extends AggregateError {
  static {
    this.prototype.name = "FailureGroup";
  }

  /** The errors, in the order of the Deferreds; the same list as `errors`. */
  readonly failures: readonly Error[];

  /**
   * Makes the error.
   *
   * @param failures The errors, in the order of the Deferreds.
   */
  constructor(failures: readonly Error[]) {
    super(failures, `All of ${failures.length} Deferreds failed`);
    this.failures = failures;
  }
}

/**
 * One more waits for a turn or a connection than the limit allows. In Twisted there is no such
 * limit.
 */
export class TooManyWaiters extends Error {
  static {
    this.prototype.name = "TooManyWaiters";
  }
}

/** More was put into a `DeferredQueue` than its `size` allows. */
export class QueueOverflow extends Error {
  static {
    this.prototype.name = "QueueOverflow";
  }
}

/** More is being asked of a `DeferredQueue` than its `backlog` allows. */
export class QueueUnderflow extends Error {
  static {
    this.prototype.name = "QueueUnderflow";
  }
}
