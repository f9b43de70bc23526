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

export {
  CancelledError,
  Deferred,
  DeferredList,
  DeferredLock,
  DeferredQueue,
  DeferredSemaphore,
  ensureDeferred,
  execute,
  fail,
  gatherResults,
  isTimeout,
  maybeDeferred,
  race,
  succeed,
  TimeoutError,
} from "./defer/mod.ts";
export {
  backoffPolicy,
  clientFromString,
  ClientService,
  connectProtocol,
  HostnameEndpoint,
  type IStreamClientEndpoint,
  type IStreamServerEndpoint,
  MultiService,
  ProcessEndpoint,
  serverFromString,
  Service,
  StandardIOEndpoint,
  startApplication,
  StreamServerEndpointService,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  TCP6ClientEndpoint,
  TCP6ServerEndpoint,
  TimerService,
  TLSClientEndpoint,
  TLSServerEndpoint,
  UNIXClientEndpoint,
  UNIXServerEndpoint,
  wrapClientTLS,
  wrapServerTLS,
} from "./endpoints/mod.ts";
export * as log from "./log/mod.ts";
export {
  ClientFactory,
  DatagramProtocol,
  Factory,
  getProcessOutput,
  Heartbeat,
  Int32StringReceiver,
  LineOnlyReceiver,
  LineReceiver,
  NetstringReceiver,
  ProcessProtocol,
  Protocol,
  ProxyFactory,
  RequestQueue,
  ServerFactory,
  StreamProtocol,
} from "./protocol/mod.ts";
export {
  type Address,
  CannotListenError,
  ConnectError,
  ConnectionAborted,
  ConnectionDone,
  ConnectionLost,
  ConnectTimeoutError,
  deferToThread,
  DenoReactor,
  type IConnector,
  type IDelayedCall,
  type IListeningPort,
  type IPushProducer,
  type IReactor,
  type IReactorTime,
  type ITransport,
  ProcessDone,
  ProcessTerminated,
  reactor,
  TLSError,
  workerModule,
} from "./reactor/mod.ts";
export { Clock, cooperate, Cooperator, deferLater, LoopingCall, react } from "./task/mod.ts";
