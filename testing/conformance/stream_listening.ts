/**
 * Listening, with raw clients.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertThrows,
} from "../assertions.ts";
import { InternetAddress } from "../../reactor/addresses.ts";
import { CannotListenError, ConnectionDone } from "../../reactor/errors.ts";
import { streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { Wire, Wires } from "../fixtures/wire.ts";

const greeter = { connectionMade: (wire: Wire) => wire.transport.write("hello") };

/** Defines the tests of ports. */
export function listeningTests(kind: StreamTransport): void {
  const test = streamTest(kind);

  Deno.test(
    test("StreamPort accepts earlier and later connections once the reactor runs", async (fixture) => {
      const factory = new Wires({
        dataReceived: (wire, data) => wire.transport.write(data),
      });
      const port = fixture.listen(factory);
      const peers = [await fixture.rawConnect(port.place), await fixture.rawConnect(port.place)];
      // Not awaited yet: TLS sends only after both sides have taken part.
      const sending = peers.map((peer, i) => peer.send(`early ${i}`));
      assertEquals(factory.built.length, 0);
      fixture.run();
      for (const [i, peer] of peers.entries()) assertEquals(await peer.readText(7), `early ${i}`);
      await Promise.all(sending);
      assertEquals(factory.built.length, 2);
    }),
  );

  Deno.test(
    test("buildProtocol(), getPeer() and getHost() have the addresses that the peer sees", async (fixture) => {
      const factory = new Wires();
      const port = fixture.listen(factory);
      fixture.run();
      const { conn } = await fixture.rawConnect(port.place);
      const wire = await factory.wire();
      const peer = kind.addressOf(conn.localAddr);
      assert(factory.addresses[0]?.equals(peer));
      assert(wire.transport.getPeer().equals(peer));
      assert(wire.transport.getHost().equals(port.getHost()));
      wire.transport.loseConnection();
      await wire.lost();
      assert(wire.transport.getPeer().equals(peer), "a lost connection keeps its addresses");
    }),
  );

  Deno.test(
    test(`${kind.listenMethod}() throws CannotListenError, with cause, for an address in use`, (fixture) => {
      const { place } = fixture.rawListen();
      const factory = new Wires();
      const error = assertThrows(() => fixture.listen(factory, {}, place), CannotListenError);
      assert(error.message.startsWith(`Cannot listen on ${place}: `), error.message);
      // An address that is not an internet address has no host, and its name replaces the port.
      const { host, port } = place instanceof InternetAddress
        ? place
        : { host: "", port: String(place) };
      assertEquals([error.interface, error.port], [host, port]);
      assertEquals([error.code, error.syscall, error.address], [
        "EADDRINUSE",
        "listen",
        String(place),
      ]);
      assertInstanceOf(error.cause, Error);
      assertEquals(factory.events, []); // a port that does not exist does not use the factory
    }),
  );

  Deno.test(
    test("buildProtocol() that returns null closes the server connection", async (fixture) => {
      const factory = new Wires(() => null);
      const port = fixture.listen(factory);
      fixture.run();
      assertEquals(await (await fixture.rawConnect(port.place)).ending(), "end");
      assertEquals(await (await fixture.rawConnect(port.place)).ending(), "end");
      assertEquals(factory.addresses.length, 2);
    }),
  );

  Deno.test(
    test("buildProtocol() that throws is logged, and closes only that connection", async (fixture) => {
      let first = true;
      const factory = new Wires(() => {
        if (!first) return new Wire(greeter);
        first = false;
        throw new RangeError("boom");
      });
      const port = fixture.listen(factory);
      fixture.run();
      assertEquals(await (await fixture.rawConnect(port.place)).ending(), "end");
      assertEquals(await (await fixture.rawConnect(port.place)).readText(5), "hello");
      assertEquals(fixture.errors.take().map(String), ["RangeError: boom"]);
    }),
  );

  Deno.test(test("stopListening() fires when the address can be bound again", async (fixture) => {
    const factory = new Wires(greeter);
    const port = fixture.listen(factory);
    fixture.run();
    const peer = await fixture.rawConnect(port.place);
    await factory.wire();
    let bound: Deno.Listener | null = null;
    // At the same time, not a turn later.
    await port.stopListening().addCallback(() => {
      bound = fixture.rawListen(port.place);
    });
    assert(bound !== null);
    assertEquals(factory.events, ["start", "stop"]);
    // An open connection stays open.
    assertEquals(await peer.readText(5), "hello");
    factory.built[0]?.transport.write("still here");
    assertEquals(await peer.readText(10), "still here");
  }));

  Deno.test(
    test("stopListening() works before any connection, and when called twice", async (fixture) => {
      const port = fixture.listen(new Wires());
      const [first, second] = [port.stopListening(), port.stopListening()];
      await first;
      await second;
      await port.stopListening();
      const again = fixture.rawListen(port.place);
      assert(again.place.equals(port.place));
      fixture.run();
    }),
  );

  Deno.test(
    test("stopListening() and startListening() work repeatedly at one address", async (fixture) => {
      const factory = new Wires(greeter);
      const first = fixture.listen(factory);
      const { place } = first;
      await first.stopListening();
      const port = fixture.listen(factory, {}, place);
      fixture.run();
      for (let i = 0; i < 3; i++) {
        assertEquals(await (await fixture.rawConnect(place)).readText(5), "hello");
        await port.stopListening();
        port.startListening();
      }
      assertEquals(await (await fixture.rawConnect(place)).readText(5), "hello");
      assertEquals(factory.events, Array(5).fill(["start", "stop"]).flat().slice(0, -1));
    }),
  );

  Deno.test(
    test("stopListening() in buildProtocol() still makes that connection", async (fixture) => {
      const factory = new Wires(() => {
        stopped = port.stopListening();
        return new Wire(greeter);
      });
      const port = fixture.listen(factory);
      let stopped: PromiseLike<void> | null = null;
      fixture.run();
      const peer = await fixture.rawConnect(port.place);
      assertEquals(await peer.readText(5), "hello");
      await stopped;
    }),
  );

  Deno.test(
    test("doStart() comes with the factory's first port, doStop() with its last", async (fixture) => {
      const factory = new Wires();
      const [one, two] = [fixture.listen(factory), fixture.listen(factory)];
      assertEquals([factory.numPorts, factory.events], [2, ["start"]]);
      await one.stopListening();
      assertEquals([factory.numPorts, factory.events], [1, ["start"]]);
      await two.stopListening();
      assertEquals([factory.numPorts, factory.events], [0, ["start", "stop"]]);
    }),
  );

  Deno.test(
    test("maxConnections makes further clients wait until a connection has closed", async (fixture) => {
      const factory = new Wires({
        ...greeter,
        dataReceived: (wire, data) => wire.transport.write(data),
      });
      const port = fixture.listen(factory, { maxConnections: 2 });
      fixture.run();
      const [one, two, three] = [
        await fixture.rawConnect(port.place),
        await fixture.rawConnect(port.place),
        await fixture.rawConnect(port.place),
      ];
      const sending = three.send("patient"); // TLS sends only after it is accepted
      for (const peer of [one, two]) assertEquals(await peer.readText(5), "hello");
      for (let i = 0; i < 20; i++) {
        await one.send("ping");
        assertEquals(await one.readText(4), "ping");
      }
      assertEquals(factory.built.length, 2); // twenty rounds are enough for the third to arrive
      two.close();
      assertEquals(await three.readText(12), "hellopatient");
      await sending;
    }),
  );

  Deno.test(
    test('At maxConnections with overflow "refuse" the next ones are closed', async (fixture) => {
      const factory = new Wires(greeter);
      const port = fixture.listen(factory, { maxConnections: 1, overflow: "refuse" });
      fixture.run();
      const one = await fixture.rawConnect(port.place);
      assertEquals(await one.readText(5), "hello");
      for (let i = 0; i < 2; i++) {
        assertMatch(await fixture.rawEnding(port.place), kind.abortSeenAs);
      }
      one.close();
      await factory.built[0]?.lost();
      assertEquals(await (await fixture.rawConnect(port.place)).readText(5), "hello");
      assertEquals(factory.built.length, 2);
    }),
  );

  Deno.test(
    test("loseConnection() in connectionMade() sends the greeting, then closes", async (fixture) => {
      const factory = new Wires({
        connectionMade: (wire) => {
          wire.transport.write("Hello Twisted");
          wire.transport.loseConnection();
        },
      });
      const port = fixture.listen(factory);
      fixture.run();
      for (let i = 0; i < 3; i++) {
        const peer = await fixture.rawConnect(port.place);
        assertEquals(new TextDecoder().decode(await peer.readAll()), "Hello Twisted");
        assertInstanceOf(await (await factory.wire(i)).lost(), ConnectionDone);
      }
    }),
  );
}
