import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Deferred } from "../../../defer/mod.ts";
import { clientFromString, serverFromString } from "../../../endpoints/mod.ts";
import { ClientFactory, DatagramProtocol, Factory, Protocol } from "../../../protocol/mod.ts";
import { Clock, deferLater } from "../../../task/mod.ts";
import { autoAdvance } from "../../../testing/auto_advance.ts";
import { checkClean } from "../../../testing/check_clean.ts";
import { testCertificates } from "../../../testing/fixtures/certificates.ts";
import { FakeThreads } from "../../../testing/fixtures/fake_threads.ts";
import { type Wire, Wires } from "../../../testing/fixtures/wire.ts";
import { failureResultOf, successResultOf } from "../../../testing/results.ts";
import { UNIXAddress } from "../../addresses.ts";
import {
  ConnectError,
  ConnectionAborted,
  ConnectionDone,
  ConnectionLost,
  ConnectionRefusedError,
  ConnectTimeoutError,
  UnsupportedError,
} from "../../errors.ts";
import { TableNameResolver } from "../../names/table_name_resolver.ts";
import { InMemoryReactor, type InMemoryReactorOptions } from "./in_memory_reactor.ts";
import { MemoryNetwork } from "./memory_network.ts";

const echo = { dataReceived: (wire: Wire, data: Uint8Array) => wire.transport.write(data) };

/** A running reactor, and the clock that drives it. */
class Fixture {
  readonly clock = new Clock();
  readonly reactor: InMemoryReactor;
  /** Whether `run()` has settled. Known after an await. */
  stopped = false;

  constructor(options: InMemoryReactorOptions = {}) {
    this.reactor = new InMemoryReactor(this.clock, options);
    this.reactor.run().then(() => this.stopped = true);
  }

  /** Connects a client to a server on a port. @returns Both protocols. */
  connect(servers: Wires, clients: Wires = new Wires(), port = 80): [Wire, Wire] {
    this.reactor.listenTCP(port, servers);
    this.reactor.connectTCP("127.0.0.1", port, clients);
    this.clock.advance(0);
    return [theOnly(servers), theOnly(clients)];
  }
}

function theOnly({ built: [wire] }: Wires): Wire {
  assert(wire);
  return wire;
}

Deno.test("InMemoryReactor connects and transfers while the clock advances by 0", () => {
  const { clock, reactor } = new Fixture();
  const [server, client] = [new Wires(echo), new Wires()];
  reactor.listenTCP(80, server);
  reactor.connectTCP("127.0.0.1", 80, client);
  assertEquals(server.built.length, 0);
  clock.advance(0);
  theOnly(client).transport.write("hello");
  assertEquals(theOnly(client).text, "");
  clock.advance(0);
  assertEquals([theOnly(client).text, clock.seconds()], ["hello", 0]);
  theOnly(client).transport.loseConnection();
  clock.advance(0);
  assertInstanceOf(theOnly(server).reason, ConnectionDone);
  assertEquals(reactor.network.connectionCount, 0);
});

Deno.test("InMemoryReactor transfers megabytes in order, in both directions", () => {
  const fixture = new Fixture({ network: new MemoryNetwork({ capacity: 1000, chunkSize: 77 }) });
  const [server, client] = fixture.connect(new Wires(echo));
  const bytes = Uint8Array.from({ length: 1 << 20 }, (_, i) => i * 31 >> 3);
  client.transport.write(bytes);
  client.transport.loseWriteConnection();
  fixture.clock.advance(0);
  assertEquals([server.size, client.size], [bytes.length, bytes.length]);
  assert(client.chunks.every(({ length }) => length <= 77));
  const received = new Uint8Array(bytes.length);
  let filled = 0;
  for (const chunk of client.chunks) {
    received.set(chunk, filled);
    filled += chunk.length;
  }
  assertEquals(received, bytes);
});

Deno.test("InMemoryReactor.seconds() and callLater() follow the clock", () => {
  const { clock, reactor } = new Fixture();
  const calls: number[] = [];
  clock.advance(5);
  reactor.callLater(3, () => calls.push(reactor.seconds()));
  clock.advance(10);
  assertEquals([reactor.seconds(), calls], [15, [8]]);
});

