/** Twisted's `internet/test/test_testing.py`: `ReactorTests` and `MemoryReactor` as documented. */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Deferred } from "../defer/mod.ts";
import {
  clientFromString,
  ClientService,
  HostnameEndpoint,
  serverFromString,
} from "../endpoints/mod.ts";
import {
  ClientFactory,
  ConnectedDatagramProtocol,
  DatagramProtocol,
  Factory,
  getProcessOutput,
  Protocol,
} from "../protocol/mod.ts";
import { IPv4Address, IPv6Address, PipeAddress, UNIXAddress } from "../reactor/addresses.ts";
import { CannotListenError, ConnectError, ReactorAlreadyRunning } from "../reactor/errors.ts";
import type { IReactor, IReactorTCP, IUNIXDatagramTransport } from "../reactor/interfaces/mod.ts";
import { deferToThread, TableNameResolver } from "../reactor/mod.ts";
import {
  AccumulatingProtocol,
  checkClean,
  failureResultOf,
  MemoryReactor,
  MemoryReactorClock,
  RaisingMemoryReactor,
  successResultOf,
} from "./mod.ts";

const server = (): Factory<Protocol> => Factory.forProtocol(Protocol);
const client = (): ClientFactory<Protocol> => ClientFactory.forProtocol(Protocol);

Deno.test("MemoryReactor.listenTCP() records its arguments and returns the record", () => {
  const reactor = new MemoryReactor();
  const factory = server();
  const port = reactor.listenTCP(2000, factory, { interface: "127.0.0.1", backlog: 5 });
  assertEquals(reactor.tcpServers.length, 1);
  assertStrictEquals(reactor.tcpServers[0], port);
  assertStrictEquals(port.factory, factory);
  assertEquals([port.port, port.options], [2000, { interface: "127.0.0.1", backlog: 5 }]);
  assertEquals(port.getHost(), new IPv4Address("TCP", "127.0.0.1", 2000));
});

Deno.test("MemoryReactor.listenTCP() chooses a port for 0, and has IPv6 addresses", () => {
  const reactor = new MemoryReactor();
  const [one, two] = [reactor.listenTCP(0, server()), reactor.listenTCP(0, server())];
  assertEquals([one.port, one.getHost().port, two.getHost().port], [0, 49152, 49153]);
  const six = reactor.listenTCP(80, server(), { interface: "::1" });
  assertEquals(six.getHost(), new IPv6Address("TCP", "::1", 80));
});

Deno.test("MemoryReactor.listenTCP() leaves no record if the factory fails to start", () => {
  const reactor = new MemoryReactor();
  const factory = server();
  factory.startFactory = () => {
    throw new RangeError("not today");
  };
  assertThrows(() => reactor.listenTCP(80, factory), RangeError, "not today");
  assertEquals(reactor.tcpServers, []);
});

Deno.test("MemoryReactor.connectTCP() records its arguments and leaves the attempt pending", () => {
  const reactor = new MemoryReactor();
  const factory = client();
  const connector = reactor.connectTCP("example.org", 80, factory, { timeout: 5 });
  assertStrictEquals(reactor.tcpClients[0], connector);
  assertStrictEquals(reactor.connectors[0], connector);
  assertStrictEquals(connector.factory, factory);
  const { host, port, options, state } = connector;
  assertEquals([host, port, options, state], ["example.org", 80, { timeout: 5 }, "connecting"]);
  reactor.connectTCP("::1", 80, client());
  assertEquals(reactor.connectors[1]?.getDestination(), new IPv6Address("TCP", "::1", 80));
});

Deno.test("MemoryReactor.listenTLS() and connectTLS() record in sslServers and sslClients", () => {
  const reactor = new MemoryReactor();
  const port = reactor.listenTLS(443, server(), { cert: "certificate" });
  const connector = reactor.connectTLS("192.0.2.1", 443, client(), { alpnProtocols: ["h2"] });
  assertEquals([reactor.sslServers, reactor.sslClients], [[port], [connector]]);
  assertEquals([port.options.cert, connector.options.alpnProtocols], ["certificate", ["h2"]]);
  assertEquals(reactor.connectors, [connector]);
  assertEquals([reactor.tcpServers, reactor.tcpClients], [[], []]);
});

