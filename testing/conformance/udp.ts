/**
 * UDP. The tests use only `IReactorUDP` and `IReactorMulticast`, so every reactor runs them
 * unchanged.
 *
 * The sockets are real, on the loopback interface, which loses none of the few datagrams of these
 * tests. Every wait is for a datagram that arrives; that a datagram does not arrive is shown by a
 * later one that does. Of Twisted's tests:
 *
 * - `test/test_udp.py`, `UDPTests`: all except `test_connectionRefused`, which Deno's sockets
 *   cannot report (see `IUDPTransport.connect`); the port's part of it is in `udp_port_test.ts`.
 *   `test_datagramReceivedError` needs no repeats, because loopback loses no datagram.
 *   `ReactorShutdownInteractionTests`: here the reactor is really stopped. `MulticastTests`:
 *   `test_loopback` is in `udp_port_test.ts`, as far as it is meaningful: Linux ignores the mode on
 *   the loopback interface, the only one that always exists.
 * - `internet/test/test_udp.py`, `DatagramTransportTestsMixin` and `UDPPortTestsMixin`
 *   (`UDPServerTestsBuilder`): the tests that need sockets are here, the others in
 *   `udp_port_test.ts`. The compiler checks `test_interface`. Not covered: `test_str` and
 *   `test_repr` (Python's), `UDPFDServerTestsBuilder` (there is no `adoptDatagramPort`: Deno's
 *   `node:dgram` adopts sockets but does not report their IP version before).
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
import { EventLoggingObserver } from "../event_logging_observer.ts";
import type { SocketTest } from "../fixtures/socket_fixture.ts";
import {
  AwaitedRecorder,
  type BindRawPeer,
  type UDPEnd,
  type UDPFixture,
  udpTest,
} from "../fixtures/udp_fixture.ts";

// A group for use within a site (RFC 2365). Twisted's tests use another such group.
const GROUP = "239.255.42.99";

/**
 * Defines the tests of UDP.
 *
 * @param name The name of the reactor, which starts the tests' names.
 * @param makeReactor Makes a new reactor.
 * @param bindRawPeer Binds a peer that does not use the reactor. The default is a socket of
 *   `node:dgram`; a reactor on another network needs peers on that network.
 */
export function udpConformance(
  name: string,
  makeReactor: () => IReactor,
  bindRawPeer?: BindRawPeer,
): void {
  const test = udpTest(name, makeReactor, bindRawPeer);
  bindingTests(test);
  exchangeTests(test);
  endingTests(test);
  multicastTests(test);
}

/** Defines the tests of binding. */
function bindingTests(test: SocketTest<UDPFixture>): void {
  Deno.test(
    test("listenUDP() binds at once, to all of IPv4 and a port that the system chose", ({ reactor }) => {
      using logged = EventLoggingObserver.createWithCleanup();
      const protocol = new DatagramProtocol();
      const transport = reactor.listenUDP(0, protocol);
      const address = transport.getHost();
      assert(address.port > 0);
      assert(address.equals(new IPv4Address("UDP", "0.0.0.0", address.port)));
      assertStrictEquals(protocol.transport, transport);
      assertEquals(logged.texts, [`DatagramProtocol starting on ${address.port}`]);
    }),
  );

  Deno.test(
    test("listenUDP() throws CannotListenError for a port in use, and does not start", async (fixture) => {
      const { port } = await fixture.rawBind();
      const protocol = new AwaitedRecorder();
      const error = assertThrows(
        () => fixture.reactor.listenUDP(port, protocol, { interface: "127.0.0.1" }),
        CannotListenError,
        `Cannot listen on 127.0.0.1:${port}: `,
      );
      assertEquals([error.interface, error.port, error.code], ["127.0.0.1", port, "EADDRINUSE"]);
      assertEquals(protocol.events, []);
    }),
  );

  Deno.test(
    test("listenUDP() throws CannotListenError for an address of another machine", ({ reactor }) => {
      const error = assertThrows(
        () => reactor.listenUDP(0, new DatagramProtocol(), { interface: "192.0.2.1" }),
        CannotListenError,
      );
      assertEquals(error.code, "EADDRNOTAVAIL");
    }),
  );

  Deno.test(
    test("listenUDP() throws InvalidAddressError for an interface that is not an IP address", ({ reactor }) => {
      assertThrows(
        () => reactor.listenUDP(0, new DatagramProtocol(), { interface: "example.com" }),
        InvalidAddressError,
        'interface must be an IP address, got "example.com"',
      );
    }),
  );

  Deno.test(
    test("listenUDP() and listenMulticast() name themselves for a port out of range", ({ reactor }) => {
      const protocol = new DatagramProtocol();
      assertThrows(() => reactor.listenUDP(65536, protocol), RangeError, "listenUDP() port");
      assertThrows(
        () => reactor.listenMulticast(-1, protocol),
        RangeError,
        "listenMulticast() port",
      );
    }),
  );

  Deno.test(
    test("listenUDP() on ::1 has IPv6 addresses, and sends and connects to them", async (fixture) => {
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
    }),
  );
}

