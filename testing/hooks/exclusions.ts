/**
 * Documented names that are not hooks, each with the reason.
 *
 * @module
 */

/** Names that are excluded for one reason. */
export interface Exclusion {
  readonly reason: string;
  /**
   * Classes and interfaces whose methods are excluded. The functions that those methods take are
   * not excluded.
   */
  readonly methodsOf?: readonly string[];
  /** Single hooks. */
  readonly names?: readonly string[];
}

/** Returns whether an exclusion contains a name. */
export function isExcludedBy({ methodsOf = [], names = [] }: Exclusion, name: string): boolean {
  if (names.includes(name)) return true;
  const [owner = ""] = name.split(".");
  return !name.includes("(") && methodsOf.includes(owner);
}

export const EXCLUSIONS: readonly Exclusion[] = [
  {
    reason: "The library's transports and wrappers implement these for each other.",
    names: ["OptionalMethodsForwarder.supportsMethod", "SwitchableTransport.replaceProtocol"],
  },
  {
    reason: "The open resources of the library implement it. One that throws has its own test.",
    names: ["ReactorResource.describe"],
  },
  {
    reason: "The reactor implements these. Programs call them, and are not called by them.",
    methodsOf: [
      "DenoReactor",
      "DriverReactor",
      "EpollReactor",
      "HostReactor",
      "IReactorCore",
      "IReactorObservability",
      "IReactorMulticast",
      "IReactorPluggableNameResolver",
      "IReactorProcess",
      "IReactorSocket",
      "IReactorStdio",
      "IReactorTCP",
      "IReactorTLS",
      "IReactorThreads",
      "IReactorTime",
      "IReactorUDP",
      "IReactorUNIX",
      "IReactorUNIXDatagram",
      "IThreadCall",
      "IThreadPool",
      "ReactorBase",
      "ReactorResources",
      "ThreadPool",
      "ThreadTask",
    ],
  },
  {
    reason:
      "The library's transports, ports, connectors and timed calls implement these for protocols to call.",
    methodsOf: [
      "DelayedCall",
      "IConnector",
      "IConsumer",
      "IDatagramTransport",
      "IDelayedCall",
      "IListeningPort",
      "IMulticastTransport",
      "IProcessTransport",
      "ITLSTransport",
      "ITransport",
      "IUDPTransport",
      "IUNIXDatagramConnectedTransport",
      "IUNIXDatagramTransport",
      "IUNIXTransport",
      "ProcessConnection",
    ],
  },
  {
    reason: "Values of the library: a program reads them, and has no reason to make its own.",
    methodsOf: [
      "HostnameAddress",
      "IAddress",
      "IPv4Address",
      "IPv6Address",
      "InternetAddress",
      "PipeAddress",
      "ProcessAddress",
      "ProxyHeader",
      "UNIXAddress",
    ],
  },
  {
    reason:
      "The library's own endpoints. One of the application's own is called by the rows of IStreamClientEndpoint and IStreamServerEndpoint.",
    methodsOf: [
      "AdoptedStreamServerEndpoint",
      "HostnameEndpoint",
      "ProcessEndpoint",
      "StandardIOEndpoint",
      "SOCKSClientEndpoint",
      "TCP4ClientEndpoint",
      "TCP4ServerEndpoint",
      "TCP6ClientEndpoint",
      "TCP6ServerEndpoint",
      "TLSClientEndpoint",
      "TLSServerEndpoint",
      "UNIXClientEndpoint",
      "UNIXServerEndpoint",
    ],
  },
  {
    reason: "Tools that a program calls. The functions that they take have rows of their own.",
    methodsOf: [
      "AddressBlocks",
      "ClientCreator",
      "Clock",
      "ConcurrencyPrimitive",
      "CooperativeTask",
      "Cooperator",
      "Deferred",
      "DeferredFilesystemLock",
      "DeferredList",
      "DeferredQueue",
      "EndpointArguments",
      "EndpointRegistry",
      "FileSender",
      "FilesystemLock",
      "Heartbeat",
      "KeyedRequestQueue",
      "LimitedHistory",
      "ListenFDs",
      "ListeningSocket",
      "LogPublisher",
      "Logger",
      "LoopingCall",
      "PendingRequest",
      "ReadableStreamProducer",
      "ReceiveBuffer",
      "RequestQueue",
      "Supervisor",
    ],
  },
  {
    reason:
      "The library's decoders. One of the application's own is called by the rows of FrameDecoder and BufferedDecoder.",
    methodsOf: [
      "CommandDecoder",
      "ContiguousDecoder",
      "IntStringDecoder",
      "LineDecoder",
      "MemCacheDecoder",
      "NetstringDecoder",
      "ProxyHeaderDecoder",
      "RESPDecoder",
      "SOCKSReplyDecoder",
      "SOCKSRequestDecoder",
      "TextLineDecoder",
      "WebSocketDecoder",
    ],
    names: ["finish", "next", "push", "recover", "takeRest"].map((method) =>
      `BufferedDecoder.${method}`
    ),
  },
  {
    reason: "Programs call these of a client of RESP. The functions that they take have rows.",
    methodsOf: ["RESPClient", "RESPClientFactory"],
  },
  {
    reason: "Created by subscribe(), whose own function is notified of the end.",
    methodsOf: ["Subscription"],
    names: ["new Subscription(ended)"],
  },
  {
    reason: "Called by the methods that an application calls, which throw its error.",
    names: ["BufferedDecoder.reset", "FrameDecoder.finish", "FrameDecoder.takeRest"],
  },
  {
    reason:
      "Services of the library. One of the application's own is called by the rows of IService.",
    methodsOf: [
      "ClientService",
      "IServiceCollection",
      "MultiService",
      "HTTPService",
      "StreamServerEndpointService",
      "TimerService",
    ],
  },
  {
    reason: "Programs call these of a service; the library does not.",
    names: ["IService", "Service"].flatMap((owner) =>
      ["disownServiceParent", "setName", "setServiceParent"].map((method) => `${owner}.${method}`)
    ),
  },
  {
    reason:
      "The library's parts of RESP. Programs call them; the handlers that they call have rows.",
    methodsOf: [
      "CommandTable",
      "RESPCommand",
      "RESPEncoder",
      "RESPFactory",
      "SimpleString",
      "VerbatimString",
    ],
    names: [
      "connectionLost",
      "dataReceived",
      "loseConnection",
      "pauseProducing",
      "push",
      "resumeProducing",
    ].map((method) => `RESPServerProtocol.${method}`),
  },
  {
    reason:
      "The library's parts of WebSocket. Programs call them; the callbacks and methods that they call have rows.",
    methodsOf: [
      "HTTPAnswer",
      "WebSocketClientEndpoint",
      "WebSocketEncoder",
      "WebSocketFactory",
      "WebSocketStreamProtocol",
    ],
    names: [
      ...["addEventListener", "close", "removeEventListener", "send"].map((method) =>
        `EventWebSocket.${method}`
      ),
      "EventWebSocket.removeEventListener(listener)",
      ...[
        "close",
        "connectionLost",
        "dataReceived",
        "drainRequested",
        "handshakeDone",
        "makeConnection",
        "pauseProducing",
        "ping",
        "resumeProducing",
        "send",
      ].map((method) => `WebSocketProtocol.${method}`),
    ],
  },
  {
    reason:
      "The library's parts of AMP. Programs call them; what they call has rows: responders, locators, receivers of boxes, and types of arguments.",
    methodsOf: [
      "BinaryBoxProtocol",
      "BoxDecoder",
      "BoxDispatcher",
      "Command",
      "CommandCaller",
      "CommandLocator",
      "IBoxSender",
      "OffsetDateTime",
      "OptionalArgument",
      "ProtocolSwitchCommand",
      "QuitBox",
      "SimpleStringLocator",
      "StartTLSCommand",
    ],
    names: ["AMP.callRemote", "AMP.callRemoteString", "AMP.responder", "AmpBox.serialize"],
  },
  {
    reason: "The library's parts of HTTP. The handler, which they call, has a row.",
    methodsOf: ["HTTPChannel", "HTTPFactory", "HTTPRequestInfo", "RequestDecoder", "RequestHead"],
  },
  {
    reason:
      "The library's client of memcached. Programs call it, and it calls nothing of theirs but callbacks of Deferreds.",
    methodsOf: ["MemCacheProtocol"],
  },
  {
    reason:
      "A subclass of BaseCommand extends AMP itself. Its errors are thrown to the caller of callRemote(), or are treated as those of the responder.",
    methodsOf: ["BaseCommand"],
  },
  {
    reason:
      "A subclass of PendingRequests extends the queue itself. Its errors are thrown to the caller of request(); what it sends has rows.",
    methodsOf: ["PendingRequests"],
  },
  {
    reason:
      "The library's implementations of methods that Protocol, Factory and IHostnameResolver have, whose rows call them.",
    methodsOf: [
      "Chargen",
      "Daytime",
      "DenoNameResolver",
      "Discard",
      "Echo",
      "ForwardingProtocol",
      "LimitConnectionRate",
      "LimitConnectionsByPeer",
      "LimitTotalConnectionsFactory",
      "ProtocolWrapper",
      "ProxyClient",
      "ProxyClientFactory",
      "ProxyFactory",
      "ProxyProtocolFactory",
      "ReconnectingClientFactory",
      "SOCKSFactory",
      "SlowPeerGuard",
      "SlowPeerProtocol",
      "SpewingFactory",
      "SpewingProtocol",
      "StreamProtocol",
      "TableNameResolver",
      "ThrottlingFactory",
      "ThrottlingProtocol",
      "TimeoutFactory",
      "TimeoutProtocol",
      "TrafficLoggingFactory",
      "TrafficLoggingProtocol",
      "WrappingFactory",
    ],
    names: [
      "FrameReceiver.dataReceived",
      "IntNStringReceiver.decodingFailed",
      "IntNStringReceiver.nextFrame",
      "LineProtocol.decodingFailed",
      "LineProtocol.frameReceived",
      "LineProtocol.nextFrame",
      "NetstringReceiver.decodingFailed",
      "NetstringReceiver.nextFrame",
      "ProxyServer.connectionLost",
      "ProxyServer.connectionMade",
      "ProxyServer.setPeer",
      "QOTD.connectionMade",
      "StatefulProtocol.frameReceived",
      "StatefulProtocol.makeConnection",
      "StatefulProtocol.nextFrame",
      "StatefulStrings.stringReceived",
      "StringReceiver.frameReceived",
      "Time.connectionMade",
      "Who.connectionMade",
    ],
  },
  {
    reason: "Called by the wrapped protocol: its transport. A connection has rows of its own.",
    methodsOf: ["TransportWrapper"],
  },
  {
    reason: "Called by the protocol that extends the mixin; its timeoutConnection() has a row.",
    names: [
      "ProtocolTimeout.callLater",
      "ProtocolTimeout.callLater(f)",
      "ProtocolTimeout.resetTimeout",
      "ProtocolTimeout.setTimeout",
      "TimeoutProtocol.callLater(f)",
    ],
  },
  {
    reason: "The library's own attempts and functions.",
    methodsOf: ["ProxyAttempt"],
    names: ["new ProcessConnection(replace)"],
  },
  {
    reason: "Called by connectionMade(), whose row covers its errors.",
    names: ["QOTD.getQuote", "Who.getUsers"],
  },
  {
    reason: "Called by the connect methods, which throw its error.",
    names: ["new ClientCreator(protocolClass)"],
  },
  {
    reason: "Log files are writers of log lines, whose errors a row of the log observers covers.",
    methodsOf: ["BaseLogFile", "DailyLogFile", "LogFile", "LogReader"],
  },
  {
    reason: "Called by a receiver's own methods and by the protocol that extends it.",
    names: [
      "FrameReceiver.deliverBuffered",
      "FrameReceiver.nextFrame",
      "FrameReceiver.pauseProducing",
      "FrameReceiver.resumeProducing",
      "FrameReceiver.stopProducing",
      "FrameReceiver.takeRest",
      "IntNStringReceiver.sendString",
      "LineProtocol.clearLineBuffer",
      "LineProtocol.deliverBuffered",
      "LineProtocol.sendLine",
      "LineReceiver.setLineMode",
      "LineReceiver.setRawMode",
      "NetstringReceiver.sendString",
      "StringReceiver.sendString",
    ],
  },
  {
    reason:
      "Drivers: code that moves bytes, runs a thread, delivers a signal or keeps the time for the library, and is part of the host.",
    methodsOf: [
      "AdoptingSockets",
      "DatagramDriver",
      "HostSockets",
      "LoopTimer",
      "SignalSource",
      "StreamAcceptor",
      "StreamDriver",
      "TLSContext",
      "TLSEngine",
      "TLSProvider",
      "ThreadEvents",
      "TimeoutCall",
      "TimeoutClock",
      "UDPDriver",
      "WorkerThread",
    ],
    names: [
      "DriverReactor.connectStream(dial)",
      "DriverReactor.listenStream(bind)",
      "DriverReactorOptions.startThread",
      "ReactorBaseOptions.loopTimer",
      "ThreadPoolOptions.startThread",
    ],
  },
  {
    reason: "The library's own functions, which a driver calls or compares.",
    methodsOf: [
      "DatagramDriverSink",
      "DialSink",
      "StreamAcceptorSink",
      "StreamDriverSink",
      "TLSEngineSink",
    ],
    names: [
      "LoopTimer.soon(f)",
      "LoopTimer.timeout(f)",
      "SignalSource.listen(listener)",
      "SignalSource.unlisten(listener)",
      "TimeoutClock.callLater(f)",
      "new ReactorResources(soon)",
    ],
  },
  {
    reason: "Compared with what was added, and not called.",
    names: [
      "IReactorCore.removeSignalHandler(handler)",
      "LogPublisher.removeObserver(observer)",
      "ReactorBase.removeSignalHandler(handler)",
      "removeObserver(observer)",
    ],
  },
  {
    reason: "Called at once, with its result and its error returned to the caller.",
    names: ["callWithSystem(f)"],
  },
  {
    reason: "The class that the static method belongs to.",
    names: ["Factory.forProtocol(this)"],
  },
  {
    reason: "Names a task; the thread pool sends it, and the row of the task calls it.",
    names: ["WorkerModule.task"],
  },
  {
    reason: "The parts of a program's own stream transport, which the conformance suites test.",
    methodsOf: [
      "DialSink",
      "StreamAcceptor",
      "StreamAcceptorSink",
      "StreamDriver",
      "StreamDriverSink",
    ],
    names: ["DriverReactor.connectStream(dial)", "DriverReactor.listenStream(bind)"],
  },
  {
    reason: "The library does not call it: a program's own log line does.",
    names: ["Protocol.toString"],
  },
];
