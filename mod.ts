/**
 * Torsion: event-driven networking for Deno, modelled on Python's Twisted.
 *
 * This entry point has the everyday names. Each is also exported, together with the rarer names,
 * from the entry point of its part: `./reactor` (the event loop, connections, addresses, errors,
 * threads), `./defer` (Deferreds), `./task` (looping calls, cooperative tasks, a program's main
 * function, a clock for tests), `./protocol` (protocols and factories), `./endpoints` (where to
 * listen and what to connect to, services) and `./log` (here as the namespace `log`).
 *
 * @example A server that greets each client and closes the connection
 * ```ts no-eval
 * import { Protocol, reactor, ServerFactory, TCP4ServerEndpoint } from "@torsion/reactor";
 *
 * class Greeter extends Protocol {
 *   override connectionMade() {
 *     this.transport.write("Hello Twisted");
 *     this.transport.loseConnection();
 *   }
 * }
 *
 * await new TCP4ServerEndpoint(reactor, 2000).listen(ServerFactory.forProtocol(Greeter));
 * await reactor.run();
 * ```
 *
 * @module
 */

// Each name comes from its own file, because an import of a folder's mod.ts loads the whole folder:
// the rarer names cost time and memory, too.

export { Deferred } from "./defer/deferred.ts";
export { DeferredList } from "./defer/deferred_list.ts";
export { DeferredLock } from "./defer/deferred_lock.ts";
export { DeferredQueue } from "./defer/deferred_queue.ts";
export { DeferredSemaphore } from "./defer/deferred_semaphore.ts";
export { ensureDeferred } from "./defer/ensure_deferred.ts";
export { CancelledError, TimeoutError } from "./defer/errors.ts";
export { execute, maybeDeferred } from "./defer/execute.ts";
export { fail } from "./defer/fail.ts";
export { gatherResults } from "./defer/gather_results.ts";
export { isTimeout } from "./defer/is_timeout.ts";
export { race } from "./defer/race.ts";
export { succeed } from "./defer/succeed.ts";
export { connectProtocol } from "./endpoints/connect_protocol.ts";
export { clientFromString, serverFromString } from "./endpoints/from_string.ts";
export { HostnameEndpoint } from "./endpoints/hostname_endpoint.ts";
export { ProcessEndpoint } from "./endpoints/process.ts";
export { backoffPolicy } from "./endpoints/service/backoff_policy.ts";
export { ClientService } from "./endpoints/service/client_service.ts";
export { MultiService } from "./endpoints/service/multi_service.ts";
export { Service } from "./endpoints/service/service.ts";
export { startApplication } from "./endpoints/service/start_application.ts";
export { StreamServerEndpointService } from "./endpoints/service/stream_server_endpoint_service.ts";
export { TimerService } from "./endpoints/service/timer_service.ts";
export { StandardIOEndpoint } from "./endpoints/standard_io.ts";
export { TCP4ClientEndpoint, TCP4ServerEndpoint } from "./endpoints/tcp.ts";
export { TCP6ClientEndpoint, TCP6ServerEndpoint } from "./endpoints/tcp6.ts";
export { TLSClientEndpoint, TLSServerEndpoint } from "./endpoints/tls.ts";
export { UNIXClientEndpoint, UNIXServerEndpoint } from "./endpoints/unix.ts";
export { wrapClientTLS, wrapServerTLS } from "./endpoints/wrap_tls.ts";
export * as log from "./log/mod.ts";
export { DatagramProtocol } from "./protocol/datagram_protocol.ts";
export { ClientFactory, Factory, ServerFactory } from "./protocol/factory.ts";
export { Int32StringReceiver } from "./protocol/framing/int_string_receiver.ts";
export { LineOnlyReceiver } from "./protocol/framing/line_only_receiver.ts";
export { LineReceiver } from "./protocol/framing/line_receiver.ts";
export { NetstringReceiver } from "./protocol/framing/netstring_receiver.ts";
export { Heartbeat } from "./protocol/heartbeat.ts";
export { ProxyFactory } from "./protocol/portforward.ts";
export { getProcessOutput } from "./protocol/process_output.ts";
export { ProcessProtocol } from "./protocol/process_protocol.ts";
export { Protocol } from "./protocol/protocol.ts";
export { RequestQueue } from "./protocol/request_queue.ts";
export { StreamProtocol } from "./protocol/stream_protocol.ts";
export { DenoReactor } from "./reactor/drivers/deno/reactor.ts";
export {
  CannotListenError,
  ConnectError,
  ConnectionAborted,
  ConnectionDone,
  ConnectionLost,
  ConnectTimeoutError,
  ProcessDone,
  ProcessTerminated,
  TLSError,
} from "./reactor/errors.ts";
export type { Address } from "./reactor/interfaces/address.ts";
export type {
  IStreamClientEndpoint,
  IStreamServerEndpoint,
} from "./reactor/interfaces/endpoint.ts";
export type { IPushProducer } from "./reactor/interfaces/producer.ts";
export type { IReactor } from "./reactor/interfaces/reactor.ts";
export type { IConnector, IListeningPort } from "./reactor/interfaces/stream.ts";
export type { IDelayedCall, IReactorTime } from "./reactor/interfaces/time.ts";
export type { ITransport } from "./reactor/interfaces/transport.ts";
export { reactor } from "./reactor/process_reactor.ts";
export { deferToThread } from "./reactor/threads/defer_to_thread.ts";
export { workerModule } from "./reactor/threads/worker_task.ts";
export { Clock } from "./task/clock.ts";
export { cooperate } from "./task/cooperate.ts";
export { Cooperator } from "./task/cooperator.ts";
export { deferLater } from "./task/defer_later.ts";
export { LoopingCall } from "./task/looping_call.ts";
export { react } from "./task/react.ts";
