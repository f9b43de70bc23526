import { assert, assertEquals, assertThrows } from "@std/assert";
import { UnsupportedError } from "../reactor/errors.ts";
import type { ConnectionOptions, ITransport } from "../reactor/interfaces/mod.ts";
import { isDrainable, isHandshakeListener } from "../reactor/stream/protocol_capabilities.ts";
import { LoggedErrors } from "../testing/fixtures/logged_errors.ts";
import {
  type ConnectedPair,
  connectedServerAndClient,
  IOPump,
  StringTransport,
  TestPeer,
} from "../testing/mod.ts";
import {
  Factory,
  joinConnections,
  type JoinedConnections,
  Protocol,
  TimeoutFactory,
  WrappingFactory,
} from "./mod.ts";

/** A protocol that records its end. */
class Former extends Protocol {
  readonly events: string[] = [];

  override dataReceived(data: Uint8Array): void {
    this.events.push(`received ${new TextDecoder().decode(data)}`);
  }

  override connectionLost(reason: Error): void {
    this.events.push(`lost ${reason.name}`);
  }
}

/** Two joined connections, each with a peer: left - (a, b) - right. */
class World implements Disposable {
  readonly pump: IOPump;
  readonly left: TestPeer;
  readonly right: TestPeer;
  readonly formers: [Former, Former];
  readonly a: ITransport;
  readonly b: ITransport;
  readonly joined: JoinedConnections;
  readonly #pairs: ConnectedPair<Former, TestPeer>[];

  constructor(options: ConnectionOptions & { capacity?: number } = {}) {
    const pump = new IOPump();
    const { capacity, ...serverOptions } = options;
    const pair = (): ConnectedPair<Former, TestPeer> =>
      connectedServerAndClient(Former, TestPeer, { pump, serverOptions, capacity });
    const [first, second] = this.#pairs = [pair(), pair()] as const;
    this.pump = pump;
    this.left = first.client;
    this.right = second.client;
    this.formers = [first.server, second.server];
    this.a = first.serverTransport;
    this.b = second.serverTransport;
    this.joined = joinConnections(this.a, this.b);
    pump.flush();
  }

