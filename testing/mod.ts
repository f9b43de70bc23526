/**
 * Functions for tests of network programs.
 *
 * {@linkcode connectedServerAndClient} connects two protocols in memory, and
 * {@linkcode MemoryEndpoints} and {@linkcode ManualEndpoint} are endpoints without a network.
 * {@linkcode runningReactor} starts a reactor for a test on real sockets. {@linkcode cleanTest}
 * defines a test that fails if it leaves something behind. `successResultOf`, `failureResultOf` and
 * `assertNoResult` check a Deferred without an event loop. `Clock`, of `@torsion/reactor/task`, is
 * a clock that a test moves by hand.
 *
 * @module
 */

export { checkClean, UncleanTest } from "./check_clean.ts";
export {
  type CleanTest,
  cleanTest,
  type CleanTestDefinition,
  type CleanTestFunction,
  type CleanTestOptions,
  type DefineCleanTest,
} from "./clean_tests.ts";
export {
  ConnectedPair,
  type ConnectedPairOptions,
  connectedServerAndClient,
} from "./connected_pair.ts";
export { IOPump, type IOPumpOptions } from "./io_pump.ts";
export { flushLoggedErrors, LoggedErrors } from "./logged_errors.ts";
export type { ManualAttempt } from "./manual_attempt.ts";
export { ManualEndpoint, type ManualEndpointOptions } from "./manual_endpoint.ts";
export {
  type MemoryAnswer,
  MemoryEndpoints,
  type MemoryEndpointsOptions,
} from "./memory_endpoints.ts";
export type { MemoryLinkOptions } from "./memory_link.ts";
export type { ProtocolSource } from "./protocol_source.ts";
export {
  assertNoResult,
  type ErrorType,
  failureResultOf,
  successResultOf,
  UnexpectedResult,
} from "./results.ts";
export { RunningReactor, runningReactor, type RunningReactorOptions } from "./running_reactor.ts";
export { TestPeer } from "./test_peer.ts";
