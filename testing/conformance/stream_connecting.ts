/**
 * Connecting, to raw servers.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "../assertions.ts";
import { ConnectionDone, ConnectionRefusedError, UserError } from "../../reactor/errors.ts";
import type { IConnector } from "../../reactor/interfaces/mod.ts";
import type { RawPeer } from "../peers/raw_peer.ts";
import { streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { Wires } from "../fixtures/wire.ts";

/** Defines the tests of connectors. */
export function connectingTests(kind: StreamTransport): void {
  const test = streamTest(kind);

  Deno.test(
    test(`${kind.connectMethod}() connects, and calls the factory's methods in order`, async (fixture) => {
      const factory = new Wires();
      const seen: IConnector[] = [];
      factory.startedConnecting = (connector) => {
        seen.push(connector);
        assertEquals(connector.state, "connecting");
      };
      factory.clientConnectionLost = (connector, reason) => {
        // The protocol was called before the factory.
        assertEquals(factory.built[0]?.events, ["made", "data", "lost"]);
        assertStrictEquals(reason, factory.built[0]?.reason);
        assertEquals(connector.state, "disconnected");
        seen.push(connector);
        factory.events.push("lost");
      };
      const { connector, peer, wire } = await fixture.connected(factory);
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
    }),
  );

  Deno.test(
    test("getDestination(), getPeer() and getHost() return the addresses that the peer sees", async (fixture) => {
      const factory = new Wires();
      const { connector, peer, wire } = await fixture.connected(factory);
      const destination = kind.addressOf(peer.conn.localAddr);
      const ours = kind.addressOf(peer.conn.remoteAddr);
      assert(connector.getDestination().equals(destination));
      assert(factory.addresses[0]?.equals(destination));
      assert(wire.transport.getPeer().equals(destination));
      assert(wire.transport.getHost().equals(ours));
    }),
  );

  Deno.test(test("connect() starts the attempt when the reactor runs", async (fixture) => {
    const factory = new Wires();
    const listener = fixture.rawListen();
    const connector = fixture.connect(listener.place, factory);
    assertEquals(factory.events, ["start", "connecting"]);
    // A raw connection that is made now arrives first.
    const early = await fixture.rawConnect(listener.place);
    const sending = early.send("early");
    assertEquals(await (await fixture.rawAccept(listener)).readText(5), "early");
    await sending;
    assertEquals(connector.state, "connecting");
    fixture.run();
    await fixture.rawAccept(listener);
    await factory.wire();
  }));

  Deno.test(
    test("clientConnectionFailed() receives ConnectionRefusedError with code and address", async (fixture) => {
      const factory = new Wires();
      const place = kind.refusingAddress(fixture);
      const connector = fixture.connect(place, factory);
      fixture.run();
      await factory.called("failed");
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
    }),
  );

  Deno.test(
    test("stopConnecting() in startedConnecting() fails the attempt without connecting", async (fixture) => {
      const factory = new Wires();
      const listener = fixture.rawListen();
      factory.startedConnecting = (connector) => connector.stopConnecting();
      fixture.run();
      fixture.connect(listener.place, factory);
      assertInstanceOf(factory.reasons[0], UserError);
      // The next connection is not the one that was stopped.
      const next = await fixture.rawConnect(listener.place);
      const sending = next.send("next");
      assertEquals(await (await fixture.rawAccept(listener)).readText(4), "next");
      await sending;
    }),
  );

  Deno.test(
    test("connect() in clientConnectionLost() reconnects, without a second startFactory()", async (fixture) => {
      const factory = new Wires();
      const listener = fixture.rawListen();
      const original = factory.clientConnectionLost.bind(factory);
      factory.clientConnectionLost = (connector, reason) => {
        original(connector, reason);
        if (factory.built.length < 3) connector.connect();
      };
      fixture.connect(listener.place, factory);
      fixture.run();
      for (let i = 0; i < 3; i++) {
        const peer = await fixture.rawAccept(listener);
        await factory.wire(i);
        peer.close();
        await factory.called("lost", i + 1);
      }
      await factory.called("stop");
      assertEquals(factory.events.filter((event) => event === "start").length, 1);
      assertEquals(factory.built.map(({ events }) => events), Array(3).fill(["made", "lost"]));
    }),
  );

  Deno.test(
    test("connect() in clientConnectionFailed() tries again until a server listens", async (fixture) => {
      const factory = new Wires();
      const place = kind.refusingAddress(fixture);
      const accepted = Promise.withResolvers<RawPeer>();
      const original = factory.clientConnectionFailed.bind(factory);
      factory.clientConnectionFailed = (connector, reason) => {
        original(connector, reason);
        if (factory.reasons.length === 3) {
          accepted.resolve(fixture.rawAccept(fixture.rawListen(place)));
        }
        connector.connect();
      };
      fixture.connect(place, factory);
      fixture.run();
      await accepted.promise;
      await factory.wire();
      assertEquals(factory.reasons.length, 3);
    }),
  );

  Deno.test(
    test("disconnect() sends pending writes, then closes the connection", async (fixture) => {
      const factory = new Wires();
      const { connector, peer, wire } = await fixture.connected(factory);
      wire.transport.write("last words");
      connector.disconnect();
      assertEquals(new TextDecoder().decode(await peer.readAll()), "last words");
      assertInstanceOf(await wire.lost(), ConnectionDone);
      await factory.called("lost");
    }),
  );

  Deno.test(
    test("buildProtocol() that returns null closes the client connection", async (fixture) => {
      const factory = new Wires(() => null);
      const listener = fixture.rawListen();
      fixture.connect(listener.place, factory);
      fixture.run();
      const peer = await fixture.rawAccept(listener);
      assertEquals(await peer.ending(), "end");
      await factory.called("lost");
      assertInstanceOf(factory.reasons[0], ConnectionDone);
      assertEquals(factory.events, ["start", "connecting", "lost", "stop"]);
    }),
  );

  Deno.test(
    test("buildProtocol() that throws is logged, and becomes the reason of the loss", async (fixture) => {
      const error = new RangeError("boom");
      const factory = new Wires(() => {
        throw error;
      });
      const listener = fixture.rawListen();
      fixture.connect(listener.place, factory);
      fixture.run();
      // The connection is aborted at once. If that resets it, Deno may fail to accept it.
      await fixture.rawAccept(listener).then((peer) => peer.ending(), () => {});
      await factory.called("lost");
      assertStrictEquals(factory.reasons[0], error);
      assertEquals(fixture.errors.take(), [error]);
    }),
  );

  Deno.test(
    test("connectionMade() that throws is logged, and loses the connection", async (fixture) => {
      const error = new RangeError("boom");
      const factory = new Wires({
        connectionMade: () => {
          throw error;
        },
      });
      const { peer, wire } = await fixture.connected(factory);
      await peer.ending();
      assertStrictEquals(await wire.lost(), error);
      await factory.called("lost");
      assertStrictEquals(factory.reasons[0], error);
      assertEquals(fixture.errors.take(), [error]);
    }),
  );

  Deno.test(test("stop() works in a client's connectionMade()", async (fixture) => {
    const factory = new Wires({ connectionMade: () => fixture.reactor.stop() });
    const listener = fixture.rawListen();
    fixture.connect(listener.place, factory);
    const running = fixture.run();
    const peer = await fixture.rawAccept(listener);
    await running;
    await peer.ending();
    assertEquals(factory.built[0]?.events, ["made", "lost"]);
    assertEquals(factory.events, ["start", "connecting", "lost", "stop"]);
  }));

  Deno.test(test("stop() works in clientConnectionFailed()", async (fixture) => {
    const factory = new Wires();
    factory.clientConnectionFailed = () => fixture.reactor.stop();
    fixture.connect(kind.refusingAddress(fixture), factory);
    await fixture.run();
    assertEquals(factory.events, ["start", "connecting", "stop"]);
  }));
}