  [Symbol.dispose](): void {
    for (const pair of this.#pairs) pair[Symbol.dispose]();
  }
}

const SIDES = [["left", "right"], ["right", "left"]] as const;

Deno.test("joinConnections() forwards both directions, and counts the bytes", () => {
  using world = new World();
  world.left.send("ping");
  world.right.send("pong!");
  world.pump.flush();
  assertEquals([world.right.text, world.left.text], ["ping", "pong!"]);
  assertEquals([world.joined.bytesFromA, world.joined.bytesFromB], [4, 5]);
  assertEquals(world.formers.map(({ events }) => events), [[], []]);
});

for (const [from, to] of SIDES) {
  Deno.test(`joinConnections() pauses the sender when the reader does not read, from the ${from}`, () => {
    using world = new World({ capacity: 500, writeBufferHighWater: 1000 });
    world[to].pause();
    world[from].send(new Uint8Array(100_000).fill(7));
    world.pump.flush();
    const forwarded = (): number => world.joined.bytesFromA + world.joined.bytesFromB;
    assert(forwarded() <= 3000, `${forwarded()} bytes`);
    world[to].resume();
    world.pump.flush();
    assertEquals([world[to].data.length, forwarded()], [100_000, 100_000]);
  });

  Deno.test(`joinConnections() forwards a half-close, from the ${from}`, () => {
    using world = new World();
    world[from].send("question");
    world[from].closeWrite();
    world.pump.flush();
    assertEquals([world[to].text, world[to].ending, world[to].reason], [
      "question",
      "closed",
      null,
    ]);
    world[to].send("answer");
    world[to].closeWrite();
    world.pump.flush();
    assertEquals([world[from].text, world[from].ending], ["answer", "closed"]);
    assertEquals(world.joined.closed.called, true);
    assertEquals(world.formers.map(({ events }) => events), [
      ["lost ConnectionDone"],
      ["lost ConnectionDone"],
    ]);
  });

  Deno.test(`joinConnections() aborts the other connection when one breaks, on the ${from}`, () => {
    using world = new World();
    world[from].abort();
    world.pump.flush();
    assertEquals(world[to].ending, "ECONNRESET");
    const lost = world.formers.map(({ events }) => events);
    const expected = [["lost ConnectionLost"], ["lost ConnectionAborted"]];
    assertEquals(lost, from === "left" ? expected : expected.toReversed());
    assertEquals(world.joined.closed.called, true);
  });

  Deno.test(`joinConnections() sends all data before it closes, from the ${from}`, () => {
    using world = new World({ capacity: 500, writeBufferHighWater: 1000 });
    world[to].pause();
    world[from].send(new Uint8Array(10_000).fill(7));
    world[from].close();
    world.pump.flush();
    assertEquals([world[to].ending, world.joined.closed.called], ["", false]);
    world[to].resume();
    world.pump.flush();
    assertEquals([world[to].data.length, world[to].ending], [10_000, "closed"]);
  });
}

Deno.test("joinConnections() delivers all data of a peer that closed before a reset", () => {
  using world = new World({ capacity: 500, writeBufferHighWater: 1000 });
  world.right.pause();
  world.left.send(new Uint8Array(1500).fill(7));
  world.left.closeWrite();
  world.pump.flush();
  world.left.abort();
  world.pump.flush();
  world.right.resume();
  world.pump.flush();
  assertEquals([world.right.data.length, world.right.ending], [1500, "closed"]);
});

Deno.test("joinConnections() works within the methods of both protocols", () => {
  const pump = new IOPump();
  let former: Former | null = null;
  using left = connectedServerAndClient(Former, TestPeer, { pump });
  class Joining extends Former {
    override connectionMade(): void {
      former = this;
      joinConnections(left.serverTransport, this.transport);
    }
  }
  left.serverTransport.pauseProducing();
  left.client.send("early");
  using right = connectedServerAndClient(TestPeer, Joining, { pump });
  pump.flush();
  assertEquals(right.server.text, "early");
  right.server.closeWrite();
  left.client.closeWrite();
  pump.flush();
  assertEquals([left.client.ending, right.server.ending], ["closed", "closed"]);
  assertEquals(Object(former).events, ["lost ConnectionDone"]);
});

Deno.test("joinConnections() works through policies, whose rules still hold", () => {
  const pump = new IOPump();
  const timeouts = new TimeoutFactory(Factory.forProtocol(Former), 10);
  const factory = new WrappingFactory(timeouts);
  using left = connectedServerAndClient(factory, TestPeer, { pump });
  using right = connectedServerAndClient(TestPeer, Former, { pump });
  const { transport } = left.server.wrappedProtocol.wrappedProtocol;
  joinConnections(transport, right.clientTransport);
  left.client.send("hello");
  left.client.closeWrite();
  pump.flush();
  assertEquals([right.server.text, right.server.ending], ["hello", "closed"]);
  pump.advance(5);
  right.server.send("still here");
  pump.advance(9);
  assertEquals([left.client.text, timeouts.protocols.size], ["still here", 1]);
  pump.advance(1);
  assertEquals([transport.disconnecting, timeouts.protocols.size], [true, 1]);
  // The other connection is the producer, and holds the end back until the linger time is over.
  pump.advance(60);
  assertEquals([left.client.ending, right.clientTransport.connected], ["ECONNRESET", false]);
  assertEquals(timeouts.protocols.size, 0);
});

Deno.test("joinConnections() closes the open connection if the other one is lost", () => {
  const pump = new IOPump();
  for (const order of [[0, 1], [1, 0]]) {
    using lost = connectedServerAndClient(Former, TestPeer, { pump });
    using open = connectedServerAndClient(Former, TestPeer, { pump });
    lost.client.close();
    pump.flush();
    const both = [lost.serverTransport, open.serverTransport];
    const [a, b] = order.map((index) => both[index]);
    assert(a !== undefined && b !== undefined);
    const { closed } = joinConnections(a, b);
    open.client.send("too late");
    pump.flush();
    assertEquals([open.client.ending, closed.called], ["closed", true]);
    assertEquals(open.server.events, ["lost ConnectionDone"]);
  }
  using one = connectedServerAndClient(Former, TestPeer, { pump });
  using two = connectedServerAndClient(Former, TestPeer, { pump });
  one.client.close();
  two.client.close();
  pump.flush();
  assertEquals(joinConnections(one.serverTransport, two.serverTransport).closed.called, true);
});

Deno.test("joinConnections() passes handshakes and drains on to the former protocols", () => {
  class Full extends Former {
    handshakeCompleted(): void {
      this.events.push("secure");
    }

    drainRequested(): void {
      this.events.push("drain");
    }
  }
  const pump = new IOPump();
  using left = connectedServerAndClient(new WrappingFactory(Factory.forProtocol(Full)), TestPeer, {
    pump,
  });
  using right = connectedServerAndClient(
    new WrappingFactory(Factory.forProtocol(Former)),
    TestPeer,
    {
      pump,
    },
  );
  const { wrappedProtocol: full } = left.server;
  joinConnections(full.transport, right.server.wrappedProtocol.transport);
  assert(isDrainable(left.server) && isHandshakeListener(left.server));
  left.server.drainRequested();
  left.server.handshakeCompleted();
  assertEquals(full.events, ["drain", "secure"]);
  assertEquals([isDrainable(right.server), isHandshakeListener(right.server)], [false, false]);
  assertEquals(left.server.logPrefix(), "Full (ProtocolWrapper)");
});

Deno.test("joinConnections() reports an error of a former protocol", () => {
  using errors = new LoggedErrors();
  using world = new World();
  world.formers[0].connectionLost = () => {
    throw new RangeError("boom");
  };
  world.left.abort();
  world.pump.flush();
  assertEquals(errors.take().map(({ message }) => message), ["boom"]);
  assertEquals([world.right.ending, world.joined.closed.called], ["ECONNRESET", true]);
});

Deno.test("joinConnections() passes the reason of an abort on", () => {
  using world = new World();
  const reason = new RangeError("enough");
  world.a.abortConnection(reason);
  world.pump.flush();
  assertEquals([world.b.connected, world.joined.closed.called], [false, true]);
  assertEquals(world.formers[1].events, ["lost ConnectionAborted"]);
  assertEquals(world.right.ending, "ECONNRESET");
});

Deno.test("joinConnections() throws for connections that it cannot join, and changes nothing", () => {
  const pump = new IOPump();
  using one = connectedServerAndClient(Former, TestPeer, { pump });
  using two = connectedServerAndClient(Former, TestPeer, { pump });
  const [a, b] = [one.serverTransport, two.serverTransport];
  assertThrows(
    () => joinConnections(a, a),
    Error,
    "Cannot join connection from 192.0.2.2:2222 with",
  );
  assertThrows(
    () => joinConnections(a, new StringTransport()),
    UnsupportedError,
    "Cannot join StringTransport to 192.168.1.1:54321: its class, StringTransport, cannot pass a",
  );
  b.registerProducer(two.clientTransport, true);
  assertThrows(() => joinConnections(a, b), Error, "Cannot register");
  assertThrows(() => joinConnections(b, a), Error, "Cannot register");
  b.unregisterProducer();
  one.client.send("hello");
  pump.flush();
  assertEquals(one.server.events, ["received hello"]);
  joinConnections(a, b);
  one.client.send("joined");
  pump.flush();
  assertEquals(two.client.text, "joined");
});