Deno.test("InMemoryReactor.connectTCP() is refused if no port listens", () => {
  const { clock, reactor } = new Fixture();
  const clients = new Wires();
  reactor.connectTCP("127.0.0.1", 80, clients);
  clock.advance(0);
  const [reason] = clients.reasons;
  assertInstanceOf(reason, ConnectionRefusedError);
  assertEquals([reason.code, reason.address], ["ECONNREFUSED", "127.0.0.1:80"]);
});

Deno.test("InMemoryReactor.connectTCP() times out while the backlog is full", () => {
  const clock = new Clock();
  const network = new MemoryNetwork();
  // A reactor that does not run accepts nothing.
  const busy = new InMemoryReactor(clock, { network });
  busy.listenTCP(80, new Wires(), { backlog: 1 });
  const reactor = new InMemoryReactor(clock, { network });
  reactor.run();
  const clients = Array.from({ length: 3 }, () => new Wires());
  for (const each of clients) reactor.connectTCP("127.0.0.1", 80, each, { timeout: 5 });
  clock.advance(4.9);
  assertEquals(clients.map(({ built }) => built.length), [1, 1, 0]);
  clock.advance(0.1);
  assertInstanceOf(clients[2]?.reasons[0], ConnectTimeoutError);
});

Deno.test("InMemoryReactor.connectTCP() succeeds late if the full backlog empties", () => {
  const clock = new Clock();
  const network = new MemoryNetwork();
  const server = new InMemoryReactor(clock, { network });
  const servers = new Wires(echo);
  server.listenTCP(80, servers, { backlog: 1 });
  const reactor = new InMemoryReactor(clock, { network });
  reactor.run();
  const clients = new Wires();
  for (let i = 0; i < 5; i++) reactor.connectTCP("127.0.0.1", 80, clients);
  clock.advance(20);
  assertEquals([clients.built.length, servers.built.length], [2, 0]);
  server.run();
  clock.advance(0);
  assertEquals([clients.built.length, servers.built.length], [5, 5]);
});

Deno.test("InMemoryReactor.connectTCP() tries the addresses of a name", () => {
  const nameResolver = new TableNameResolver({ "db.example": ["::1", "127.0.0.1"] });
  const { clock, reactor } = new Fixture({ nameResolver });
  const [servers, clients, unknown] = [new Wires(), new Wires(), new Wires()];
  reactor.listenTCP(5432, servers);
  const connector = reactor.connectTCP("db.example", 5432, clients);
  reactor.connectTCP("no.example", 5432, unknown);
  clock.advance(0);
  assertEquals(String(connector.getDestination()), "db.example:5432");
  assertEquals(String(theOnly(clients).transport.getPeer()), "127.0.0.1:5432");
  assertInstanceOf(unknown.reasons[0], ConnectError);
});

Deno.test("InMemoryReactor reports the same addresses on both sides", () => {
  const { clock, reactor } = new Fixture();
  const [servers, clients] = [new Wires(), new Wires()];
  reactor.listenTCP(80, servers, { interface: "::" });
  reactor.connectTCP("::1", 80, clients, { bindAddress: ["::1", 1234] });
  clock.advance(0);
  const [{ transport: server }, { transport: client }] = [theOnly(servers), theOnly(clients)];
  assertEquals([String(client.getHost()), String(client.getPeer())], ["[::1]:1234", "[::1]:80"]);
  assert(server.getPeer().equals(client.getHost()) && server.getHost().equals(client.getPeer()));
});

Deno.test("InMemoryReactor.listenUNIX() and connectUNIX() connect paths", () => {
  const { clock, reactor } = new Fixture();
  const [servers, clients, missing, stale] = [0, 1, 2, 3].map(() => new Wires(echo));
  assert(servers && clients && missing && stale);
  reactor.listenUNIX("/run/app", servers, { wantPID: true });
  reactor.connectUNIX("/run/app", clients, { checkPID: true });
  reactor.connectUNIX("/run/other", missing);
  reactor.network.leaveStaleSocket("/run/stale");
  reactor.connectUNIX("/run/stale", stale);
  clock.advance(0);
  assert(theOnly(clients).transport.getPeer().equals(new UNIXAddress("/run/app")));
  assertEquals([missing, stale].map(({ reasons: [reason] }) => Reflect.get(reason ?? {}, "code")), [
    "ENOENT",
    "ECONNREFUSED",
  ]);
});

