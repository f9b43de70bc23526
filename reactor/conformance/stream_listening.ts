/**
 * Listening, against raw clients.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { InternetAddress } from "../addresses.ts";
import { CannotListenError, ConnectionDone } from "../errors.ts";
import { streamTest } from "./stream_bed.ts";
import type { StreamKind } from "./stream_kind.ts";
import { Wire, Wires } from "./wire.ts";

const greeter = { connectionMade: (wire: Wire) => wire.transport.write("hello") };

/** The tests of ports. */
export function listeningTests(kind: StreamKind): void {
  const test = streamTest(kind);

  test("Connections are accepted while the reactor runs; those made before wait for it", async (bed) => {
    const factory = new Wires({
      dataReceived: (wire, data) => wire.transport.write(data),
    });
    const port = bed.listen(factory);
    const peers = [await bed.rawConnect(port.place), await bed.rawConnect(port.place)];
    // Not to be awaited yet: TLS sends only when both sides have spoken.
    const sending = peers.map((peer, i) => peer.send(`early ${i}`));
    assertEquals(factory.built.length, 0);
    bed.run();
    for (const [i, peer] of peers.entries()) assertEquals(await peer.readText(7), `early ${i}`);
    await Promise.all(sending);
    assertEquals(factory.built.length, 2);
  });

  test("buildProtocol() and the transport get the addresses that the peer sees from the other side", async (bed) => {
    const factory = new Wires();
    const port = bed.listen(factory);
    bed.run();
    const { conn } = await bed.rawConnect(port.place);
    const wire = await factory.wire();
    const peer = kind.addressOf(conn.localAddr);
    assert(factory.addresses[0]?.equals(peer));
    assert(wire.transport.getPeer().equals(peer));
    assert(wire.transport.getHost().equals(port.getHost()));
    wire.transport.loseConnection();
    await wire.lost();
    assert(wire.transport.getPeer().equals(peer), "a lost connection still has its addresses");
  });

  test("A port in use: CannotListenError names the address and keeps what the system said", (bed) => {
    const { place } = bed.rawListen();
    const factory = new Wires();
    const error = assertThrows(() => bed.listen(factory, {}, place), CannotListenError);
    assert(error.message.startsWith(`Cannot listen on ${place}: `), error.message);
    // What is no internet address has no host, and its name in place of a port.
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
    assertEquals(factory.events, []); // a port that is not there does not use the factory
  });

  test("buildProtocol() that returns null closes the connection", async (bed) => {
    const factory = new Wires(() => null);
    const port = bed.listen(factory);
    bed.run();
    assertEquals(await (await bed.rawConnect(port.place)).ending(), "end");
    assertEquals(await (await bed.rawConnect(port.place)).ending(), "end");
    assertEquals(factory.addresses.length, 2);
  });

  test("buildProtocol() that throws is logged and closes that connection; the port goes on", async (bed) => {
    let first = true;
    const factory = new Wires(() => {
      if (!first) return new Wire(greeter);
      first = false;
      throw new RangeError("boom");
    });
    const port = bed.listen(factory);
    bed.run();
    assertEquals(await (await bed.rawConnect(port.place)).ending(), "end");
    assertEquals(await (await bed.rawConnect(port.place)).readText(5), "hello");
    assertEquals(bed.errors.take().map(String), ["RangeError: boom"]);
  });

  test("stopListening() fires when the address is free again: it can be bound at once", async (bed) => {
    const factory = new Wires(greeter);
    const port = bed.listen(factory);
    bed.run();
    const peer = await bed.rawConnect(port.place);
    await factory.wire();
    let bound: Deno.Listener | null = null;
    // In the same moment, not a turn later.
    await port.stopListening().addCallback(() => {
      bound = bed.rawListen(port.place);
    });
    assert(bound !== null);
    assertEquals(factory.events, ["start", "stop"]);
    // A connection that is open stays open.
    assertEquals(await peer.readText(5), "hello");
    factory.built[0]?.transport.write("still here");
    assertEquals(await peer.readText(10), "still here");
  });

  test("stopListening() on a port that never accepted, and twice", async (bed) => {
    const port = bed.listen(new Wires());
    const [first, second] = [port.stopListening(), port.stopListening()];
    await first;
    await second;
    await port.stopListening();
    const again = bed.rawListen(port.place);
    assert(again.place.equals(port.place));
    bed.run();
  });

  test("stopListening() and startListening(), again and again at one address", async (bed) => {
    const factory = new Wires(greeter);
    const first = bed.listen(factory);
    const { place } = first;
    await first.stopListening();
    const port = bed.listen(factory, {}, place);
    bed.run();
    for (let i = 0; i < 3; i++) {
      assertEquals(await (await bed.rawConnect(place)).readText(5), "hello");
      await port.stopListening();
      port.startListening();
    }
    assertEquals(await (await bed.rawConnect(place)).readText(5), "hello");
    assertEquals(factory.events, Array(5).fill(["start", "stop"]).flat().slice(0, -1));
  });

  test("stopListening() in buildProtocol(): that connection is made still", async (bed) => {
    const factory = new Wires(() => {
      stopped = port.stopListening();
      return new Wire(greeter);
    });
    const port = bed.listen(factory);
    let stopped: PromiseLike<void> | null = null;
    bed.run();
    const peer = await bed.rawConnect(port.place);
    assertEquals(await peer.readText(5), "hello");
    await stopped;
  });

  test("A factory is started by its first port and stopped by its last", async (bed) => {
    const factory = new Wires();
    const [one, two] = [bed.listen(factory), bed.listen(factory)];
    assertEquals([factory.numPorts, factory.events], [2, ["start"]]);
    await one.stopListening();
    assertEquals([factory.numPorts, factory.events], [1, ["start"]]);
    await two.stopListening();
    assertEquals([factory.numPorts, factory.events], [0, ["start", "stop"]]);
  });

  test("At maxConnections the next ones wait until one has gone", async (bed) => {
    const factory = new Wires({
      ...greeter,
      dataReceived: (wire, data) => wire.transport.write(data),
    });
    const port = bed.listen(factory, { maxConnections: 2 });
    bed.run();
    const [one, two, three] = [
      await bed.rawConnect(port.place),
      await bed.rawConnect(port.place),
      await bed.rawConnect(port.place),
    ];
    const sending = three.send("patient"); // TLS cannot before it is accepted
    for (const peer of [one, two]) assertEquals(await peer.readText(5), "hello");
    for (let i = 0; i < 20; i++) {
      await one.send("ping");
      assertEquals(await one.readText(4), "ping");
    }
    assertEquals(factory.built.length, 2); // in twenty rounds the third would long have come
    two.close();
    assertEquals(await three.readText(12), "hellopatient");
    await sending;
  });

  test('At maxConnections with overflow "refuse" the next ones are closed', async (bed) => {
    const factory = new Wires(greeter);
    const port = bed.listen(factory, { maxConnections: 1, overflow: "refuse" });
    bed.run();
    const one = await bed.rawConnect(port.place);
    assertEquals(await one.readText(5), "hello");
    for (let i = 0; i < 2; i++) {
      assertMatch(await bed.rawEnding(port.place), kind.abortSeenAs);
    }
    one.close();
    await factory.built[0]?.lost();
    assertEquals(await (await bed.rawConnect(port.place)).readText(5), "hello");
    assertEquals(factory.built.length, 2);
  });

  test("loseConnection() in connectionMade() greets and closes", async (bed) => {
    const factory = new Wires({
      connectionMade: (wire) => {
        wire.transport.write("Hello Twisted");
        wire.transport.loseConnection();
      },
    });
    const port = bed.listen(factory);
    bed.run();
    for (let i = 0; i < 3; i++) {
      const peer = await bed.rawConnect(port.place);
      assertEquals(new TextDecoder().decode(await peer.readAll()), "Hello Twisted");
      assertInstanceOf(await (await factory.wire(i)).lost(), ConnectionDone);
    }
  });
}
