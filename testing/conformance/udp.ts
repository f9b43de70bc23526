/**
 * What every reactor's UDP does: written against `IReactorUDP` and `IReactorMulticast` alone, so that each reactor runs it unchanged.
 *
 * Real sockets on the loopback interface, which loses none of the few datagrams that are under way here. Every wait is for the datagram that
 * comes; that none comes is shown by another one behind it. Of Twisted's tests:
 *
 * - `test/test_udp.py`, `UDPTests`: all but `test_connectionRefused`, which no socket of Deno's can show (see `IUDPTransport.connect`); the
 *   port's part of it is in `udp_port_test.ts`. `test_datagramReceivedError` needs no repeats: loopback loses nothing.
 *   `ReactorShutdownInteractionTests`: the reactor is stopped for real. `MulticastTests`: `test_loopback` is in `udp_port_test.ts` as far as
 *   it tells something: on the loopback interface, the only one that is sure to be there, Linux takes no notice of the mode.
 * - `internet/test/test_udp.py`, `DatagramTransportTestsMixin` and `UDPPortTestsMixin` (`UDPServerTestsBuilder`): here what needs sockets, the
 *   rest in `udp_port_test.ts`. `test_interface` is the compiler's. Not covered: `test_str` and `test_repr` (about Python's),
 *   `UDPFDServerTestsBuilder` (`adoptDatagramPort` is not offered: Deno's `node:dgram` adopts sockets but does not tell their IP version before).
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../assertions.ts";
import { DatagramProtocol } from "../../protocol/mod.ts";
import { IPv4Address, IPv6Address } from "../../reactor/addresses.ts";
import {
  CannotListenError,
  DatagramError,
  InvalidAddressError,
  MulticastJoinError,
} from "../../reactor/errors.ts";
import type {
  IReactor,
  IUDPTransport,
  ListenMulticastOptions,
} from "../../reactor/interfaces/mod.ts";
import { LoggedTexts } from "../fixtures/core_fixture.ts";
import { AwaitedRecorder, type UDPEnd, type UDPFixture, udpTest } from "../fixtures/udp_fixture.ts";

// Of those that everyone may use within a site (RFC 2365), as Twisted's tests do with another.
const GROUP = "239.255.42.99";

/**
 * Defines the tests.
 *
 * @param name The reactor's, for the tests' names.
 * @param makeReactor Makes a new one.
 */
export function udpConformance(name: string, makeReactor: () => IReactor): void {
  bindingTests(name, makeReactor);
  exchangeTests(name, makeReactor);
  endingTests(name, makeReactor);
  multicastTests(name, makeReactor);
}

/** Opening. */
function bindingTests(name: string, makeReactor: () => IReactor): void {
  const test = udpTest(name, makeReactor);

  test("listenUDP() binds at once, to all of IPv4 and a port that the system chose", ({ reactor }) => {
    using logged = new LoggedTexts();
    const protocol = new DatagramProtocol();
    const transport = reactor.listenUDP(0, protocol);
    const address = transport.getHost();
    assert(address.port > 0);
    assert(address.equals(new IPv4Address("UDP", "0.0.0.0", address.port)));
    assertStrictEquals(protocol.transport, transport);
    assertEquals(logged.texts, [`DatagramProtocol starting on ${address.port}`]);
  });

  test("A UDP port that is taken: CannotListenError, and nothing is started", async (fixture) => {
    const { port } = await fixture.rawBind();
    const protocol = new AwaitedRecorder();
    const error = assertThrows(
      () => fixture.reactor.listenUDP(port, protocol, { interface: "127.0.0.1" }),
      CannotListenError,
      `Cannot listen on 127.0.0.1:${port}: `,
    );
    assertEquals([error.interface, error.port, error.code], ["127.0.0.1", port, "EADDRINUSE"]);
    assertEquals(protocol.events, []);
  });

  test("An address that is not this machine's: CannotListenError", ({ reactor }) => {
    const error = assertThrows(
      () => reactor.listenUDP(0, new DatagramProtocol(), { interface: "192.0.2.1" }),
      CannotListenError,
    );
    assertEquals(error.code, "EADDRNOTAVAIL");
  });

  test("An interface that is not an IP address: InvalidAddressError", ({ reactor }) => {
    assertThrows(
      () => reactor.listenUDP(0, new DatagramProtocol(), { interface: "example.com" }),
      InvalidAddressError,
      'interface must be an IP address, got "example.com"',
    );
  });

  test("A port number out of range is refused by its method's name", ({ reactor }) => {
    const protocol = new DatagramProtocol();
    assertThrows(() => reactor.listenUDP(65536, protocol), RangeError, "listenUDP() port");
    assertThrows(() => reactor.listenMulticast(-1, protocol), RangeError, "listenMulticast() port");
  });

  test("IPv6: listenUDP() on ::1 hands out IPv6 addresses, and sends and connects to them", async (fixture) => {
    const server = fixture.listen({}, { interface: "::1" });
    const client = fixture.listen({}, { interface: "::1" });
    fixture.run();
    client.transport.write("spam", server.transport.getHost());
    await server.protocol.received(1);
    client.transport.connect("::1", server.port);
    client.transport.write("eggs");
    await server.protocol.received(2);
    const [source] = server.protocol.sources;
    assert(source instanceof IPv6Address && source.equals(client.transport.getHost()));
    assertEquals(server.protocol.events, ["started", "received spam", "received eggs"]);
  });
}

