/**
 * Twisted's `test/test_protocols.py`, `PortforwardingTests`: `test_portforward` is here with real
 * sockets, and `test_registerProducers` by its effect on connections in memory. `WireTests` is
 * about `twisted.protocols.wire` (echo, discard and their like), which is not implemented.
 * `StringTransportTests` are in `testing/string_transport_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { pattern, same } from "../testing/peers/raw_peer.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { Wires } from "../testing/fixtures/wire.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { Clock } from "../task/mod.ts";
import {
  type ConnectedPair,
  connectedServerAndClient,
  type FakeTCPConnector,
  InMemoryReactor,
  MemoryNetwork,
  MemoryReactor,
  StringTransport,
  TestPeer,
} from "../testing/mod.ts";
import { ClientFactory, Factory } from "./factory.ts";
import { ProxyClient, ProxyClientFactory, ProxyFactory, ProxyServer } from "./mod.ts";

const HIGH_WATER = 1000;
const PIPE = 500;

/** A client of a forwarder, whose attempt to connect to the destination is pending. */
interface Pending extends Disposable {
  readonly pair: ConnectedPair<ProxyServer, TestPeer>;
  readonly attempt: FakeTCPConnector;
}

/** Connects a client to a forwarder. */
function pending(): Pending {
  const reactor = new MemoryReactor();
  const factory = new ProxyFactory(reactor, "example.org", 80, { timeout: 5 });
  const pair = connectedServerAndClient(factory, TestPeer);
  const [attempt] = reactor.tcpClients;
  assert(attempt !== undefined);
  return { pair, attempt, [Symbol.dispose]: () => pair[Symbol.dispose]() };
}

/** A client, a server, and a forwarder that has connected them. */
class World implements Disposable {
  readonly clock = new Clock();
  readonly reactor = new InMemoryReactor(this.clock, {
    network: new MemoryNetwork({ capacity: PIPE }),
  });
  readonly client = new TestPeer();
  readonly server = new TestPeer();
  /** The number of bytes that the forwarder has received. */
  taken = 0;
  /** The reason for which the forwarder has lost the client's connection. */
  reason: Error | null = null;

  constructor() {
    const received = ({ length }: Uint8Array) => this.taken += length;
    const lost = (reason: Error) => this.reason = reason;
    class Client extends ProxyClient {
      override dataReceived(data: Uint8Array): void {
        received(data);
        super.dataReceived(data);
      }
    }
    class Server extends ProxyServer {
      override clientProtocolFactory = class extends ProxyClientFactory {
        override protocol = Client;
      };

      override dataReceived(data: Uint8Array): void {
        received(data);
        super.dataReceived(data);
      }

      override connectionLost(reason: Error): void {
        lost(reason);
        super.connectionLost(reason);
      }
    }
    const { reactor } = this;
    const limits = { writeBufferHighWater: HIGH_WATER };
    const factory = new ProxyFactory(reactor, "127.0.0.1", 80, limits);
    factory.protocol = Server;
    reactor.listenTCP(80, Factory.forProtocol(() => this.server));
    reactor.listenTCP(2000, factory, limits);
    reactor.connectTCP("127.0.0.1", 2000, ClientFactory.forProtocol(() => this.client));
    reactor.run();
    this.settle();
  }

  /** Moves all bytes that can move. */
  settle(): void {
    this.clock.advance(0);
  }

  /** Returns the sender and the receiver of one direction. */
  peers(way: "there" | "back"): [from: TestPeer, to: TestPeer] {
    return way === "there" ? [this.client, this.server] : [this.server, this.client];
  }

  [Symbol.dispose](): void {
    this.reactor.stop();
    this.settle();
  }
}

Deno.test("ProxyFactory connects each client to the destination, and forwards both directions", () => {
  using waiting = pending();
  const { host, port, options } = waiting.attempt;
  assertEquals([host, port, options], ["example.org", 80, { timeout: 5 }]);
  using world = new World();
  world.client.send("ping");
  world.settle();
  assertEquals(world.server.text, "ping");
  world.server.send("pong");
  world.settle();
  assertEquals(world.client.text, "pong");
});

