/**
 * Deferreds: results that may arrive later, with the callbacks that process them; ways to wait for
 * several Deferreds; and a lock, a semaphore and a queue.
 *
 * The names are those of Twisted's `twisted.internet.defer`. A failure is an `Error`. A promise is
 * accepted wherever a Deferred is awaited, and a Deferred is accepted as a promise. `async`/`await`
 * replaces `inlineCallbacks`.
 *
 * @example
 * ```ts
 * import { Deferred, gatherResults } from "@torsion/reactor/defer";
 *
 * const first = new Deferred<number>();
 * const second = new Deferred<number>();
 * gatherResults([first, second])
 *   .addCallback(([a, b]) => a + b)
 *   .addCallback((sum) => console.log(sum)) // 42
 *   .addErrback((error) => console.error(error));
 * first.callback(4);
 * second.callback(38);
 * ```
 *
 * @module
 */

export type { TimeoutCall, TimeoutClock } from "./clock.ts";
export {
  ConcurrencyPrimitive,
  type ConcurrencyPrimitiveOptions,
  type WaitOptions,
} from "./concurrency_primitive.ts";
export { type DebuggingOptions, getDebugging, setDebugging } from "./debug.ts";
export { Deferred } from "./deferred.ts";
export {
  DeferredList,
  type DeferredListEntries,
  type DeferredListEntry,
  type DeferredListFirst,
  type DeferredListOptions,
  type DeferredListResult,
} from "./deferred_list.ts";
export { DeferredLock } from "./deferred_lock.ts";
export { DeferredQueue, type DeferredQueueOptions } from "./deferred_queue.ts";
export { DeferredSemaphore } from "./deferred_semaphore.ts";
export { ensureDeferred } from "./ensure_deferred.ts";
export {
  AlreadyCalledError,
  CancelledError,
  FailureGroup,
  FirstError,
  NonErrorThrown,
  QueueOverflow,
  QueueUnderflow,
  TimeoutError,
  TooManyWaiters,
} from "./errors.ts";
export { execute, maybeDeferred } from "./execute.ts";
export { fail } from "./fail.ts";
export { type GatheredResults, gatherResults } from "./gather_results.ts";
export { isTimeout } from "./is_timeout.ts";
export { logError } from "./log_error.ts";
export { race } from "./race.ts";
export { succeed } from "./succeed.ts";