Deno.test("MemoryReactor.listenUNIX() and connectUNIX() record in unixServers and unixClients", () => {
  const reactor = new MemoryReactor();
  const port = reactor.listenUNIX("/run/s", server(), { mode: 0o600 });
  const connector = reactor.connectUNIX("/run/s", client());
  assertEquals([reactor.unixServers, reactor.unixClients], [[port], [connector]]);
  assertEquals([port.path, port.options.mode, connector.path], ["/run/s", 0o600, "/run/s"]);
  assertEquals(port.getHost(), new UNIXAddress("/run/s"));
});

Deno.test("MemoryReactor.listenUDP() and listenMulticast() record in udpPorts and start protocols", () => {
  const reactor = new MemoryReactor();
  const protocol = new DatagramProtocol();
  const port = reactor.listenUDP(0, protocol, { interface: "127.0.0.1" });
  const shared = reactor.listenMulticast(53, new DatagramProtocol(), { listenMultiple: true });
  assertEquals(reactor.udpPorts.length, 2);
  assertStrictEquals(reactor.udpPorts[0], port);
  assertStrictEquals(port.protocol, protocol);
  assertStrictEquals(protocol.transport, port);
  assertEquals([port.port, port.getHost()], [0, new IPv4Address("UDP", "127.0.0.1", 49152)]);
  assertEquals([shared.port, shared.options.listenMultiple], [53, true]);
  protocol.transport.write("hi", { host: "192.0.2.1", port: 7 });
  assertEquals(port.written.length, 1);
  successResultOf(port.stopListening());
  assertEquals(protocol.numPorts, 0);
});

Deno.test("MemoryReactor.listenUNIXDatagram() and connectUNIXDatagram() record what is written", async () => {
  const reactor = new MemoryReactor();
  const protocol = new DatagramProtocol<IUNIXDatagramTransport, UNIXAddress>();
  const port = reactor.listenUNIXDatagram("/run/s", protocol, { mode: 0o600 });
  port.write("hi", "/run/peer");
  const [record] = reactor.unixDatagramPorts;
  assertStrictEquals(record?.transport, port);
  assertEquals(record.written, [[new TextEncoder().encode("hi"), new UNIXAddress("/run/peer")]]);
  assertEquals([record.path, record.options], ["/run/s", { mode: 0o600 }]);
  const connected = new ConnectedDatagramProtocol();
  const transport = reactor.connectUNIXDatagram("/run/s", connected, { bindAddress: "/run/me" });
  connected.transport.write("ho");
  assertEquals(transport.getHost(), new UNIXAddress("/run/me"));
  assertEquals(reactor.unixDatagramClients[0]?.written[0]?.[1], new UNIXAddress("/run/s"));
  await Promise.all([port.stopListening(), transport.stopListening()]);
});

Deno.test("MemoryReactor.adoptStreamPort() records in adoptedPorts", () => {
  const reactor = new MemoryReactor();
  const factory = server();
  const port = reactor.adoptStreamPort(3, "INET", factory);
  assertEquals(reactor.adoptedPorts, [port]);
  assertEquals([port.fileDescriptor, port.addressFamily], [3, "INET"]);
  assertEquals(port.getHost(), new IPv4Address("TCP", "0.0.0.0", 1234));
  const six = reactor.adoptStreamPort(4, "INET6", factory);
  const unix = reactor.adoptStreamPort(5, "UNIX", factory);
  assertEquals([String(six.getHost()), unix.getHost()], ["[::]:1234", new UNIXAddress("")]);
});

Deno.test("MemoryReactor.adoptStreamConnection() records in adoptedStreamConnections", () => {
  const reactor = new MemoryReactor();
  const factory = server();
  reactor.adoptStreamConnection(3, "UNIX", factory, { idleTimeout: 5 });
  const [record] = reactor.adoptedStreamConnections;
  assertStrictEquals(record?.factory, factory);
  assertEquals([record.fileDescriptor, record.addressFamily, record.options], [3, "UNIX", {
    idleTimeout: 5,
  }]);
});

