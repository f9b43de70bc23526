/**
 * Helpers for tests of network programs.
 *
 * `successResultOf`, `failureResultOf` and `assertNoResult` look at a Deferred without an event loop;
 * `Clock`, of `@torsion/reactor/task`, moves time by hand.
 *
 * @module
 */

export {
  assertNoResult,
  type ErrorType,
  failureResultOf,
  successResultOf,
  UnexpectedResult,
} from "./results.ts";
