/**
 * Connecting, to raw servers.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ConnectionDone, ConnectionRefusedError, UserError } from "../errors.ts";
import type { IConnector } from "../interfaces.ts";
import type { RawPeer } from "./raw_peer.ts";
import { streamTest } from "./stream_bed.ts";
import type { StreamKind } from "./stream_kind.ts";
import { Wires } from "./wire.ts";

/** The tests of connectors. */
export function connectingTests(kind: StreamKind): void {
  const test = streamTest(kind);

  test(`${kind.connectMethod}() connects, and the factory is told in order`, async (bed) => {
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
    const { connector, peer, wire } = await bed.connected(factory);
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
    const { connector, peer, wire } = await bed.connected(factory);
    const destination = kind.addressOf(peer.conn.localAddr);
    const ours = kind.addressOf(peer.conn.remoteAddr);
    assert(connector.getDestination().equals(destination));
    assert(factory.addresses[0]?.equals(destination));
    assert(wire.transport.getPeer().equals(destination));
    assert(wire.transport.getHost().equals(ours));
  });

  test("The attempt begins when the reactor runs", async (bed) => {
    const factory = new Wires();
    const listener = bed.rawListen();
    const connector = bed.connect(listener.place, factory);
    assertEquals(factory.events, ["start", "connecting"]);
    // A raw connection that is made now comes first.
    const early = await bed.rawConnect(listener.place);
    const sending = early.send("early");
    assertEquals(await (await bed.rawAccept(listener)).readText(5), "early");
    await sending;
    assertEquals(connector.state, "connecting");
    bed.run();
    await bed.rawAccept(listener);
    await factory.wire();
  });

  test("Nobody listens: ConnectionRefusedError with code, syscall, address and cause", async (bed) => {
    const factory = new Wires();
    const place = kind.refusingPlace(bed);
    const connector = bed.connect(place, factory);
    bed.run();
    await factory.told("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, ConnectionRefusedError);
    assertEquals([reason.name, reason.code, reason.syscall, reason.address], [
      "ConnectionRefusedError",
      "ECONNREFUSED",
      "connect",
      String(place),
    ]);
    assert(reason.message.startsWith(`Cannot connect to ${place}: `), reason.message);
    assertInstanceOf(reason.cause, Error);
    assertEquals(connector.state, "disconnected");
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
  });

  test("stopConnecting() in startedConnecting(): the factory hears of it, and nobody is called", async (bed) => {
    const factory = new Wires();
    const listener = bed.rawListen();
    factory.startedConnecting = (connector) => connector.stopConnecting();
    bed.run();
    bed.connect(listener.place, factory);
    assertInstanceOf(factory.reasons[0], UserError);
    // The next one to come is not the one that was stopped.
    const next = await bed.rawConnect(listener.place);
    const sending = next.send("next");
    assertEquals(await (await bed.rawAccept(listener)).readText(4), "next");
    await sending;
  });

  test("connect() in clientConnectionLost() connects again, with the factory started once", async (bed) => {
    const factory = new Wires();
    const listener = bed.rawListen();
    const told = factory.clientConnectionLost.bind(factory);
    factory.clientConnectionLost = (connector, reason) => {
      told(connector, reason);
      if (factory.built.length < 3) connector.connect();
    };
    bed.connect(listener.place, factory);
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
    const place = kind.refusingPlace(bed);
    const accepted = Promise.withResolvers<RawPeer>();
    const told = factory.clientConnectionFailed.bind(factory);
    factory.clientConnectionFailed = (connector, reason) => {
      told(connector, reason);
      if (factory.reasons.length === 3) accepted.resolve(bed.rawAccept(bed.rawListen(place)));
      connector.connect();
    };
    bed.connect(place, factory);
    bed.run();
    await accepted.promise;
    await factory.wire();
    assertEquals(factory.reasons.length, 3);
  });

  test("disconnect() loses the connection: what was written arrives, then the end", async (bed) => {
    const factory = new Wires();
    const { connector, peer, wire } = await bed.connected(factory);
    wire.transport.write("last words");
    connector.disconnect();
    assertEquals(new TextDecoder().decode(await peer.readAll()), "last words");
    assertInstanceOf(await wire.lost(), ConnectionDone);
    await factory.told("lost");
  });

  test("buildProtocol() that returns null turns the connection away", async (bed) => {
    const factory = new Wires(() => null);
    const listener = bed.rawListen();
    bed.connect(listener.place, factory);
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
    bed.connect(listener.place, factory);
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
    const { peer, wire } = await bed.connected(factory);
    await peer.ending();
    assertStrictEquals(await wire.lost(), error);
    await factory.told("lost");
    assertStrictEquals(factory.reasons[0], error);
    assertEquals(bed.errors.take(), [error]);
  });

  test("The reactor can be stopped in a client's connectionMade()", async (bed) => {
    const factory = new Wires({ connectionMade: () => bed.reactor.stop() });
    const listener = bed.rawListen();
    bed.connect(listener.place, factory);
    const running = bed.run();
    const peer = await bed.rawAccept(listener);
    await running;
    await peer.ending();
    assertEquals(factory.built[0]?.events, ["made", "lost"]);
    assertEquals(factory.events, ["start", "connecting", "lost", "stop"]);
  });

  test("The reactor can be stopped in clientConnectionFailed()", async (bed) => {
    const factory = new Wires();
    factory.clientConnectionFailed = () => bed.reactor.stop();
    bed.connect(kind.refusingPlace(bed), factory);
    await bed.run();
    assertEquals(factory.events, ["start", "connecting", "stop"]);
  });
}