Deno.test("MemoryReactor.listenStandardIO() records in stdioPorts", () => {
  const reactor = new MemoryReactor();
  const port = reactor.listenStandardIO(Factory.forProtocol(AccumulatingProtocol));
  assertEquals(reactor.stdioPorts, [port]);
  assertEquals(port.getHost(), new PipeAddress());
  port.connect().receive("typed");
});

Deno.test("MemoryReactor rejects arguments that a real reactor rejects", () => {
  const reactor = new MemoryReactor();
  // The types reject these values.
  assertThrows(() => reactor.listenTCP(70000, server()), RangeError, "listenTCP() port");
  assertThrows(() => reactor.connectTCP("a", 0, client()), RangeError, "connectTCP() port");
  assertThrows(() => reactor.connectTCP(42 as never, 1, client()), TypeError, "connectTCP() host");
  assertThrows(() => reactor.listenUDP(-1, new DatagramProtocol()), RangeError, "listenUDP() port");
  assertThrows(() => reactor.listenTCP(80, Protocol as never), TypeError, "the factory must be");
  assertThrows(() => reactor.connectTCP("a", 1, {} as never), TypeError, "the factory must be");
  assertThrows(
    () => reactor.listenTCP(80, server(), { maxConnections: 0 }),
    RangeError,
    "maxConnections",
  );
  assertThrows(
    () => reactor.connectUNIX("/run/s", client(), { timeout: -1 }),
    RangeError,
    "timeout",
  );
  assertEquals([reactor.tcpServers, reactor.connectors, reactor.udpPorts], [[], [], []]);
});

Deno.test("MemoryReactor.run() fires startup and the hooks, and stop() fires shutdown", async () => {
  const reactor = new MemoryReactor();
  const events: string[] = [];
  const note = (event: string): void => void events.push(`${event} ${reactor.running}`);
  reactor.callWhenRunning(note, "hook");
  reactor.addSystemEventTrigger("before", "startup", note, "before startup");
  reactor.addSystemEventTrigger("before", "shutdown", note, "before shutdown");
  reactor.addSystemEventTrigger("after", "shutdown", note, "after shutdown");
  assertEquals([reactor.hasRun, reactor.hasStopped, reactor.hasCrashed], [false, false, false]);
  const stopped = reactor.run();
  assertEquals([reactor.running, reactor.hasRun], [true, true]);
  await assertRejects(() => reactor.run(), ReactorAlreadyRunning);
  reactor.stop();
  assertEquals([reactor.running, reactor.hasStopped], [false, true]);
  await stopped;
  assertEquals(events, [
    "before startup false",
    "hook true",
    "before shutdown true",
    "after shutdown false",
  ]);
});

Deno.test("MemoryReactor.stop() is recorded and fires shutdown if the reactor does not run", () => {
  const reactor = new MemoryReactor();
  let shutdowns = 0;
  reactor.addSystemEventTrigger("during", "shutdown", () => shutdowns++);
  reactor.sigInt();
  reactor.sigTerm();
  reactor.sigBreak();
  assertEquals([reactor.hasStopped, reactor.running, shutdowns], [true, false, 1]);
});

Deno.test("MemoryReactor.stop() waits for the Deferred of a before trigger", async () => {
  const reactor = new MemoryReactor();
  const saved = new Deferred<void>();
  reactor.addSystemEventTrigger("before", "shutdown", () => saved);
  const stopped = reactor.run();
  reactor.stop();
  assertEquals(reactor.running, true);
  saved.callback();
  assertEquals(reactor.running, false);
  await stopped;
});

Deno.test("MemoryReactor.run() stops when its signal aborts, and may run again", async () => {
  const reactor = new MemoryReactor();
  const controller = new AbortController();
  const stopped = reactor.run({ signal: controller.signal });
  controller.abort();
  await stopped;
  await reactor.run({ signal: AbortSignal.abort() });
  const again = reactor.run();
  assertEquals(reactor.running, true);
  reactor.stop();
  await again;
});

