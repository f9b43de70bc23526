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
export {
  type CompleteHandshakeOptions,
  type ProducerState,
  StringTransport,
  type StringTransportOptions,
} from "./string_transport.ts";
export {
  StringTransportWithDisconnection,
  type StringTransportWithDisconnectionOptions,
} from "./string_transport_with_disconnection.ts";
