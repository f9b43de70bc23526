/**
 * Deferred: a result that is not there yet, and what is to be done with it.
 *
 * @module
 */

export { Deferred, type TimeoutCall, type TimeoutClock } from "./deferred.ts";
export {
  AlreadyCalledError,
  CancelledError,
  FirstError,
  NonErrorThrown,
  TimeoutError,
} from "./errors.ts";
export { getDebugging, setDebugging } from "./debug.ts";
export { gatherResults } from "./gather_results.ts";
export { execute, maybeDeferred } from "./maybe_deferred.ts";
export { fail, succeed } from "./succeed.ts";