Deno.test("MemoryReactor.crash() ends run() without shutdown", async () => {
  const reactor = new MemoryReactor();
  reactor.addSystemEventTrigger("before", "shutdown", () => {});
  const stopped = reactor.run();
  reactor.crash();
  await stopped;
  assertEquals([reactor.running, reactor.hasCrashed, reactor.hasStopped], [false, true, false]);
  assertEquals(reactor.triggers.length, 1);
});

Deno.test("MemoryReactor.triggers has the pending triggers with their arguments", () => {
  const reactor = new MemoryReactor();
  const f = (a: number, b: number): number => a + b;
  const id = reactor.addSystemEventTrigger("before", "shutdown", f, 1, 2);
  reactor.addSystemEventTrigger("after", "persist", f, 3, 4);
  assertEquals(reactor.triggers, [
    { phase: "before", eventType: "shutdown", f, args: [1, 2] },
    { phase: "after", eventType: "persist", f, args: [3, 4] },
  ]);
  reactor.removeSystemEventTrigger(id);
  assertEquals(reactor.triggers.map(({ eventType }) => eventType), ["persist"]);
  assertThrows(() => reactor.removeSystemEventTrigger(id), RangeError, "has been removed");
  assertThrows(
    () => new MemoryReactor().removeSystemEventTrigger(id),
    RangeError,
    "this reactor has no such event",
  );
  reactor.fireSystemEvent("persist");
  assertEquals(reactor.triggers, []);
});

Deno.test("MemoryReactor.whenRunningHooks has the calls that wait for run()", () => {
  const reactor = new MemoryReactor();
  const calls: number[] = [];
  const f = (n: number): void => void calls.push(n);
  const id = reactor.callWhenRunning(f, 1);
  reactor.callWhenRunning(f, 2);
  assertEquals(reactor.whenRunningHooks.map(({ args }) => args), [[1], [2]]);
  assertEquals([reactor.whenRunningHooks[0]?.f, reactor.triggers], [f, []]);
  if (id !== null) reactor.removeSystemEventTrigger(id);
  reactor.run();
  assertEquals(reactor.callWhenRunning(f, 3), null);
  assertEquals([calls, reactor.whenRunningHooks], [[2, 3], []]);
  reactor.stop();
});

Deno.test("MemoryReactor.addSignalHandler() records handlers, and removeSignalHandler() removes", () => {
  const reactor = new MemoryReactor();
  const handler = (): void => {};
  reactor.addSignalHandler("SIGHUP", handler);
  assertEquals(reactor.signalHandlers, [{ signal: "SIGHUP", handler }]);
  reactor.removeSignalHandler("SIGHUP", handler);
  assertEquals(reactor.signalHandlers, []);
  assertThrows(() => reactor.removeSignalHandler("SIGHUP", handler), RangeError, "not added");
});

Deno.test("MemoryReactor.install() sets hasInstalled", () => {
  const reactor = new MemoryReactor();
  assertEquals(reactor.hasInstalled, false);
  reactor.install();
  assertEquals(reactor.hasInstalled, true);
});

Deno.test("MemoryReactor.callFromThread() calls at once", () => {
  const reactor = new MemoryReactor();
  const calls: string[] = [];
  reactor.callFromThread((word) => calls.push(word), "hello");
  assertEquals(calls, ["hello"]);
  // The types reject this value.
  assertThrows(() => reactor.callFromThread(42 as never), TypeError, "callFromThread() callable");
});

Deno.test("MemoryReactor.threadPool records tasks, which the test completes", () => {
  const reactor = new MemoryReactor();
  const task = { module: "node:path", export: "basename" };
  const done = deferToThread(reactor, task, "/tmp/a");
  const failed = deferToThread(reactor, task, "/tmp/b");
  const cancelled = deferToThread(reactor, task, "/tmp/c");
  cancelled.addErrback(() => {});
  cancelled.cancel();
  reactor.callInThread(task, "/tmp/d");
  const [a, b, c, d] = reactor.getThreadPool().calls;
  assertEquals([a?.task, a?.args, c?.isCancelled, d?.isPending], [task, ["/tmp/a"], true, true]);
  a?.succeed("a");
  b?.fail(new RangeError("not today"));
  c?.succeed("c");
  assertEquals(successResultOf(done), "a");
  failureResultOf(failed, RangeError);
  assertThrows(() => a?.succeed("again"), Error, "it has been completed");
  reactor.suggestThreadPoolSize(3);
  assertEquals([reactor.threadPool.max, reactor.threadPool.started], [3, false]);
});

