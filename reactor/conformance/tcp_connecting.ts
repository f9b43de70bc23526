/**
 * Connecting over TCP, to raw servers.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { IPv4Address } from "../addresses.ts";
import {
  ConnectError,
  ConnectionDone,
  ConnectionRefusedError,
  DNSLookupError,
  TimeoutError,
  UserError,
} from "../errors.ts";
import type { IConnector, IReactor } from "../interfaces.ts";
import type { RawPeer } from "./raw_peer.ts";
import { type TcpBed, tcpTest } from "./tcp_bed.ts";
import { type Wire, Wires } from "./wire.ts";

const HOST = "127.0.0.1";

/** A port on which nobody listens: one that was just given back. */
function freePort(bed: TcpBed): number {
  const listener = bed.rawListen();
  listener.close();
  return listener.addr.port;
}

/**
 * A port that never answers: its queue of connections to accept is full, and so the system ignores further ones. (Linux: the queue takes
 * one more than the backlog; see listen(2).)
 */
async function silentPort(bed: TcpBed): Promise<number> {
  const { addr } = bed.rawListen({ tcpBacklog: 1 });
  await bed.rawConnect(addr.port);
  await bed.rawConnect(addr.port);
  return addr.port;
}

/** A connection to a raw server. */
async function connected(
  bed: TcpBed,
  factory: Wires,
): Promise<{ connector: IConnector; peer: RawPeer; wire: Wire }> {
  const listener = bed.rawListen();
  const connector = bed.reactor.connectTCP(HOST, listener.addr.port, factory);
  bed.run();
  const peer = await bed.rawAccept(listener);
  return { connector, peer, wire: await factory.wire() };
}

