/**
 * Test doubles and functions for tests of network programs.
 *
 * - {@linkcode StringTransport} is a transport for one protocol, and {@linkcode
 *   FakeDatagramTransport} is one for datagrams. {@linkcode AccumulatingProtocol} and
 *   {@linkcode LineSendingProtocol} are protocols to connect to other code.
 * - {@linkcode MemoryReactor} and {@linkcode MemoryReactorClock} record what a program listens on
 *   and connects to, and the test makes the connections.
 * - {@linkcode connectedServerAndClient} connects two protocols in memory, by real connections.
 *   {@linkcode MemoryEndpoints}, {@linkcode ManualEndpoint} and {@linkcode ManualServerEndpoint}
 *   are endpoints without a network.
 *   {@linkcode TestPeer} is the peer that a test moves.
 * - {@linkcode InMemoryReactor} is a reactor that really connects, on a clock, and
 *   {@linkcode autoAdvance} moves that clock while a test awaits.
 * - {@linkcode simulate} runs hosts in a network with faults, {@linkcode explore} looks for a seed
 *   with which they fail, and {@linkcode replay} repeats a failure.
 * - {@linkcode runningReactor} starts a reactor for a test on real sockets.
 * - {@linkcode cleanTest} defines a test that fails if it leaves something behind.
 * - {@linkcode successResultOf}, {@linkcode failureResultOf} and {@linkcode assertNoResult} check a
 *   Deferred without an event loop.
 * - {@linkcode EventLoggingObserver} stores what is logged.
 * - `Clock`, of `@torsion/reactor/task`, is a clock that a test moves by hand.
 *
 * The names are those of Twisted's `twisted.internet.testing`.
 *
 * @example
 * ```ts
 * import { Factory, LineReceiver } from "@torsion/reactor/protocol";
 * import { MemoryReactorClock } from "@torsion/reactor/testing";
 *
 * class Echo extends LineReceiver {
 *   override textReceived(line: string) {
 *     this.sendLine(line);
 *   }
 * }
 *
 * const reactor = new MemoryReactorClock();
 * reactor.listenTCP(2000, Factory.forProtocol(Echo));
 * const connection = reactor.tcpServers[0]?.connect();
 * connection?.receive("hello\r\n");
 * console.log(connection?.transport.text()); // hello
 * ```
 *
 * @module
 */

export { AccumulatingProtocol } from "./accumulating_protocol.ts";
export {
  EventLoggingObserver,
  type EventLoggingObserverOptions,
  type ObservablePublisher,
} from "./event_logging_observer.ts";
export { FakeConnection, type FakeConnectionOwner } from "./fake_connection.ts";
export {
  FakeConnector,
  FakeTCPConnector,
  type FakeTLSConnector,
  FakeUNIXConnector,
} from "./fake_connector.ts";
export {
  FakeDatagramTransport,
  type FakeDatagramTransportOptions,
  FakeUDPPort,
  type WrittenDatagram,
} from "./fake_datagram_transport.ts";
export { FakeHostEnvironment } from "./fake_host_environment.ts";
export {
  FakeAdoptedPort,
  FakePort,
  type FakePortOptions,
  FakeTCPPort,
  type FakeTLSPort,
  FakeUNIXPort,
} from "./fake_port.ts";
export { FakeProcess } from "./fake_process.ts";
export { FakeThreadCall, FakeThreadPool } from "./fake_thread_pool.ts";
export { LineSendingProtocol, type LineSendingProtocolOptions } from "./line_sending_protocol.ts";
export { loopbackAsync, type LoopbackOptions } from "./loopback_async.ts";
export { MemoryReactor, type RecordedStreamConnection } from "./memory_reactor.ts";
export { MemoryReactorCore, type RecordedSignalHandler } from "./memory_reactor_core.ts";
export { MemoryReactorClock } from "./memory_reactor_clock.ts";
export {
  RaisingMemoryReactor,
  type RaisingMemoryReactorOptions,
} from "./raising_memory_reactor.ts";
export type { RecordedCall, RecordedTrigger } from "./recorded_triggers.ts";
export type {
  RecordedUNIXDatagramClient,
  RecordedUNIXDatagramPort,
  WrittenUNIXDatagram,
} from "./recorded_unix_datagrams.ts";
export {
  type AutoAdvance,
  autoAdvance,
  type AutoAdvanceOptions,
  type MovableTime,
} from "./auto_advance.ts";
export {
  InMemoryReactor,
  type InMemoryReactorOptions,
} from "../reactor/drivers/memory/in_memory_reactor.ts";
export { VirtualReactor } from "../reactor/drivers/memory/virtual_reactor.ts";
export {
  MemoryDatagramNetwork,
  type MemoryDatagramNetworkOptions,
  MemoryUDPDriver,
} from "../reactor/drivers/memory/memory_datagram_network.ts";
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
} from "../reactor/drivers/memory/memory_network.ts";
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
  ManualListen,
  ManualServerEndpoint,
  type ManualServerEndpointOptions,
} from "./manual_server_endpoint.ts";
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
export * from "./simulation/mod.ts";
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