/** Sending and receiving. */
function exchangeTests(name: string, makeReactor: () => IReactor): void {
  const test = udpTest(name, makeReactor);

  test("Datagrams come from a raw peer and go back to it, each whole", async (fixture) => {
    const { port } = fixture.listen({
      datagramReceived: (protocol, text, addr) => protocol.transport.write(`${text}!`, addr),
    });
    const peer = await fixture.rawBind();
    fixture.run();
    for (const text of ["hello", "", "x".repeat(8192)]) {
      await peer.send(text, port);
      assertEquals(await peer.next(), { text: `${text}!`, port });
    }
  });

  test("A port on all of IPv6 receives from IPv4, too, and its answer arrives", async (fixture) => {
    const { protocol, port } = fixture.listen({
      datagramReceived: (protocol, text, addr) => protocol.transport.write(`${text}!`, addr),
    }, { interface: "::" });
    const peer = await fixture.rawBind();
    fixture.run();
    await peer.send("hello", port);
    assertEquals(await peer.next(), { text: "hello!", port });
    // The address is one of IPv6 (RFC 4291 section 2.5.5.2): as such it can be written to.
    assert(protocol.sources[0]?.equals(new IPv6Address("UDP", "::ffff:127.0.0.1", peer.port)));
  });

  test("The largest datagram of UDP arrives where it is allowed", async (fixture) => {
    const { protocol, port } = fixture.listen({}, { maxPacketSize: 65507 });
    const client = fixture.listen();
    fixture.run();
    client.transport.write(new Uint8Array(65507).fill(120), { host: "127.0.0.1", port });
    await protocol.received(1);
    assertEquals(protocol.events.at(-1), `received ${"x".repeat(65507)}`);
  });

  test("A datagram longer than maxPacketSize is dropped, and the next one arrives", async (fixture) => {
    const { protocol, port } = fixture.listen();
    const peer = await fixture.rawBind();
    fixture.run();
    await peer.send(new Uint8Array(8193), port);
    await peer.send("next", port);
    await protocol.received(1);
    assertEquals(protocol.events, ["started", "received next"]);
  });

  test("A port sends before the reactor runs, and receives when it does, what came before included", async (fixture) => {
    const { protocol, transport, port } = fixture.listen();
    const peer = await fixture.rawBind();
    transport.write("early", { host: "127.0.0.1", port: peer.port });
    assertEquals(await peer.next(), { text: "early", port });
    await peer.send("one", port);
    await peer.send("two", port);
    // Time for them to arrive, if they are ever to come too early.
    for (let i = 0; i < 3; i++) {
      await peer.send("itself", peer.port);
      await peer.next();
    }
    assertEquals(protocol.events, ["started"]);
    fixture.run();
    await protocol.received(2);
    assertEquals(protocol.events, ["started", "received one", "received two"]);
  });

  test("A connected port and its peer exchange datagrams, and what comes from others is dropped", async (fixture) => {
    const server = fixture.listen();
    const client = fixture.listen();
    const other = await fixture.rawBind();
    fixture.run();
    client.transport.connect("127.0.0.1", server.port);
    await other.send("other", client.port);
    server.transport.write("hello", client.transport.getHost());
    await client.protocol.received(1);
    for (const [i, addr] of [undefined, server.transport.getHost()].entries()) {
      client.transport.write(String(i), addr);
      await server.protocol.received(i + 1);
    }
    assertEquals(client.protocol.events, ["started", "received hello"]);
    assertEquals(server.protocol.events, ["started", "received 0", "received 1"]);
  });

  test("A datagram to a port where nobody listens harms none that follows", async (fixture) => {
    const { protocol, transport, port } = fixture.listen();
    const peer = await fixture.rawBind();
    const gone = fixture.listen();
    fixture.run();
    await gone.transport.stopListening();
    transport.write("to nobody", { host: "127.0.0.1", port: gone.port });
    await peer.send("to somebody", port);
    await protocol.received(1);
    assertEquals(protocol.events, ["started", "received to somebody"]);
  });

  test("What datagramReceived() throws is logged as the port's, and the port goes on", async (fixture) => {
    const { protocol, port } = fixture.listen({
      datagramReceived: (_, text) => {
        throw new Error(text);
      },
    });
    const peer = await fixture.rawBind();
    fixture.run();
    for (const text of ["one", "two"]) await peer.send(text, port);
    await protocol.received(2);
    const events = fixture.errors.takeEvents();
    assertEquals(events.map(({ failure }) => failure?.message), ["one", "two"]);
    assertEquals(events.map(({ system }) => system), ["Recorder (UDP)", "Recorder (UDP)"]);
  });

  test("A chunk is the protocol's to keep: the next datagram does not change it", async (fixture) => {
    const kept: Uint8Array[] = [];
    class Keeper extends AwaitedRecorder {
      override datagramReceived(...args: Parameters<AwaitedRecorder["datagramReceived"]>): void {
        kept.push(args[0]);
        super.datagramReceived(...args);
      }
    }
    const protocol = new Keeper();
    const transport = fixture.reactor.listenUDP(0, protocol, { interface: "127.0.0.1" });
    const peer = await fixture.rawBind();
    fixture.run();
    for (const text of ["one", "two"]) await peer.send(text, transport.getHost().port);
    await protocol.received(2);
    assertEquals(kept.map((chunk) => new TextDecoder().decode(chunk)), ["one", "two"]);
    assertEquals(kept.map(({ buffer }) => buffer.byteLength), [3, 3]);
  });

  test("A broadcast that is allowed reaches a port bound to all addresses", async (fixture) => {
    const { protocol, port } = fixture.listen({}, { interface: "0.0.0.0" });
    const client = fixture.listen();
    fixture.run();
    client.transport.setBroadcastAllowed(true);
    assertEquals(client.transport.getBroadcastAllowed(), true);
    // The loopback network's own broadcast address.
    client.transport.write("all", { host: "127.255.255.255", port });
    await protocol.received(1);
    assertEquals(protocol.events, ["started", "received all"]);
  });

  test("A broadcast that the system refuses is logged, and the next datagram is sent", async (fixture) => {
    const { transport } = fixture.listen();
    const peer = await fixture.rawBind();
    transport.write("all", { host: "127.255.255.255", port: peer.port });
    transport.write("one", { host: "127.0.0.1", port: peer.port });
    assertEquals((await peer.next()).text, "one");
    const [error] = fixture.errors.take();
    assertInstanceOf(error, DatagramError);
    assertStringIncludes(error.message, `Cannot send to 127.255.255.255:${peer.port}: `);
  });
}

