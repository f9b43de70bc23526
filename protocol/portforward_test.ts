/**
 * Twisted's `test/test_protocols.py`, `PortforwardingTests`: `test_portforward` is here with real
 * sockets, and `test_registerProducers` by its effect, because a transport does not expose its
 * producer. `WireTests` is about `twisted.protocols.wire` (echo, discard and their like), which is
 * not implemented, and `StringTransportTests` about a test tool.
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { Peer, TestHost } from "../testing/fixtures/connection_fixture.ts";
import { ProtocolFixture } from "../testing/fixtures/protocol_fixture.ts";
import { pattern, same } from "../testing/peers/raw_peer.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { Wires } from "../testing/fixtures/wire.ts";
import { connectionLimits } from "../reactor/stream/connection_limits.ts";
import type { DialSink } from "../reactor/stream/dial.ts";
import { Connector } from "../reactor/stream/connector.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { ConnectionRefusedError } from "../reactor/errors.ts";
import type {
  ConnectTCPOptions,
  IClientFactory,
  IConnector,
  IInternetAddress,
  IReactorTCP,
} from "../reactor/interfaces/mod.ts";
import { memoryPipe } from "../reactor/drivers/memory/memory_driver.ts";
import { ProxyClient, ProxyClientFactory, ProxyFactory, ProxyServer } from "./mod.ts";

const HIGH_WATER = 1000;
const PIPE = 500;

/** A client, a server, and a forwarder between them that connects when the test calls for it. */
class World implements Disposable {
  readonly host = new TestHost();
  /** The address that the forwarder connected to. */
  readonly attempts: [host: string, port: number, options: ConnectTCPOptions | undefined][] = [];
  readonly reactor: Pick<IReactorTCP, "connectTCP"> = {
    connectTCP: (host, port, factory, options) => this.#connect(host, port, factory, options),
  };
  readonly fixture: ProtocolFixture<ProxyServer>;
  #dial: DialSink | null = null;
  #isCancelled = false;
  #server: Peer | null = null;

  constructor() {
    const reactor: IReactorTCP = {
      ...this.reactor,
      listenTCP: () => {
        throw new Error("not used in this test");
      },
    };
    const factory = new ProxyFactory(reactor, "example.org", 80, { timeout: 5 });
    const server = factory.buildProtocol(new IPv4Address("TCP", "192.0.2.2", 2222));
    if (server === null) throw new Error("No protocol was built");
    this.fixture = new ProtocolFixture(server, {
      host: this.host,
      capacity: PIPE,
      writeBufferHighWater: HIGH_WATER,
    });
    this.fixture.open();
  }

  get client(): Peer {
    return this.fixture.peer;
  }

  get server(): Peer {
    if (this.#server === null) throw new Error("Not connected yet");
    return this.#server;
  }

  /** Whether the attempt to connect was ended. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Completes the forwarder's attempt to connect. */
  connect(): this {
    const [end, other] = memoryPipe({
      schedule: (step) => this.host.steps.push(step),
      capacity: PIPE,
    });
    this.#server = new Peer(other);
    other.startReading();
    this.#dial?.released();
    this.#dial?.connected(end);
    this.host.settle();
    return this;
  }

  /** Fails the forwarder's attempt to connect. */
  refuse(): void {
    this.#dial?.released();
    this.#dial?.failed(new ConnectionRefusedError("Connecting to example.org:80 was refused"));
    this.host.settle();
  }

  [Symbol.dispose](): void {
    this.fixture[Symbol.dispose]();
  }

  #connect(
    host: string,
    port: number,
    factory: IClientFactory,
    options?: ConnectTCPOptions,
  ): IConnector<IInternetAddress> {
    this.attempts.push([host, port, options]);
    const limits = connectionLimits({ writeBufferHighWater: HIGH_WATER });
    const address = new IPv4Address("TCP", "192.0.2.3", port);
    const connector = new Connector(this.host, factory, address, limits, Infinity, (sink) => {
      this.#dial = sink;
      return () => {
        this.#isCancelled = true;
        sink.released();
      };
    });
    connector.connect();
    return connector;
  }
}

Deno.test("ProxyFactory connects each client to the destination, and forwards both directions", () => {
  using world = new World();
  assertEquals(world.attempts, [["example.org", 80, { timeout: 5 }]]);
  world.connect();
  world.client.send("ping");
  world.host.settle();
  assertEquals(world.server.text, "ping");
  world.server.send("pong");
  world.host.settle();
  assertEquals(world.client.text, "pong");
});

Deno.test("ProxyServer forwards data that a client sent before the destination connected", () => {
  using world = new World();
  world.client.send("early ");
  world.host.settle();
  assertEquals(world.fixture.driver.isReading, false);
  world.client.send("bird");
  world.host.settle();
  world.client.driver.closeWrite();
  world.host.settle();
  world.connect();
  assertEquals([world.server.text, world.server.end], ["early bird", "ended"]);
  world.server.send("worm");
  world.host.settle();
  assertEquals([world.client.text, world.client.end], ["worm", ""]);
});

