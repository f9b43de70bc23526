/**
 * Listening on TCP, against raw clients.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { IPv4Address, IPv6Address } from "../addresses.ts";
import { CannotListenError, ConnectionDone } from "../errors.ts";
import type { IReactor, ListenTCPOptions } from "../interfaces.ts";
import { portOf, type TcpBed, tcpTest } from "./tcp_bed.ts";
import { Wire, Wires } from "./wire.ts";

const greeter = { connectionMade: (wire: Wire) => wire.transport.write("hello") };

/** What the system says when an address cannot be had. */
function listenError(bed: TcpBed, port: number, options: ListenTCPOptions): CannotListenError {
  const factory = new Wires();
  try {
    bed.reactor.listenTCP(port, factory, options);
  } catch (error) {
    assertEquals(factory.events, []); // a port that is not there does not use the factory
    assertInstanceOf(error, CannotListenError);
    return error;
  }
  throw new Error(`Listening on ${options.interface}:${port} went well`);
}

/** The tests of `listenTCP` and the ports that it returns. */
export function listeningTests(name: string, makeReactor: () => IReactor): void {
  const test = tcpTest(name, makeReactor);

  test("listenTCP() binds at once, and getHost() tells the port that the system chose", async (bed) => {
    const factory = new Wires();
    const port = bed.listen(factory);
    assert(port.port > 0);
    assert(port.getHost().equals(new IPv4Address("TCP", "127.0.0.1", port.port)));
    assertEquals(factory.events, ["start"]);
    await bed.rawConnect(port.port); // the reactor does not even run
  });

  test("listenTCP() without an interface listens on all of IPv4", async (bed) => {
    const factory = new Wires(greeter);
    const port = bed.reactor.listenTCP(0, factory);
    assert(port.getHost().equals(new IPv4Address("TCP", "0.0.0.0", portOf(port.getHost()))));
    bed.run();
    const peer = await bed.rawConnect(portOf(port.getHost()));
    assertEquals(await peer.readText(5), "hello");
  });

  test("Connections are accepted while the reactor runs; those made before wait for it", async (bed) => {
    const factory = new Wires({
      dataReceived: (wire, data) => wire.transport.write(data),
    });
    const port = bed.listen(factory);
    const peers = [await bed.rawConnect(port.port), await bed.rawConnect(port.port)];
    for (const [i, peer] of peers.entries()) await peer.send(`early ${i}`);
    assertEquals(factory.built.length, 0);
    bed.run();
    for (const [i, peer] of peers.entries()) assertEquals(await peer.readText(7), `early ${i}`);
    assertEquals(factory.built.length, 2);
  });

  test("buildProtocol() and the transport get the addresses that the peer sees from the other side", async (bed) => {
    const factory = new Wires();
    const port = bed.listen(factory);
    bed.run();
    const { conn } = await bed.rawConnect(port.port);
    const wire = await factory.wire();
    const peer = new IPv4Address("TCP", "127.0.0.1", (conn.localAddr as Deno.NetAddr).port);
    const [address] = factory.addresses;
    assert(address instanceof IPv4Address && address.equals(peer));
    assert(wire.transport.getPeer().equals(peer));
    assert(wire.transport.getHost().equals(port.getHost()));
    wire.transport.loseConnection();
    await wire.lost();
    assert(wire.transport.getPeer().equals(peer), "a lost connection still has its addresses");
  });

  test("IPv6: listenTCP() on ::1 hands out IPv6 addresses", async (bed) => {
    const factory = new Wires(greeter);
    const port = bed.listen(factory, { interface: "::1" });
    assert(port.getHost().equals(new IPv6Address("TCP", "::1", port.port)));
    bed.run();
    const peer = bed.raw(await Deno.connect({ hostname: "::1", port: port.port }));
    assertEquals(await peer.readText(5), "hello");
    const [address] = factory.addresses;
    assert(address instanceof IPv6Address);
    assertEquals(
      String(address),
      `[::1]:${(peer.conn.localAddr as Deno.NetAddr).port}`,
    );
  });

  test("A port in use: CannotListenError names the address and keeps what the system said", (bed) => {
    const taken = bed.rawListen().addr.port;
    const error = listenError(bed, taken, { interface: "127.0.0.1" });
    assert(error.message.startsWith(`Cannot listen on 127.0.0.1:${taken}: `), error.message);
    assertEquals([error.interface, error.port], ["127.0.0.1", taken]);
    assertEquals([error.code, error.syscall, error.address], [
      "EADDRINUSE",
      "listen",
      `127.0.0.1:${taken}`,
    ]);
    assertInstanceOf(error.cause, Error);
  });

  test("An address that is not this machine's: CannotListenError", (bed) => {
    const error = listenError(bed, 0, { interface: "192.0.2.1" });
    assertEquals([error.code, error.address], ["EADDRNOTAVAIL", "192.0.2.1:0"]);
  });

  test("Ports and options out of range throw, and name what is wrong", (bed) => {
    const factory = new Wires();
    const wrong: [number, ListenTCPOptions, string][] = [
      [65536, {}, "listenTCP() port must be an integer from 0 to 65535, got 65536"],
      [-1, {}, "got -1"],
      [1.5, {}, "got 1.5"],
      [0, { backlog: 0 }, "backlog must be an integer from 1 to 65535, got 0"],
      [0, { maxConnections: 0 }, "maxConnections"],
      [0, { maxConnectionsPerHost: NaN }, "maxConnectionsPerHost"],
      [0, { writeBufferHighWater: -1 }, "writeBufferHighWater"],
      [0, { writeBufferLimit: 0 }, "writeBufferLimit"],
      [0, { linger: -1 }, "linger must be zero or more seconds, got -1"],
    ];
    for (const [port, options, message] of wrong) {
      assertThrows(() => bed.reactor.listenTCP(port, factory, options), RangeError, message);
    }
    // As JavaScript may call it.
    const overflow = "drop" as unknown as "refuse";
    assertThrows(
      () => bed.reactor.listenTCP(0, factory, { overflow }),
      RangeError,
      'overflow must be "pause" or "refuse", got "drop"',
    );
    assertThrows(
      () => bed.reactor.listenTCP("80" as unknown as number, factory),
      TypeError,
      'listenTCP() port must be a number, got "80"',
    );
    assertEquals(factory.events, []);
  });

  test("buildProtocol() that returns null closes the connection", async (bed) => {
    const factory = new Wires(() => null);
    const port = bed.listen(factory);
    bed.run();
    assertEquals(await (await bed.rawConnect(port.port)).ending(), "end");
    assertEquals(await (await bed.rawConnect(port.port)).ending(), "end");
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
    assertEquals(await (await bed.rawConnect(port.port)).ending(), "end");
    assertEquals(await (await bed.rawConnect(port.port)).readText(5), "hello");
    assertEquals(bed.errors.take().map(String), ["RangeError: boom"]);
  });

  test("stopListening() fires when the address is free again: it can be bound at once", async (bed) => {
    const factory = new Wires(greeter);
    const port = bed.listen(factory);
    bed.run();
    const peer = await bed.rawConnect(port.port);
    await factory.wire();
    let bound: Deno.TcpListener | null = null;
    // In the same moment, not a turn later.
    await port.stopListening().addCallback(() => {
      bound = bed.rawListen({ port: port.port });
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
    const again = bed.rawListen({ port: port.port });
    assertEquals(again.addr.port, port.port);
    bed.run();
  });

  test("stopListening() and startListening(), again and again on one port number", async (bed) => {
    const factory = new Wires(greeter);
    const first = bed.listen(factory);
    const number = first.port;
    await first.stopListening();
    const port = bed.reactor.listenTCP(number, factory, { interface: "127.0.0.1" });
    bed.run();
    for (let i = 0; i < 3; i++) {
      assertEquals(await (await bed.rawConnect(number)).readText(5), "hello");
      await port.stopListening();
      port.startListening();
    }
    assertEquals(await (await bed.rawConnect(number)).readText(5), "hello");
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
    const peer = await bed.rawConnect(port.port);
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
      await bed.rawConnect(port.port),
      await bed.rawConnect(port.port),
      await bed.rawConnect(port.port),
    ];
    await three.send("patient");
    for (const peer of [one, two]) assertEquals(await peer.readText(5), "hello");
    for (let i = 0; i < 20; i++) {
      await one.send("ping");
      assertEquals(await one.readText(4), "ping");
    }
    assertEquals(factory.built.length, 2); // in twenty rounds the third would long have come
    two.close();
    assertEquals(await three.readText(12), "hellopatient");
  });

  test('At maxConnections with overflow "refuse" the next ones are closed', async (bed) => {
    const factory = new Wires(greeter);
    const port = bed.listen(factory, { maxConnections: 1, overflow: "refuse" });
    bed.run();
    const one = await bed.rawConnect(port.port);
    assertEquals(await one.readText(5), "hello");
    for (let i = 0; i < 2; i++) {
      const ending = await (await bed.rawConnect(port.port)).ending();
      assert(ending === "end" || ending === "ECONNRESET", ending);
    }
    one.close();
    await factory.built[0]?.lost();
    assertEquals(await (await bed.rawConnect(port.port)).readText(5), "hello");
    assertEquals(factory.built.length, 2);
  });

  test("maxConnectionsPerHost refuses one host and serves another", async (bed) => {
    const factory = new Wires(greeter);
    const port = bed.listen(factory, { maxConnectionsPerHost: 1 });
    bed.run();
    // Linux has all of 127.0.0.0/8 on the loopback interface.
    await bed.nodeConnect(port.port, "127.0.0.2");
    await factory.wire(0);
    const refused = await bed.nodeConnect(port.port, "127.0.0.2");
    const closed = Promise.withResolvers<void>();
    refused.on("error", () => {});
    refused.once("close", () => closed.resolve());
    refused.resume();
    await closed.promise;
    assertEquals(await (await bed.rawConnect(port.port)).readText(5), "hello");
    assertEquals(factory.built.length, 2);
  });

  test("A client that resets at once does not harm the port", async (bed) => {
    const factory = new Wires(greeter);
    const port = bed.listen(factory);
    for (let i = 0; i < 3; i++) (await bed.nodeConnect(port.port)).resetAndDestroy();
    bed.run();
    assertEquals(await (await bed.rawConnect(port.port)).readText(5), "hello");
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
      const peer = await bed.rawConnect(port.port);
      assertEquals(new TextDecoder().decode(await peer.readAll()), "Hello Twisted");
      assertInstanceOf(await (await factory.wire(i)).lost(), ConnectionDone);
    }
  });
}