/** Closing. */
function endingTests(name: string, makeReactor: () => IReactor): void {
  const test = udpTest(name, makeReactor);

  test("stopListening() fires when the address is free, and what was written has been sent", async (fixture) => {
    using logged = new LoggedTexts();
    const { protocol, transport, port } = fixture.listen();
    const peer = await fixture.rawBind();
    for (let i = 0; i < 50; i++) transport.write(String(i), { host: "127.0.0.1", port: peer.port });
    let again: IUDPTransport | null = null;
    await transport.stopListening().addCallback(() => {
      again = fixture.reactor.listenUDP(port, protocol, { interface: "127.0.0.1" });
    });
    assertEquals(protocol.events, ["started", "stopped", "started"]);
    assertStrictEquals(protocol.transport, again);
    assertEquals(logged.texts.slice(1), [
      `(UDP Port ${port} Closed)`,
      `Recorder starting on ${port}`,
    ]);
    for (let i = 0; i < 50; i++) assertEquals((await peer.next()).text, String(i));
  });

  test("A protocol that stops its port in startProtocol() is stopped after it", async (fixture) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { protocol } = fixture.listen({
      startProtocol: (protocol) => {
        protocol.transport.stopListening();
        protocol.events.push("start returns");
      },
      stopProtocol: () => resolve(),
    });
    await promise;
    assertEquals(protocol.events, ["started", "start returns", "stopped"]);
  });

  test("Stopping the reactor in datagramReceived() stops the port, and then the reactor", async (fixture) => {
    const { protocol, transport } = fixture.listen({
      datagramReceived: () => fixture.reactor.stop(),
    });
    const running = fixture.run();
    transport.write("one", transport.getHost());
    transport.write("two", transport.getHost());
    await running;
    assertEquals(protocol.events.filter((event) => event !== "received two"), [
      "started",
      "received one",
      "stopped",
    ]);
  });

  test("A port that is bound after the reactor has stopped is closed", async (fixture) => {
    await Promise.all([fixture.run(), fixture.stop()]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const { protocol } = fixture.listen({ stopProtocol: () => resolve() });
    await promise;
    assertEquals(protocol.events, ["started", "stopped"]);
  });
}