Deno.test("InMemoryReactor.listenUDP() exchanges datagrams, and reports refusals", () => {
  class Recorder extends DatagramProtocol {
    readonly events: string[] = [];
    override datagramReceived(datagram: Uint8Array): void {
      this.events.push(new TextDecoder().decode(datagram));
    }
    override connectionRefused(): void {
      this.events.push("refused");
    }
  }
  const { clock, reactor } = new Fixture();
  const [server, client] = [new Recorder(), new Recorder()];
  reactor.listenUDP(53, server);
  const port = reactor.listenUDP(0, client);
  port.write("query", { host: "127.0.0.1", port: 53 });
  port.connect("127.0.0.1", 54);
  port.write("no port listens there");
  clock.advance(0);
  assertEquals([server.events, client.events], [["query"], ["refused"]]);
});

Deno.test("InMemoryReactor calls connectionLost() after the calls of the same turn, as a host does", () => {
  const fixture = new Fixture();
  const events: string[] = [];
  const [server, client] = fixture.connect(
    new Wires({
      dataReceived: () => void events.push("data"),
      connectionLost: () => void events.push("lost"),
    }),
  );
  fixture.reactor.callLater(1, () => {
    server.transport.abortConnection();
    events.push("aborted");
  });
  fixture.reactor.callLater(1, () => events.push("other call"));
  fixture.reactor.callLater(1, () => client.transport.write("too late"));
  fixture.clock.advance(1);
  assertEquals(events, ["aborted", "other call", "lost"]);
  assertInstanceOf(server.reason, ConnectionAborted);
  assertInstanceOf(client.reason, ConnectionLost);
});

Deno.test("InMemoryReactor.stop() closes ports and connections at once, and run() settles", async () => {
  const fixture = new Fixture();
  const { clock, reactor } = fixture;
  const [server, client] = fixture.connect(new Wires());
  reactor.listenUDP(0, new DatagramProtocol());
  reactor.listenUNIX("/run/app", new Wires());
  reactor.connectTCP("127.0.0.1", 9, new Wires());
  reactor.callLater(60, () => {});
  assertEquals(reactor.network.boundAddresses().length, 3);
  reactor.stop();
  clock.advance(0);
  for (const { reason } of [server, client]) assertInstanceOf(reason, ConnectionLost);
  const { network } = reactor;
  assertEquals([network.boundAddresses(), network.connectionCount], [[], 0]);
  assertEquals(clock.getDelayedCalls(), []);
  await Promise.resolve();
  assert(fixture.stopped);
});

Deno.test("InMemoryReactor.deliverSignal() stops the reactor, unless it has a handler", async () => {
  const fixture = new Fixture();
  const { clock, reactor } = fixture;
  const received: string[] = [];
  const handler = (signal: string) => void received.push(signal);
  reactor.addSignalHandler("SIGTERM", handler);
  assertEquals([reactor.deliverSignal("SIGTERM"), received], [true, ["SIGTERM"]]);
  assertEquals(reactor.deliverSignal("SIGHUP"), false);
  assertThrows(() => reactor.addSignalHandler("SIGKILL", handler), TypeError, "SIGKILL");
  assert(reactor.deliverSignal("SIGINT"));
  clock.advance(0);
  await Promise.resolve();
  assert(fixture.stopped);
  assertEquals(reactor.deliverSignal("SIGINT"), false);
});

Deno.test("InMemoryReactor.deliverSignal() twice in a turn ends the wait for 'before' triggers", async () => {
  const fixture = new Fixture();
  fixture.reactor.addSystemEventTrigger("before", "shutdown", () => new Deferred<void>());
  fixture.reactor.deliverSignal("SIGINT");
  fixture.reactor.deliverSignal("SIGINT");
  fixture.clock.advance(0);
  await Promise.resolve();
  assert(fixture.stopped);
});

Deno.test("InMemoryReactor instances on one network connect to each other", () => {
  const clock = new Clock();
  const network = new MemoryNetwork();
  const [one, two] = [0, 1].map(() => new InMemoryReactor(clock, { network }));
  assert(one && two);
  one.run();
  two.run();
  const [servers, clients] = [new Wires(echo), new Wires()];
  one.listenTCP(80, servers);
  assertThrows(() => two.listenTCP(80, new Wires()), Error, "0.0.0.0:80: the address is in use");
  two.connectTCP("127.0.0.1", 80, clients);
  clock.advance(0);
  two.stop();
  clock.advance(0);
  assertEquals([theOnly(servers).reason === null, theOnly(clients).reason === null], [
    false,
    false,
  ]);
  assert(one.running);
});