/** Defines the tests of sending and receiving. */
function exchangeTests(test: SocketTest<UDPFixture>): void {
  Deno.test(
    test("datagramReceived() and write() exchange whole datagrams with a raw peer", async (fixture) => {
      const { port } = fixture.listen({
        datagramReceived: (protocol, text, addr) => protocol.transport.write(`${text}!`, addr),
      });
      const peer = await fixture.rawBind();
      fixture.run();
      for (const text of ["hello", "", "x".repeat(8192)]) {
        await peer.send(text, port);
        assertEquals(await peer.next(), { text: `${text}!`, port });
      }
    }),
  );

  Deno.test(
    test("listenUDP() on all of IPv6 receives from IPv4, and its reply arrives", async (fixture) => {
      const { protocol, port } = fixture.listen({
        datagramReceived: (protocol, text, addr) => protocol.transport.write(`${text}!`, addr),
      }, { interface: "::" });
      const peer = await fixture.rawBind();
      fixture.run();
      await peer.send("hello", port);
      assertEquals(await peer.next(), { text: "hello!", port });
      // The source is an IPv6 address (RFC 4291 section 2.5.5.2), and can be written to.
      assert(protocol.sources[0]?.equals(new IPv6Address("UDP", "::ffff:127.0.0.1", peer.port)));
    }),
  );

  Deno.test(
    test("maxPacketSize of 65507 lets the largest datagram of UDP arrive", async (fixture) => {
      const { protocol, port } = fixture.listen({}, { maxPacketSize: 65507 });
      const client = fixture.listen();
      fixture.run();
      client.transport.write(new Uint8Array(65507).fill(120), { host: "127.0.0.1", port });
      await protocol.received(1);
      assertEquals(protocol.events.at(-1), `received ${"x".repeat(65507)}`);
    }),
  );

  Deno.test(
    test("maxPacketSize drops a longer datagram, and the next one arrives", async (fixture) => {
      const { protocol, port } = fixture.listen();
      const peer = await fixture.rawBind();
      fixture.run();
      await peer.send(new Uint8Array(8193), port);
      await peer.send("next", port);
      await protocol.received(1);
      assertEquals(protocol.events, ["started", "received next"]);
    }),
  );

  Deno.test(
    test("listenUDP() before run() can send, and receives once the reactor runs", async (fixture) => {
      const { protocol, transport, port } = fixture.listen();
      const peer = await fixture.rawBind();
      transport.write("early", { host: "127.0.0.1", port: peer.port });
      assertEquals(await peer.next(), { text: "early", port });
      await peer.send("one", port);
      await peer.send("two", port);
      // Time for the datagrams to arrive, if the port delivered them too early.
      for (let i = 0; i < 3; i++) {
        await peer.send("itself", peer.port);
        await peer.next();
      }
      assertEquals(protocol.events, ["started"]);
      fixture.run();
      await protocol.received(2);
      assertEquals(protocol.events, ["started", "received one", "received two"]);
    }),
  );

  Deno.test(
    test("connect() limits the port to its peer, and drops other senders' datagrams", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("write() to a port without a listener does not affect later datagrams", async (fixture) => {
      const { protocol, transport, port } = fixture.listen();
      const peer = await fixture.rawBind();
      const gone = fixture.listen();
      fixture.run();
      await gone.transport.stopListening();
      transport.write("to a closed port", { host: "127.0.0.1", port: gone.port });
      await peer.send("to an open port", port);
      await protocol.received(1);
      assertEquals(protocol.events, ["started", "received to an open port"]);
    }),
  );

  Deno.test(
    test("datagramReceived() that throws is logged with the port's name; the port continues", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("datagramReceived() passes chunks that later datagrams do not overwrite", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("setBroadcastAllowed() lets a broadcast reach a port on all addresses", async (fixture) => {
      const { protocol, port } = fixture.listen({}, { interface: "0.0.0.0" });
      const client = fixture.listen();
      fixture.run();
      client.transport.setBroadcastAllowed(true);
      assertEquals(client.transport.getBroadcastAllowed(), true);
      // The broadcast address of the loopback network.
      client.transport.write("all", { host: "127.255.255.255", port });
      await protocol.received(1);
      assertEquals(protocol.events, ["started", "received all"]);
    }),
  );

  Deno.test(
    test("write() logs a broadcast that the system refuses, and sends the next datagram", async (fixture) => {
      const { transport } = fixture.listen();
      const peer = await fixture.rawBind();
      transport.write("all", { host: "127.255.255.255", port: peer.port });
      transport.write("one", { host: "127.0.0.1", port: peer.port });
      assertEquals((await peer.next()).text, "one");
      const [error] = fixture.errors.take();
      assertInstanceOf(error, DatagramError);
      assertStringIncludes(error.message, `Cannot send to 127.255.255.255:${peer.port}: `);
    }),
  );
}

/** Defines the tests of closing. */
function endingTests(test: SocketTest<UDPFixture>): void {
  Deno.test(
    test("stopListening() fires when pending writes are sent and the address is free", async (fixture) => {
      using logged = EventLoggingObserver.createWithCleanup();
      const { protocol, transport, port } = fixture.listen();
      const peer = await fixture.rawBind();
      for (let i = 0; i < 50; i++) {
        transport.write(String(i), { host: "127.0.0.1", port: peer.port });
      }
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
    }),
  );

  Deno.test(
    test("stopListening() in startProtocol() calls stopProtocol() after it", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("stop() in datagramReceived() stops the port, and then the reactor", async (fixture) => {
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
    }),
  );

  Deno.test(test("listenUDP() on a stopped reactor closes the port", async (fixture) => {
    await Promise.all([fixture.run(), fixture.stop()]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const { protocol } = fixture.listen({ stopProtocol: () => resolve() });
    await promise;
    assertEquals(protocol.events, ["started", "stopped"]);
  }));
}

/** Defines the tests of multicast, on the loopback interface. */
function multicastTests(test: SocketTest<UDPFixture>): void {
  /**
   * Returns a member of the group, on all addresses: Linux delivers only to those, and to the
   * group's own address.
   */
  async function member(
    fixture: UDPFixture,
    options: ListenMulticastOptions = {},
  ): Promise<UDPEnd> {
    const end = fixture.listen({}, { interface: "0.0.0.0", ...options });
    await end.transport.joinGroup(GROUP, "127.0.0.1");
    return end;
  }

  /** Returns a port that sends to groups through the loopback interface. */
  async function sender(fixture: UDPFixture): Promise<UDPEnd> {
    const end = fixture.listen();
    await end.transport.setOutgoingInterface("127.0.0.1");
    return end;
  }

  Deno.test(
    test("joinGroup() and leaveGroup() start and stop the receipt of a group's datagrams", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("listenMultiple lets each port of an address receive a group's datagrams", async (fixture) => {
      const first = await member(fixture, { listenMultiple: true });
      const protocol = new AwaitedRecorder();
      const second = fixture.reactor.listenMulticast(first.port, protocol, {
        listenMultiple: true,
      });
      await second.joinGroup(GROUP, "127.0.0.1");
      assertThrows(
        () => fixture.reactor.listenMulticast(first.port, new AwaitedRecorder()),
        CannotListenError,
      );
      const client = await sender(fixture);
      fixture.run();
      client.transport.write("all", { host: GROUP, port: first.port });
      await Promise.all([first.protocol.received(1), protocol.received(1)]);
    }),
  );

  Deno.test(
    test("joinGroup() and leaveGroup() fail with a MulticastJoinError that names the group", async (fixture) => {
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
    }),
  );

  Deno.test(
    test("joinGroup() and leaveGroup() accept an IPv6 group and an interface name", async (fixture) => {
      const { transport } = fixture.listen({}, { interface: "::" });
      await transport.joinGroup("ff02::1234", "lo");
      await transport.leaveGroup("ff02::1234", "lo");
    }),
  );

  Deno.test(
    test("setTTL(), setLoopbackMode() and setOutgoingInterface() change the system's defaults", async (fixture) => {
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
    }),
  );
}