/** The tests of `connectTCP` and the connectors that it returns. */
export function connectingTests(name: string, makeReactor: () => IReactor): void {
  const test = tcpTest(name, makeReactor);

  test("connectTCP() connects, and the factory is told in order", async (bed) => {
    const factory = new Wires();
    const seen: IConnector[] = [];
    factory.startedConnecting = (connector) => {
      seen.push(connector);
      assertEquals(connector.state, "connecting");
    };
    factory.clientConnectionLost = (connector, reason) => {
      // The protocol has been told before.
      assertEquals(factory.built[0]?.events, ["made", "data", "lost"]);
      assertStrictEquals(reason, factory.built[0]?.reason);
      assertEquals(connector.state, "disconnected");
      seen.push(connector);
      factory.events.push("lost");
    };
    const { connector, peer, wire } = await connected(bed, factory);
    assertEquals(connector.state, "connected");
    wire.transport.write("ping");
    assertEquals(await peer.readText(4), "ping");
    await peer.send("pong");
    await wire.has(4);
    assertEquals(wire.text, "pong");
    peer.close();
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertEquals(factory.events, ["start", "lost", "stop"]);
    assertEquals(seen.length, 2);
    assert(seen.every((each) => each === connector));
  });

  test("buildProtocol(), getDestination(), getPeer() and getHost() have the addresses that the peer sees", async (bed) => {
    const factory = new Wires();
    const { connector, peer, wire } = await connected(bed, factory);
    const theirs = peer.conn.localAddr as Deno.NetAddr;
    const ours = peer.conn.remoteAddr as Deno.NetAddr;
    const destination = new IPv4Address("TCP", HOST, theirs.port);
    assert(connector.getDestination().equals(destination));
    assert(factory.addresses[0]?.equals(destination));
    assert(wire.transport.getPeer().equals(destination));
    assert(wire.transport.getHost().equals(new IPv4Address("TCP", HOST, ours.port)));
  });

  test("A host name is resolved", async (bed) => {
    const factory = new Wires();
    const listener = bed.rawListen();
    const connector = bed.reactor.connectTCP("localhost", listener.addr.port, factory);
    bed.run();
    await bed.rawAccept(listener);
    const wire = await factory.wire();
    assertEquals(String(connector.getDestination()), `localhost:${listener.addr.port}`);
    assertEquals(String(wire.transport.getPeer()), `127.0.0.1:${listener.addr.port}`);
  });

  test("The attempt begins when the reactor runs", async (bed) => {
    const factory = new Wires();
    const listener = bed.rawListen();
    const connector = bed.reactor.connectTCP(HOST, listener.addr.port, factory);
    assertEquals(factory.events, ["start", "connecting"]);
    // A raw connection that is made now comes first.
    const early = await bed.rawConnect(listener.addr.port);
    const accepted = await bed.rawAccept(listener);
    assertEquals(accepted.conn.remoteAddr, early.conn.localAddr);
    assertEquals(connector.state, "connecting");
    bed.run();
    await bed.rawAccept(listener);
    await factory.wire();
  });

  test("Nobody listens: ConnectionRefusedError with code, syscall, address and cause", async (bed) => {
    const factory = new Wires();
    const port = freePort(bed);
    const connector = bed.reactor.connectTCP(HOST, port, factory);
    bed.run();
    await factory.told("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, ConnectionRefusedError);
    assertEquals([reason.name, reason.code, reason.syscall, reason.address], [
      "ConnectionRefusedError",
      "ECONNREFUSED",
      "connect",
      `${HOST}:${port}`,
    ]);
    assert(reason.message.startsWith(`Cannot connect to ${HOST}:${port}: `), reason.message);
    assertInstanceOf(reason.cause, Error);
    assertEquals(connector.state, "disconnected");
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
  });

  test("A name that does not exist: DNSLookupError", async (bed) => {
    const factory = new Wires();
    // RFC 6761 section 6.4 keeps .invalid free of names.
    bed.reactor.connectTCP("no-such-host.invalid", 80, factory);
    bed.run();
    await factory.told("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, DNSLookupError);
    assert(/^(ENOTFOUND|EAI_AGAIN)$/.test(reason.code ?? ""), reason.code);
    assertEquals([reason.syscall, reason.address], ["getaddrinfo", "no-such-host.invalid:80"]);
    assertInstanceOf(reason.cause, Error);
  });

  test("A server that does not answer: TimeoutError", async (bed) => {
    const factory = new Wires();
    const port = await silentPort(bed);
    bed.reactor.connectTCP(HOST, port, factory, { timeout: 0.05 });
    bed.run();
    await factory.told("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, TimeoutError);
    assertEquals(reason.message, `Connecting to ${HOST}:${port} took longer than 0.05 s`);
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
    assertEquals(bed.reactor.getDelayedCalls().length, 0);
  });

  for (const method of ["stopConnecting", "disconnect"] as const) {
    test(`${method}() ends an attempt that is under way: UserError, and nothing is left of it`, async (bed) => {
      const factory = new Wires();
      const port = await silentPort(bed);
      bed.run();
      const connector = bed.reactor.connectTCP(HOST, port, factory);
      assertEquals(connector.state, "connecting");
      connector[method]();
      assertInstanceOf(factory.reasons[0], UserError);
      assert(!(factory.reasons[0] instanceof TimeoutError));
      assertEquals(connector.state, "disconnected");
      assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
      assertEquals(bed.reactor.getDelayedCalls().length, 0);
    });
  }

  test("stopConnecting() in startedConnecting(): the factory hears of it, and nobody is called", async (bed) => {
    const factory = new Wires();
    const listener = bed.rawListen();
    factory.startedConnecting = (connector) => connector.stopConnecting();
    bed.run();
    bed.reactor.connectTCP(HOST, listener.addr.port, factory);
    assertInstanceOf(factory.reasons[0], UserError);
    // The next one to come is not the one that was stopped.
    const next = await bed.rawConnect(listener.addr.port);
    const accepted = await bed.rawAccept(listener);
    assertEquals(accepted.conn.remoteAddr, next.conn.localAddr);
  });

  test("connect() in clientConnectionLost() connects again, with the factory started once", async (bed) => {
    const factory = new Wires();
    const listener = bed.rawListen();
    const told = factory.clientConnectionLost.bind(factory);
    factory.clientConnectionLost = (connector, reason) => {
      told(connector, reason);
      if (factory.built.length < 3) connector.connect();
    };
    bed.reactor.connectTCP(HOST, listener.addr.port, factory);
    bed.run();
    for (let i = 0; i < 3; i++) {
      const peer = await bed.rawAccept(listener);
      await factory.wire(i);
      peer.close();
      await factory.told("lost", i + 1);
    }
    await factory.told("stop");
    assertEquals(factory.events.filter((event) => event === "start").length, 1);
    assertEquals(factory.built.map(({ events }) => events), Array(3).fill(["made", "lost"]));
  });

  test("connect() in clientConnectionFailed() tries again until somebody listens", async (bed) => {
    const factory = new Wires();
    const port = freePort(bed);
    let listener: Deno.TcpListener | null = null;
    const told = factory.clientConnectionFailed.bind(factory);
    factory.clientConnectionFailed = (connector, reason) => {
      told(connector, reason);
      if (factory.reasons.length === 3) listener = bed.rawListen({ port });
      connector.connect();
    };
    bed.reactor.connectTCP(HOST, port, factory);
    bed.run();
    await factory.wire();
    assert(listener !== null);
    await bed.rawAccept(listener);
    assertEquals(factory.reasons.length, 3);
  });

  test("disconnect() loses the connection: what was written arrives, then the end", async (bed) => {
    const factory = new Wires();
    const { connector, peer, wire } = await connected(bed, factory);
    wire.transport.write("last words");
    connector.disconnect();
    assertEquals(new TextDecoder().decode(await peer.readAll()), "last words");
    assertInstanceOf(await wire.lost(), ConnectionDone);
    await factory.told("lost");
  });

  test("buildProtocol() that returns null turns the connection away", async (bed) => {
    const factory = new Wires(() => null);
    const listener = bed.rawListen();
    bed.reactor.connectTCP(HOST, listener.addr.port, factory);
    bed.run();
    const peer = await bed.rawAccept(listener);
    assertEquals(await peer.ending(), "end");
    await factory.told("lost");
    assertInstanceOf(factory.reasons[0], ConnectionDone);
    assertEquals(factory.events, ["start", "connecting", "lost", "stop"]);
  });

  test("buildProtocol() that throws is logged, and the reason of clientConnectionLost()", async (bed) => {
    const error = new RangeError("boom");
    const factory = new Wires(() => {
      throw error;
    });
    const listener = bed.rawListen();
    bed.reactor.connectTCP(HOST, listener.addr.port, factory);
    bed.run();
    const peer = await bed.rawAccept(listener);
    await peer.ending();
    await factory.told("lost");
    assertStrictEquals(factory.reasons[0], error);
    assertEquals(bed.errors.take(), [error]);
  });

  test("connectionMade() that throws is logged and loses the connection", async (bed) => {
    const error = new RangeError("boom");
    const factory = new Wires({
      connectionMade: () => {
        throw error;
      },
    });
    const { peer, wire } = await connected(bed, factory);
    await peer.ending();
    assertStrictEquals(await wire.lost(), error);
    await factory.told("lost");
    assertStrictEquals(factory.reasons[0], error);
    assertEquals(bed.errors.take(), [error]);
  });

  test("Ports and options out of range throw", (bed) => {
    const factory = new Wires();
    const wrong: [number, object, string][] = [
      [0, {}, "connectTCP() port must be an integer from 1 to 65535, got 0"],
      [65536, {}, "got 65536"],
      [80, { timeout: -1 }, "timeout must be zero or more seconds, got -1"],
      [80, { timeout: NaN }, "timeout"],
      [80, { linger: -1 }, "linger"],
    ];
    for (const [port, options, message] of wrong) {
      assertThrows(() => bed.reactor.connectTCP(HOST, port, factory, options), RangeError, message);
    }
    assertEquals(factory.events, []);
  });

  test("The reactor can be stopped in clientConnectionFailed()", async (bed) => {
    const factory = new Wires();
    factory.clientConnectionFailed = () => bed.reactor.stop();
    bed.reactor.connectTCP(HOST, freePort(bed), factory);
    await bed.run();
    assertEquals(factory.events, ["start", "connecting", "stop"]);
  });

  test("stop() ends an attempt with a ConnectError", async (bed) => {
    const factory = new Wires();
    const port = await silentPort(bed);
    bed.reactor.connectTCP(HOST, port, factory);
    bed.run();
    await bed.stop();
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
    assertInstanceOf(factory.reasons[0], ConnectError);
  });
}