Deno.test("MemoryReactor.spawnProcess() records processes, whose part the test has", () => {
  const reactor = new MemoryReactor();
  const output = getProcessOutput(reactor, "date", { args: ["-u"] });
  const [child] = reactor.processes;
  assertEquals([child?.executable, child?.options.args, child?.pid], ["date", ["-u"], 4712]);
  child?.output(1, "today");
  child?.exit(0);
  assertEquals(new TextDecoder().decode(successResultOf(output)), "today");
});

Deno.test("MemoryReactor.hostEnvironment has the files of endpoint strings", async () => {
  const reactor = new MemoryReactorClock();
  reactor.hostEnvironment.files.set("/etc/key.pem", "key");
  assertEquals(await reactor.hostEnvironment.readTextFile("/etc/key.pem"), "key");
  await assertRejects(
    async () => await reactor.hostEnvironment.readTextFile("/etc/other"),
    Deno.errors.NotFound,
    "Cannot read the file",
  );
  const listening = serverFromString(reactor, "tcp:2000").listen(server());
  assertStrictEquals(successResultOf(listening), reactor.tcpServers[0]);
});

Deno.test("MemoryReactorClock is an IReactor whose time the test moves", () => {
  const reactor = new MemoryReactorClock();
  const whole: IReactor = reactor;
  const times: number[] = [];
  whole.callLater(2, () => times.push(reactor.seconds()));
  const cancelled = whole.callLater(3, () => times.push(-1));
  assertEquals(whole.getDelayedCalls().length, 2);
  cancelled.cancel();
  reactor.advance(1);
  reactor.pump([1, 1]);
  reactor.callLater(1, () => times.push(reactor.seconds()));
  reactor.jump(2);
  assertEquals([times, reactor.seconds()], [[2, 5], 5]);
});

Deno.test("MemoryReactorClock.callFromThread() calls when the clock is moved", () => {
  const reactor = new MemoryReactorClock();
  const calls: string[] = [];
  reactor.callFromThread((word) => calls.push(word), "hello");
  assertEquals(calls, []);
  reactor.advance(0);
  assertEquals(calls, ["hello"]);
});

Deno.test("MemoryReactorClock leaves attempts pending after their timeout", () => {
  const reactor = new MemoryReactorClock();
  const connector = reactor.connectTCP("192.0.2.1", 80, client(), { timeout: 1 });
  reactor.advance(60);
  assertEquals(connector.state, "connecting");
});

Deno.test("MemoryReactorClock shows how HostnameEndpoint staggers its attempts", () => {
  const reactor = new MemoryReactorClock();
  const table = { "both.test": ["2001:db8::6", "192.0.2.4"] };
  reactor.installNameResolver(new TableNameResolver(table));
  const connected = new HostnameEndpoint(reactor, "both.test", 80).connect(server());
  const hosts = (): string[] => reactor.tcpClients.map(({ host }) => host);
  assertEquals(hosts(), ["2001:db8::6"]);
  reactor.advance(0.25);
  assertEquals(hosts(), ["2001:db8::6", "192.0.2.4"]);
  reactor.tcpClients[1]?.succeed();
  successResultOf(connected);
  assertEquals(reactor.tcpClients[0]?.stoppedConnecting, true);
  assertEquals([reactor.getDelayedCalls(), reactor.triggers], [[], []]);
});

