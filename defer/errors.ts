/**
 * The errors of Deferreds. The names are those of Twisted's `twisted.internet.defer`.
 *
 * @module
 */

import { messageOf } from "../internal/foreign_value.ts";

/**
 * Thrown when a Deferred is fired a second time.
 *
 * With debugging on (see `setDebugging`), the message contains the call stacks at which the
 * Deferred was made and fired first.
 */
export class AlreadyCalledError extends Error {
  static {
    this.prototype.name = "AlreadyCalledError";
  }
}

/**
 * The failure of a Deferred that was cancelled and whose canceller did not fire it.
 *
 * The `cause` is the argument of `cancel()`; for an `AbortSignal`, its `reason`.
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
 * Wraps a thrown value that is not an `Error`. The `cause` is that value.
 *
 * A failure is always an `Error`, so that an errback may read its `message` and `stack` without a
 * check. JavaScript code may throw any value; Python code may not, so Twisted has no such class.
 */
export class NonErrorThrown extends Error {
  static {
    this.prototype.name = "NonErrorThrown";
  }
}

/**
 * The failure of `gatherResults()`, or of a `DeferredList` with `fireOnOneErrback`, after the first
 * failure of one of its Deferreds.
 */
export class FirstError extends Error {
  static {
    this.prototype.name = "FirstError";
  }

  /** The error of the Deferred that failed; also the `cause`. */
  readonly subFailure: Error;

  /** The index of that Deferred in the list, from 0. */
  readonly index: number;

  /**
   * Makes the error.
   *
   * @param subFailure The error of the Deferred that failed.
   * @param index The index of that Deferred in the list, from 0.
   */
  constructor(subFailure: Error, index: number) {
    super(`Deferred #${index} failed: ${messageOf(subFailure)}`, { cause: subFailure });
    this.subFailure = subFailure;
    this.index = index;
  }
}

/** The failure of `race()` when all of its Deferreds have failed. */
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
 * The failure of a call that would have to wait while the limit on waiting calls is reached, for a
 * lock, a semaphore or a connection. Twisted has no such limit.
 */
export class TooManyWaiters extends Error {
  static {
    this.prototype.name = "TooManyWaiters";
  }
}

/** Thrown by `put()` when a `DeferredQueue` contains as many objects as its `size`. */
export class QueueOverflow extends Error {
  static {
    this.prototype.name = "QueueOverflow";
  }
}

/** Thrown by `get()` when as many calls wait for a `DeferredQueue` as its `backlog`. */
export class QueueUnderflow extends Error {
  static {
    this.prototype.name = "QueueUnderflow";
  }
}
