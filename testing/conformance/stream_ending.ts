/**
 * The end of connections, with raw peers.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
} from "../assertions.ts";
import {
  ConnectionAborted,
  ConnectionDone,
  ConnectionLost,
  LingerTimeout,
} from "../../reactor/errors.ts";
import { pattern, same } from "../peers/raw_peer.ts";
import { streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { type WireBehaviour, Wires } from "../fixtures/wire.ts";

const MEGABYTE = 1 << 20;

/** Defines the tests of the end of connections. */
export function endingTests(kind: StreamTransport): void {
  const test = streamTest(kind);
  const echo: WireBehaviour = { dataReceived: (wire, data) => wire.transport.write(data) };

  Deno.test(
    test("connectionLost() receives ConnectionDone after all data that the peer sent", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      const all = pattern(MEGABYTE);
      await peer.send(all);
      peer.close();
      assertInstanceOf(await wire.lost(), ConnectionDone);
      assertEquals(wire.size, all.length);
      assertEquals(wire.events.at(-1), "lost");
    }),
  );

  Deno.test(test("loseConnection() sends all pending writes, then closes", async (fixture) => {
    const all = pattern(16 * MEGABYTE);
    const { peer, wire } = await fixture.accepted();
    wire.transport.write(all);
    wire.transport.loseConnection();
    assert(wire.transport.disconnecting);
    assert(same(await peer.readAll(), all));
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assert(!wire.transport.disconnecting);
  }));

  Deno.test(
    test("write() after loseConnection() is sent; write() after the loss has no effect", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      wire.transport.write("one ");
      wire.transport.loseConnection();
      wire.transport.write("two");
      assertEquals(new TextDecoder().decode(await peer.readAll()), "one two");
      await wire.lost();
      wire.transport.write("three");
      wire.transport.writeSequence(["four"]);
      wire.transport.loseConnection();
      wire.transport.abortConnection();
      assertEquals(wire.events, ["made", "lost"]);
    }),
  );

  Deno.test(
    test("abortConnection() drops pending writes and gives ConnectionAborted", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      wire.transport.write(new Uint8Array(64 * MEGABYTE));
      wire.transport.abortConnection();
      assertEquals(wire.events, ["made"]); // not yet connectionLost()
      const reason = await wire.lost();
      assertInstanceOf(reason, ConnectionAborted);
      assertMatch(await peer.ending(), kind.abortSeenAs);
    }),
  );

  Deno.test(
    test("abortConnection() works during a write to a peer that does not read", async (fixture) => {
      const { peer, wire } = await fixture.accepted();
      wire.transport.write(new Uint8Array(64 * MEGABYTE));
      // The peer has received one byte: the write has begun, and cannot complete.
      await peer.read(1);
      wire.transport.abortConnection();
      assertInstanceOf(await wire.lost(), ConnectionAborted);
    }),
  );

  for (const method of ["loseConnection", "abortConnection"] as const) {
    Deno.test(
      test(`${method}() in dataReceived() calls connectionLost() after it, and nothing else`, async (fixture) => {
        let within = false;
        const { peer, wire } = await fixture.accepted({
          dataReceived: (wire) => {
            within = true;
            wire.transport[method]();
            wire.transport[method]();
            within = false;
          },
          connectionLost: () => assert(!within, "connectionLost() within dataReceived()"),
        });
        await peer.send("go");
        const reason = await wire.lost();
        const aborted = method === "abortConnection";
        assertInstanceOf(reason, aborted ? ConnectionAborted : ConnectionDone);
        await peer.ending();
        assertEquals(wire.events, ["made", "data", "lost"]);
      }),
    );

    Deno.test(test(`${method}() in connectionMade() closes the connection`, async (fixture) => {
      const factory = new Wires({ connectionMade: (wire) => wire.transport[method]() });
      const { place } = fixture.listen(factory);
      fixture.run();
      await fixture.rawEnding(place);
      const wire = await factory.wire();
      await wire.lost();
      assertEquals(wire.events, ["made", "lost"]);
    }));
  }

  Deno.test(
    test("loseConnection() to a peer that never reads aborts after the linger time", async (fixture) => {
      const { wire } = await fixture.accepted({}, { linger: 0.05 });
      wire.transport.write(new Uint8Array(64 * MEGABYTE));
      wire.transport.loseConnection();
      const reason = await wire.lost();
      assertInstanceOf(reason, LingerTimeout);
      assert(reason.unsent > 0);
    }),
  );

  Deno.test(
    test("loseConnection() during a blocked write aborts after the linger time", async (fixture) => {
      const { peer, wire } = await fixture.accepted({}, { linger: 0.05 });
      wire.transport.write(new Uint8Array(64 * MEGABYTE));
      await peer.read(1);
      wire.transport.loseConnection();
      assertInstanceOf(await wire.lost(), LingerTimeout);
    }),
  );

  Deno.test(
    test("write() to a peer that has closed loses a connection that does not read", async (fixture) => {
      const { peer, wire } = await fixture.accepted({
        connectionMade: (wire) => wire.transport.pauseProducing(),
      });
      peer.close();
      const write = () => {
        if (wire.reason !== null) return;
        wire.transport.write("anybody there?");
        fixture.reactor.callLater(0, write);
      };
      write();
      assertInstanceOf(await wire.lost(), ConnectionLost);
    }),
  );

  for (const how of ["throws", "rejects"] as const) {
    Deno.test(
      test(`dataReceived() that ${how} loses only that connection, with the error`, async (fixture) => {
        const error = new RangeError("boom");
        const factory = new Wires({
          dataReceived: (wire, data) => {
            if (data[0] !== 0x21) return wire.transport.write(data);
            if (how === "rejects") return Promise.reject(error);
            throw error;
          },
        });
        const port = fixture.listen(factory);
        fixture.run();
        const [good, bad] = [
          await fixture.rawConnect(port.place),
          await fixture.rawConnect(port.place),
        ];
        await factory.wire(1);
        await bad.send("!");
        await bad.ending();
        const lost = factory.built.find(({ reason }) => reason !== null);
        assertStrictEquals(lost?.reason, error);
        await good.send("fine");
        assertEquals(await good.readText(4), "fine");
        assertEquals(fixture.errors.take(), [error]);
      }),
    );
  }

  Deno.test(
    test("stop() closes all connections and calls connectionLost() before run() settles", async (fixture) => {
      const servers = new Wires();
      const clients = new Wires();
      const [port, second] = [fixture.listen(servers), fixture.listen(servers)];
      const raw = fixture.rawListen();
      const running = fixture.run();
      const peers = [await fixture.rawConnect(port.place), await fixture.rawConnect(second.place)];
      fixture.connect(raw.place, clients);
      peers.push(await fixture.rawAccept(raw));
      await clients.wire();
      await servers.wire(1);
      // More than the system buffers.
      servers.built[0]?.transport.write(new Uint8Array(64 * MEGABYTE));
      fixture.reactor.stop();
      await running;
      for (const wire of [...servers.built, ...clients.built]) {
        assertEquals(wire.events, ["made", "lost"]);
        assertInstanceOf(wire.reason, ConnectionLost);
      }
      assertEquals(clients.events, ["start", "connecting", "lost", "stop"]);
      assertEquals(servers.events, ["start", "stop"]);
      for (const peer of peers) await peer.ending();
      fixture.rawListen(port.place);
      fixture.rawListen(second.place);
    }),
  );

  Deno.test(test("stop() sends the writes of the same turn", async (fixture) => {
    const { peer, wire } = await fixture.accepted();
    fixture.reactor.callLater(0, () => {
      wire.transport.write("goodbye");
      fixture.reactor.stop();
    });
    assertEquals(new TextDecoder().decode(await peer.readAll()), "goodbye");
    assertInstanceOf(await wire.lost(), ConnectionLost);
    await fixture.run();
  }));

  for (const method of ["connectionMade", "dataReceived", "connectionLost"] as const) {
    Deno.test(test(`stop() in ${method}() stops the reactor`, async (fixture) => {
      const factory = new Wires({ [method]: () => fixture.reactor.stop() });
      const port = fixture.listen(factory);
      const running = fixture.run();
      const peer = await fixture.rawConnect(port.place);
      if (method === "dataReceived") await peer.send("stop");
      if (method === "connectionLost") peer.close();
      await running;
      assertEquals(factory.built[0]?.events.at(-1), "lost");
      assertEquals(factory.events, ["start", "stop"]);
    }));
  }

  Deno.test(
    test("crash() keeps connections and ports, which continue at the next run()", async (fixture) => {
      const factory = new Wires(echo);
      const port = fixture.listen(factory);
      const crashed = fixture.reactor.run({ installSignalHandlers: false });
      const peer = await fixture.rawConnect(port.place);
      const wire = await factory.wire();
      fixture.reactor.crash();
      await crashed;
      assertEquals([wire.events, factory.events], [["made"], ["start"]]);
      fixture.run();
      for (const each of [peer, await fixture.rawConnect(port.place)]) {
        await each.send("still there?");
        assertEquals(await each.readText(12), "still there?");
      }
      await fixture.stop();
      assertEquals(wire.events.at(-1), "lost");
      assertEquals(factory.events, ["start", "stop"]);
    }),
  );

  Deno.test(
    test(`connect() and ${kind.listenMethod}() in connectionLost() do not delay the shutdown`, async (fixture) => {
      const clients = new Wires();
      const raw = fixture.rawListen();
      clients.clientConnectionLost = (connector) => {
        connector.connect();
        fixture.listen(new Wires());
      };
      const running = fixture.run();
      fixture.connect(raw.place, clients);
      await fixture.rawAccept(raw);
      await clients.wire();
      fixture.reactor.stop();
      await running;
      assertEquals(clients.built.length, 1);
    }),
  );
}