for (const way of ["there", "back"] as const) {
  Deno.test(`ForwardingProtocol pauses the sender when the reader does not read, ${way}`, () => {
    using world = new World();
    world.connect();
    const [from, to] = way === "there"
      ? [world.client, world.server]
      : [world.server, world.client];
    const all = Array.from({ length: 4000 }, (_, i) => `${i} `).join("");
    to.driver.stopReading();
    from.send(all);
    world.host.settle();
    // The read in progress, two pipes, a write buffer one chunk above its mark, and one chunk that
    // arrived while paused.
    const most = PIPE + 2 * PIPE + (HIGH_WATER + PIPE) + PIPE;
    const taken = all.length - from.unsent;
    assert(to.text.length <= PIPE && taken > HIGH_WATER && taken <= most, `${taken} were taken`);
    to.driver.startReading();
    world.host.settle();
    assert(to.text === all);
    assertEquals(from.unsent, 0);
  });

  Deno.test(`ForwardingProtocol forwards a half-close, ${way}, and keeps the other direction open`, () => {
    using world = new World();
    world.connect();
    const [from, to] = way === "there"
      ? [world.client, world.server]
      : [world.server, world.client];
    to.driver.stopReading();
    const all = "x".repeat(5000);
    from.send(all);
    world.host.settle();
    assertEquals(to.end, "");
    to.driver.startReading();
    world.host.settle();
    from.driver.closeWrite();
    world.host.settle();
    assertEquals([to.text.length, to.end], [5000, "ended"]);
    to.send("an answer, at leisure");
    world.host.settle();
    assertEquals([from.text, from.end], ["an answer, at leisure", ""]);
    to.driver.closeWrite();
    world.host.settle();
    assertEquals([from.end, world.fixture.reason?.name], ["ended", "ConnectionDone"]);
    assertEquals(world.host.reactor.getDelayedCalls().length, 0);
  });

  Deno.test(`ForwardingProtocol aborts the other connection when one breaks, ${way}`, () => {
    using world = new World();
    world.connect();
    const [from, to] = way === "there"
      ? [world.client, world.server]
      : [world.server, world.client];
    from.send("half a sent");
    world.host.settle();
    from.driver.abort();
    world.host.settle();
    assertEquals([to.text, to.end], ["half a sent", "ECONNRESET"]);
  });
}

Deno.test("ForwardingProtocol delivers all data of a server that closed before a reset", () => {
  using world = new World();
  world.connect();
  world.client.driver.stopReading();
  world.server.send("x".repeat(800));
  world.host.settle();
  world.server.driver.close();
  world.host.settle();
  // The server is lost, so the client's data has no destination.
  world.client.send("quit");
  world.host.settle();
  world.client.driver.startReading();
  world.host.settle();
  assertEquals([world.client.text.length, world.client.end], [800, "ended"]);
});

Deno.test("ProxyServer closes a client's connection if the destination is unreachable", () => {
  using world = new World();
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { replay: false });
  world.refuse();
  assertEquals(world.client.end, "ended");
  assertEquals(world.fixture.reason?.name, "ConnectionDone");
  assertEquals(events.map(({ level, message }) => [level, message]), [
    [
      "warn",
      "Cannot forward the connection from 192.0.2.2:2222: Connecting to example.org:80 was refused",
    ],
  ]);
});

Deno.test("ProxyServer cancels the attempt to connect when the client is lost", () => {
  using world = new World();
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { replay: false });
  world.fixture.connection.abortConnection();
  world.host.settle();
  assert(world.isCancelled);
  assertEquals(events, []);
});

Deno.test("ProxyFactory protocols throw for a missing peer or factory", () => {
  class Client extends ProxyClient {}
  class Clients extends ProxyClientFactory {
    override protocol = Client;
  }
  class Server extends ProxyServer {
    override clientProtocolFactory = Clients;
  }
  class Servers extends ProxyFactory {
    override protocol = Server;
  }
  const reactor = new DenoReactor();
  const address = new IPv4Address("TCP", "192.0.2.1", 1111);
  const server = new Servers(reactor, "example.org", 80).buildProtocol(address);
  assertInstanceOf(server, Server);
  const clients = new server.clientProtocolFactory();
  clients.setServer(server);
  const client = clients.buildProtocol(address);
  assertInstanceOf(client, Client);
  assertEquals(client.peer, server);
  const { connection } = new ProtocolFixture(new ProxyServer());
  assertThrows(
    () => new ProxyServer().makeConnection(connection),
    Error,
    "Cannot get the factory of ProxyServer",
  );
  assertThrows(
    () => new ProxyClient().makeConnection(connection),
    Error,
    "setPeer() has not been called",
  );
});

const test = tcpTest("Port forwarding", () => new DenoReactor());

Deno.test(
  test("ProxyFactory forwards megabytes in both directions over sockets", async (fixture) => {
    const servers = new Wires({ dataReceived: (wire, data) => wire.transport.write(data) });
    const echo = fixture.listen(servers);
    const forwarder = fixture.reactor.listenTCP(
      0,
      new ProxyFactory(fixture.reactor, "127.0.0.1", echo.port),
      { interface: "127.0.0.1" },
    );
    fixture.run();
    const peer = await fixture.rawConnect(portOf(forwarder.getHost()));
    const sent = pattern(4 << 20);
    const sending = peer.send(sent).then(() => peer.conn.closeWrite());
    const received = await peer.readAll();
    await sending;
    assert(same(received, sent));
    assertEquals((await (await servers.wire()).lost()).name, "ConnectionDone");
  }),
);