Deno.test("MemoryReactorClock shows how ClientService connects again", () => {
  const reactor = new MemoryReactorClock();
  const endpoint = clientFromString(reactor, "tcp:192.0.2.1:80");
  const retryPolicy = (): number => 10;
  const service = new ClientService(endpoint, server(), { clock: reactor, retryPolicy });
  service.startService();
  reactor.tcpClients[0]?.fail();
  reactor.advance(9);
  assertEquals(reactor.tcpClients.length, 1);
  reactor.advance(1);
  const connection = reactor.tcpClients[1]?.succeed();
  successResultOf(service.whenConnected());
  const stopped = service.stopService();
  assertEquals(connection?.transport.disconnecting, true);
  connection?.lose();
  assertInstanceOf(stopped, Deferred);
  successResultOf(stopped);
  assertEquals(reactor.getDelayedCalls(), []);
});

Deno.test("RaisingMemoryReactor throws the exceptions of its options", () => {
  const listenException = new RangeError("no port");
  const connectException = new RangeError("no route");
  const reactor = new RaisingMemoryReactor({ listenException, connectException });
  const tcp: IReactorTCP = reactor;
  const datagrams = new DatagramProtocol();
  const unix = new DatagramProtocol<IUNIXDatagramTransport, UNIXAddress>();
  const listens = [
    () => tcp.listenTCP(80, server()),
    () => reactor.listenTLS(443, server(), {}),
    () => reactor.listenUNIX("/run/s", server()),
    () => reactor.listenUDP(53, datagrams),
    () => reactor.listenMulticast(53, datagrams),
    () => reactor.listenUNIXDatagram("/run/s", unix),
    () => reactor.adoptStreamPort(3),
    () => reactor.listenStandardIO(),
  ];
  for (const listen of listens) assertStrictEquals(thrownBy(listen), listenException);
  const connects = [
    () => tcp.connectTCP("192.0.2.1", 80, client()),
    () => reactor.connectTLS("192.0.2.1", 443, client()),
    () => reactor.connectUNIX("/run/s", client()),
    () => reactor.connectUNIXDatagram("/run/s", new ConnectedDatagramProtocol()),
    () => reactor.adoptStreamConnection(3),
  ];
  for (const connect of connects) assertStrictEquals(thrownBy(connect), connectException);
  assertEquals([reactor.tcpServers, reactor.connectors], [[], []]);
});

Deno.test("RaisingMemoryReactor throws a CannotListenError and a ConnectError by default", () => {
  const reactor = new RaisingMemoryReactor();
  assertThrows(
    () => reactor.listenTCP(80, server()),
    CannotListenError,
    "Cannot listen on 0.0.0.0:80: the address is in use",
  );
  assertThrows(
    () => reactor.connectTCP("example.org", 80, client()),
    ConnectError,
    "Cannot connect to example.org:80",
  );
});

Deno.test(
  "MemoryReactorClock stops and cancels its timed calls when it is disposed of",
  checkClean(async () => {
    const stopping: string[] = [];
    let run = Promise.resolve();
    {
      using reactor = new MemoryReactorClock();
      run = reactor.run();
      reactor.callLater(5, () => {});
      reactor.addSystemEventTrigger("before", "shutdown", () => {
        stopping.push("before");
        return new Deferred<void>();
      });
    }
    await run;
    assertEquals(stopping, ["before"]);
    using unused = new MemoryReactorClock();
    assertEquals(unused.hasStopped, false);
  }),
);

function thrownBy(f: () => unknown): unknown {
  try {
    f();
  } catch (error) {
    return error;
  }
  return undefined;
}

Deno.test("MemoryReactorClock gives its time to its connections", () => {
  const reactor = new MemoryReactorClock();
  const factory = Object.assign(new ClientFactory(), { protocol: Protocol });
  reactor.listenTCP(2000, factory);
  reactor.connectTCP("192.0.2.1", 2000, factory);
  reactor.connectUNIX("/tmp/socket", factory);
  const connections = [
    reactor.tcpServers[0]?.connect(),
    reactor.tcpClients[0]?.succeed(),
    reactor.unixClients[0]?.succeed(),
  ];
  reactor.advance(5);
  assertEquals(connections.map((connection) => connection?.transport.clock?.seconds()), [5, 5, 5]);
});
