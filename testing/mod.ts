/**
 * Functions for tests of network programs.
 *
 * `successResultOf`, `failureResultOf` and `assertNoResult` check a Deferred without an event loop.
 * `Clock`, of `@torsion/reactor/task`, is a clock that a test moves by hand.
 *
 * @module
 */

export { AccumulatingProtocol } from "./accumulating_protocol.ts";
export {
  EventLoggingObserver,
  type EventLoggingObserverOptions,
  type ObservablePublisher,
} from "./event_logging_observer.ts";
export {
  FakeDatagramTransport,
  type FakeDatagramTransportOptions,
  type WrittenDatagram,
} from "./fake_datagram_transport.ts";
export { LineSendingProtocol, type LineSendingProtocolOptions } from "./line_sending_protocol.ts";
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
export { waitUntilAllDisconnected } from "./wait_until_all_disconnected.ts";