Deno.test("ProxyServer forwards data that a client sent before the destination connected", () => {
  using waiting = pending();
  const { pair, attempt } = waiting;
  let received = 0;
  const { server } = pair;
  server.dataReceived = (data) => {
    received += data.length;
    ProxyServer.prototype.dataReceived.call(server, data);
  };
  pair.client.send("early ");
  pair.pump.flush();
  pair.client.send("bird");
  pair.pump.flush();
  pair.client.transport.loseWriteConnection();
  pair.pump.flush();
  assertEquals(received, 0);
  const connection = attempt.succeed();
  pair.pump.flush();
  const { transport } = connection;
  assertEquals([transport.text(), transport.writeDisconnecting], ["early bird", true]);
  connection.receive("worm");
  pair.pump.flush();
  assertEquals([pair.client.text, pair.client.ending], ["worm", ""]);
});

for (const way of ["there", "back"] as const) {
  Deno.test(`ForwardingProtocol pauses the sender when the reader does not read, ${way}`, () => {
    using world = new World();
    const [from, to] = world.peers(way);
    const all = Array.from({ length: 4000 }, (_, i) => `${i} `).join("");
    to.transport.pauseProducing();
    from.send(all);
    world.settle();
    // The read in progress, a pipe, a write buffer one chunk above its mark, and one chunk that
    // arrived while paused.
    const most = PIPE + PIPE + (HIGH_WATER + PIPE) + PIPE;
    const { taken } = world;
    assert(to.text.length <= PIPE && taken > HIGH_WATER && taken <= most, `${taken} were taken`);
    to.transport.resumeProducing();
    world.settle();
    assert(to.text === all);
  });

  Deno.test(`ForwardingProtocol forwards a half-close, ${way}, and keeps the other direction open`, () => {
    using world = new World();
    const [from, to] = world.peers(way);
    to.transport.pauseProducing();
    const all = "x".repeat(5000);
    from.send(all);
    world.settle();
    assertEquals(to.ending, "");
    to.transport.resumeProducing();
    world.settle();
    from.transport.loseWriteConnection();
    world.settle();
    assertEquals([to.text.length, to.ending], [5000, "closed"]);
    to.send("an answer, at leisure");
    world.settle();
    assertEquals([from.text, from.ending], ["an answer, at leisure", ""]);
    to.transport.loseWriteConnection();
    world.settle();
    assertEquals([from.ending, world.reason?.name], ["closed", "ConnectionDone"]);
    assertEquals(world.reactor.getDelayedCalls(), []);
    assertEquals(world.reactor.network.connectionCount, 0);
  });

  Deno.test(`ForwardingProtocol aborts the other connection when one breaks, ${way}`, () => {
    using world = new World();
    const [from, to] = world.peers(way);
    from.send("half a sent");
    world.settle();
    from.abort();
    world.settle();
    assertEquals([to.text, to.ending], ["half a sent", "ECONNRESET"]);
  });
}

Deno.test("ForwardingProtocol delivers all data of a server that closed before a reset", () => {
  using world = new World();
  world.client.transport.pauseProducing();
  world.server.send("x".repeat(800));
  world.settle();
  world.server.close();
  world.settle();
  // The server is lost, so the client's data has no destination.
  world.client.send("quit");
  world.settle();
  world.client.transport.resumeProducing();
  world.settle();
  assertEquals([world.client.text.length, world.client.ending], [800, "closed"]);
});

Deno.test("ProxyServer closes a client's connection if the destination is unreachable", () => {
  using waiting = pending();
  const { pair, attempt } = waiting;
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { replay: false });
  attempt.fail();
  pair.pump.flush();
  assertEquals([pair.client.ending, pair.serverReason?.name], ["closed", "ConnectionDone"]);
  assertEquals(events.map(({ level, message }) => [level, message]), [
    [
      "warn",
      "Cannot forward the connection from 192.0.2.2:2222: Connecting to example.org:80 was refused",
    ],
  ]);
});

Deno.test("ProxyServer cancels the attempt to connect when the client is lost", () => {
  using waiting = pending();
  const { pair, attempt } = waiting;
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { replay: false });
  pair.serverTransport.abortConnection();
  pair.pump.flush();
  assert(attempt.stoppedConnecting);
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
  const reactor = new MemoryReactor();
  const address = new IPv4Address("TCP", "192.0.2.1", 1111);
  const server = new Servers(reactor, "example.org", 80).buildProtocol(address);
  assertInstanceOf(server, Server);
  const clients = new server.clientProtocolFactory();
  clients.setServer(server);
  const client = clients.buildProtocol(address);
  assertInstanceOf(client, Client);
  assertEquals(client.peer, server);
  assertThrows(
    () => new ProxyServer().makeConnection(new StringTransport()),
    Error,
    "Cannot get the factory of ProxyServer",
  );
  assertThrows(
    () => new ProxyClient().makeConnection(new StringTransport()),
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
