/**
 * Functions for tests of network programs.
 *
 * `successResultOf`, `failureResultOf` and `assertNoResult` check a Deferred without an event loop.
 * `Clock`, of `@torsion/reactor/task`, is a clock that a test moves by hand.
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
export * from "./simulation/mod.ts";