/** Multicast, all of it on the loopback interface. */
function multicastTests(name: string, makeReactor: () => IReactor): void {
  const test = udpTest(name, makeReactor);

  /** A member of the group, on all addresses: Linux delivers to those only, and to the group's own. */
  async function member(
    fixture: UDPFixture,
    options: ListenMulticastOptions = {},
  ): Promise<UDPEnd> {
    const end = fixture.listen({}, { interface: "0.0.0.0", ...options });
    await end.transport.joinGroup(GROUP, "127.0.0.1");
    return end;
  }

  /** A port that sends to groups by the loopback interface. */
  async function sender(fixture: UDPFixture): Promise<UDPEnd> {
    const end = fixture.listen();
    await end.transport.setOutgoingInterface("127.0.0.1");
    return end;
  }

  test("A group can be joined, sent to, and left", async (fixture) => {
    const { protocol, transport, port } = await member(fixture);
    const client = await sender(fixture);
    fixture.run();
    client.transport.write("one", { host: GROUP, port });
    await protocol.received(1);
    await transport.leaveGroup(GROUP, "127.0.0.1");
    client.transport.write("two", { host: GROUP, port });
    client.transport.write("three", { host: "127.0.0.1", port });
    await protocol.received(2);
    assertEquals(protocol.events, ["started", "received one", "received three"]);
    assert(protocol.sources[0]?.equals(client.transport.getHost()));
  });

  test("Ports that share an address each receive what is sent to their group", async (fixture) => {
    const first = await member(fixture, { listenMultiple: true });
    const protocol = new AwaitedRecorder();
    const second = fixture.reactor.listenMulticast(first.port, protocol, { listenMultiple: true });
    await second.joinGroup(GROUP, "127.0.0.1");
    assertThrows(
      () => fixture.reactor.listenMulticast(first.port, new AwaitedRecorder()),
      CannotListenError,
    );
    const client = await sender(fixture);
    fixture.run();
    client.transport.write("all", { host: GROUP, port: first.port });
    await Promise.all([first.protocol.received(1), protocol.received(1)]);
  });

  test("A group that cannot be joined or left: MulticastJoinError, which names it", async (fixture) => {
    const { transport } = fixture.listen();
    const join = await assertRejects(
      async () => await transport.joinGroup("127.0.0.1", "127.0.0.1"),
      MulticastJoinError,
      "Cannot join the group 127.0.0.1 through 127.0.0.1",
    );
    assertEquals(join.code, "EINVAL");
    await assertRejects(
      async () => await transport.leaveGroup(GROUP, "127.0.0.1"),
      MulticastJoinError,
      `Cannot leave the group ${GROUP}`,
    );
  });

  test("An IPv6 group is joined and left by an interface's name", async (fixture) => {
    const { transport } = fixture.listen({}, { interface: "::" });
    await transport.joinGroup("ff02::1234", "lo");
    await transport.leaveGroup("ff02::1234", "lo");
  });

  test("TTL, loopback mode and outgoing interface begin as the system's, and can be set", async (fixture) => {
    const { transport } = fixture.listen();
    const read = () => [
      transport.getTTL(),
      transport.getLoopbackMode(),
      transport.getOutgoingInterface(),
    ];
    assertEquals(read(), [1, true, "0.0.0.0"]);
    transport.setTTL(2);
    transport.setLoopbackMode(false);
    await transport.setOutgoingInterface("127.0.0.1");
    assertEquals(read(), [2, false, "127.0.0.1"]);
    await assertRejects(
      async () => await transport.setOutgoingInterface("192.0.2.1"),
      DatagramError,
      "192.0.2.1",
    );
    assertEquals(read(), [2, false, "127.0.0.1"]);
  });
}