Deno.test("InMemoryReactor works with endpoints from strings", () => {
  const { clock, reactor } = new Fixture();
  const port = serverFromString(reactor, "tcp:8080").listen(Factory.forProtocol(Protocol));
  const client = clientFromString(reactor, "tcp:localhost:8080")
    .connect(ClientFactory.forProtocol(Protocol));
  clock.advance(0);
  assertEquals(String(successResultOf(port).getHost()), "0.0.0.0:8080");
  assert(successResultOf(client).connected);
  const missing = clientFromString(reactor, "tcp:localhost:8081")
    .connect(ClientFactory.forProtocol(Protocol));
  clock.advance(1);
  failureResultOf(missing, ConnectError);
});

Deno.test("InMemoryReactor runs thread tasks with the option startThread only", () => {
  const threads = new FakeThreads();
  const { reactor, clock } = new Fixture({ startThread: threads.start });
  reactor.callInThread({ module: "file:///task.ts", export: "task" });
  clock.advance(0);
  assertEquals(threads.count, 1);
  const without = new Fixture();
  assertThrows(
    () => without.reactor.callInThread({ module: "file:///task.ts", export: "task" }),
    UnsupportedError,
    "pass the option startThread",
  );
});

Deno.test("InMemoryReactor throws UnsupportedError for what only an operating system has", () => {
  const { reactor } = new Fixture();
  for (
    const act of [
      () => reactor.spawnProcess(),
      () => reactor.listenStandardIO(),
      () => reactor.adoptStreamPort(),
      () => reactor.adoptStreamConnection(),
      () => reactor.listenUNIXDatagram(),
      () => reactor.connectUNIXDatagram(),
    ]
  ) assertThrows(act, UnsupportedError, "DenoReactor has");
  assertEquals(reactor.hostEnvironment.getEnvironment("HOME"), undefined);
});

Deno.test("InMemoryReactor.listenTLS() and connectTLS() connect, with a patient clock", async () => {
  const { authority, server } = await testCertificates();
  const { clock, reactor } = new Fixture();
  using _advancing = autoAdvance(clock, { patience: 5 });
  const [servers, clients] = [new Wires(echo), new Wires()];
  reactor.listenTLS(443, servers, server);
  reactor.connectTLS("127.0.0.1", 443, clients, { caCerts: [authority.cert] });
  const client = await clients.wire();
  client.transport.write("hello");
  await client.has(5);
  assert(client.transport.secure);
  assertEquals(client.text, "hello");
  reactor.stop();
  await client.lost();
  await theOnly(servers).lost();
  while (reactor.network.connectionCount > 0) await deferLater(clock, 0, () => {});
});

const DISPOSALS: readonly [when: string, act: (reactor: InMemoryReactor) => void][] = [
  ["before it runs", () => {}],
  ["while it runs", (reactor) => void reactor.run()],
  ["when it has been told to stop", (reactor) => {
    reactor.run();
    reactor.stop();
  }],
  ["while a trigger of shutdown waits", (reactor) => {
    reactor.run();
    reactor.addSystemEventTrigger("before", "shutdown", () => new Deferred<void>());
  }],
  ["after a crash", (reactor) => {
    reactor.run();
    reactor.crash();
  }],
];
for (const [when, act] of DISPOSALS) {
  Deno.test(
    `InMemoryReactor closes all when it is disposed of ${when}`,
    checkClean(() => {
      const clock = new Clock();
      const [servers, clients] = [new Wires(echo), new Wires()];
      using reactor = new InMemoryReactor(clock);
      reactor.listenTCP(80, servers);
      reactor.listenUDP(53, new DatagramProtocol());
      reactor.connectTCP("127.0.0.1", 80, clients);
      reactor.callLater(60, () => {});
      act(reactor);
      clock.advance(0);
      for (const client of clients.built) client.transport.write("hello");
    }),
  );
}

Deno.test(
  "InMemoryReactor instances on one network can be disposed of one after the other",
  checkClean(() => {
    const clock = new Clock();
    const network = new MemoryNetwork();
    using one = new InMemoryReactor(clock, { network });
    using other = new InMemoryReactor(clock, { network });
    for (const reactor of [one, other]) reactor.run();
    const [servers, clients] = [new Wires(echo), new Wires()];
    one.listenTCP(80, servers);
    other.connectTCP("127.0.0.1", 80, clients);
    clock.advance(0);
    theOnly(clients).transport.write("hello");
  }),
);
