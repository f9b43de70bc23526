/**
 * Ports and connections on sockets from file descriptors. Of Twisted's tests:
 *
 * - `internet/test/test_tcp.py`, `TCPFDPortTestsBuilder`: the suites of streams that do not depend
 *   on how a port is bound. `AdoptStreamConnectionTestsBuilder`: its addresses and its transfers.
 * - `internet/test/test_unix.py`, `UNIXFDPortTestsBuilder` and
 *   `UNIXAdoptStreamConnectionTestsBuilder`: a port and a connection, and transfers over them.
 *   `test_ServerAddressUNIX` differs: Deno does not return the path.
 * - `internet/test/test_socket.py`, `AdoptStreamPortErrorsTestsBuilder` and
 *   `AdoptStreamConnectionErrorsTestsBuilder`. The compiler replaces `test_provider`.
 *   `adoptDatagramPort` is not offered.
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { internetAddress } from "../../addresses.ts";
import { ForeignSocket, isOpen } from "../../../testing/peers/foreign_socket.ts";
import { pattern, same } from "../../../testing/peers/raw_peer.ts";
import { endingTests } from "../../../testing/conformance/stream_ending.ts";
import { halfCloseTests } from "../../../testing/conformance/stream_half_close.ts";
import type { StreamTransport } from "../../../testing/conformance/stream_transport.ts";
import { resetTests } from "../../../testing/conformance/stream_resets.ts";
import { transferTests } from "../../../testing/conformance/stream_transfer.ts";
import { portOf, tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { tcpTransport } from "../../../testing/conformance/tcp_transport.ts";
import { connectTo, freePath, listenAt } from "../../../testing/conformance/unix_transport.ts";
import {
  HalfCloseableWire,
  type Wire,
  type WireBehaviour,
  Wires,
} from "../../../testing/fixtures/wire.ts";
import { DenoReactor } from "../deno/reactor.ts";
import {
  CannotListenError,
  ConnectError,
  ConnectionAborted,
  ConnectionDone,
} from "../../errors.ts";
import type { AddressFamily, IReactorSocket } from "../../interfaces/mod.ts";

const adopted: StreamTransport = {
  ...tcpTransport("An adopted socket", () => new DenoReactor()),
  listenMethod: "adoptStreamPort",
  listen: (reactor, at, factory, options) => {
    using socket = ForeignSocket.listenIPv4(portOf(at));
    return reactor.adoptStreamPort(socket.copy(), "INET", factory, options);
  },
  abortSeenAs: /^ECONNRESET$/,
};

transferTests(adopted);
endingTests(adopted);
halfCloseTests(adopted);
resetTests(adopted);

const test = tcpTest("adoptStreamPort()", () => new DenoReactor());
const echo: WireBehaviour = { dataReceived: (wire, data) => wire.transport.write(data) };
const greeter = { connectionMade: (wire: Wire) => wire.transport.write("hello") };

Deno.test(
  test("adoptStreamPort() adopts listening IPv4 and IPv6 sockets with their addresses", async (fixture) => {
    for (
      const [family, socket, host] of [
        ["INET", ForeignSocket.listenIPv4(), "127.0.0.1"],
        ["INET6", ForeignSocket.listenIPv6(), "::1"],
      ] as const
    ) {
      using _ = socket;
      const factory = new Wires(greeter);
      const port = fixture.reactor.adoptStreamPort(socket.copy(), family, factory);
      assert(port.getHost().equals(internetAddress("TCP", host, socket.port)), `${port.getHost()}`);
      fixture.run();
      const peer = fixture.raw(await Deno.connect({ hostname: host, port: socket.port }));
      assertEquals(await peer.readText(5), "hello");
      assert((await factory.wire()).transport.getHost().equals(port.getHost()));
    }
  }),
);

Deno.test(
  test("adoptStreamPort() adopts UNIX sockets, with an empty path as their address", async (fixture) => {
    const path = freePath(fixture);
    using socket = ForeignSocket.listenUNIX(path);
    const factory = new Wires(greeter);
    const port = fixture.reactor.adoptStreamPort(socket.copy(), "UNIX", factory);
    assertEquals(String(port.getHost()), "unix:");
    fixture.run();
    const peer = fixture.raw(await connectTo(path));
    assertEquals(await peer.readText(5), "hello");
    await port.stopListening();
    assert((await Deno.stat(path)).isSocket, "the path is not this port's to remove");
  }),
);

Deno.test(
  test("adoptStreamPort() transfers all bytes over UNIX sockets and supports half-close", async (fixture) => {
    const path = freePath(fixture);
    using socket = ForeignSocket.listenUNIX(path);
    const factory = new Wires(() => new HalfCloseableWire(echo));
    fixture.reactor.adoptStreamPort(socket.copy(), "UNIX", factory);
    fixture.run();
    const peer = fixture.raw(await connectTo(path));
    const wire = await factory.wire();
    const all = pattern(4 << 20);
    const sending = peer.send(all).then(() => peer.conn.closeWrite());
    assert(same(await peer.read(all.length), all));
    await sending;
    await wire.seen("read lost");
    wire.transport.write("bye");
    wire.transport.loseWriteConnection();
    assertEquals(new TextDecoder().decode(await peer.readAll()), "bye");
    assertInstanceOf(await wire.lost(), ConnectionDone);
  }),
);

Deno.test(
  test("adoptStreamPort() aborts connections of UNIX sockets, which cannot be reset", async (fixture) => {
    const path = freePath(fixture);
    using socket = ForeignSocket.listenUNIX(path);
    const factory = new Wires();
    fixture.reactor.adoptStreamPort(socket.copy(), "UNIX", factory);
    fixture.run();
    const peer = fixture.raw(await connectTo(path));
    const wire = await factory.wire();
    wire.transport.abortConnection();
    assertInstanceOf(await wire.lost(), ConnectionAborted);
    assertEquals(await peer.ending(), "end");
  }),
);

Deno.test(
  test("adoptStreamPort() closes its own descriptor only; other holders still listen", async (fixture) => {
    using socket = ForeignSocket.listenIPv4();
    const descriptor = socket.copy();
    const port = fixture.reactor.adoptStreamPort(descriptor, "INET", new Wires());
    fixture.run();
    assert(isOpen(descriptor));
    await port.stopListening();
    assert(!isOpen(descriptor));
    await fixture.rawConnect(socket.port);
  }),
);

Deno.test(
  test("adoptStreamPort() ports throw on startListening() after stopListening()", async (fixture) => {
    using socket = ForeignSocket.listenIPv4();
    const descriptor = socket.copy();
    const factory = new Wires();
    const port = fixture.reactor.adoptStreamPort(descriptor, "INET", factory);
    await port.stopListening();
    assertThrows(
      () => port.startListening(),
      CannotListenError,
      `Cannot listen on file descriptor ${descriptor}: it was already adopted, and its port has closed`,
    );
    assertEquals(factory.events, ["start", "stop"]);
    fixture.run();
  }),
);

Deno.test(
  test("adoptStreamPort() throws for a file that is not a listening socket, left open", (fixture) => {
    using datagrams = ForeignSocket.datagrams();
    const factory = new Wires();
    for (const descriptor of [datagrams.descriptor, 12345]) {
      const error = assertThrows(
        () => fixture.reactor.adoptStreamPort(descriptor, "INET", factory),
        CannotListenError,
        `Cannot listen on file descriptor ${descriptor}: it is not a listening socket`,
      );
      assertEquals([error.address, error.interface], [`file descriptor ${descriptor}`, ""]);
    }
    assert(isOpen(datagrams.descriptor));
    assertEquals(factory.events, []);
  }),
);

Deno.test(
  test("adoptStreamPort() throws for, and closes, a socket of another address family", (fixture) => {
    using socket = ForeignSocket.listenIPv4();
    for (const family of ["INET6", "UNIX"] as const) {
      const descriptor = socket.copy();
      assertThrows(
        () => fixture.reactor.adoptStreamPort(descriptor, family, new Wires()),
        CannotListenError,
        `Cannot listen on file descriptor ${descriptor}: its address family is INET, not ${family}`,
      );
      assert(!isOpen(descriptor));
    }
  }),
);

Deno.test(
  test("adoptStreamPort() throws for descriptors, families and options out of range", (fixture) => {
    const factory = new Wires();
    const adopt = (...args: Parameters<IReactorSocket["adoptStreamPort"]>) => () =>
      fixture.reactor.adoptStreamPort(...args);
    assertThrows(
      adopt(-1, "INET", factory),
      RangeError,
      "fileDescriptor must be an integer from 0",
    );
    // A caller without type checking may pass this.
    const family = "INET5" as AddressFamily;
    assertThrows(
      adopt(3, family, factory),
      RangeError,
      'addressFamily must be one of "INET", "INET6", "UNIX", got "INET5"',
    );
    assertThrows(adopt(3, "INET", factory, { backlog: 0 }), RangeError, "backlog");
    assertThrows(adopt(3, "INET", factory, { keepAlive: 0 }), RangeError, "keepAlive must be");
  }),
);

const connection = tcpTest("adoptStreamConnection()", () => new DenoReactor());

Deno.test(connection(
  "builds a protocol for a TCP connection when the reactor runs, with its addresses",
  async (fixture) => {
    const raw = fixture.rawListen();
    using socket = ForeignSocket.connectIPv4(raw.addr.port);
    const peer = await fixture.rawAccept(raw);
    const factory = new Wires(echo);
    fixture.reactor.adoptStreamConnection(socket.copy(), "INET", factory, { keepAlive: 60 });
    assertEquals(factory.built.length, 0);
    fixture.run();
    const wire = await factory.wire();
    assertEquals(factory.events, []); // the factory was neither started nor stopped
    const there = internetAddress("TCP", "127.0.0.1", raw.addr.port);
    const here = internetAddress("TCP", "127.0.0.1", socket.port);
    assert(factory.addresses[0]?.equals(there));
    assert(wire.transport.getPeer().equals(there) && wire.transport.getHost().equals(here));
    assert(wire.transport.getTcpKeepAlive());
    const all = pattern(1 << 20);
    const sending = peer.send(all);
    assert(same(await peer.read(all.length), all));
    await sending;
    assert(fixture.reactor instanceof DenoReactor);
    assertMatch(
      fixture.reactor.describe(),
      /connection from .*: Wire, made by Wires from file descriptor \d+, open for /,
    );
    wire.transport.abortConnection();
    assertInstanceOf(await wire.lost(), ConnectionAborted);
  },
));

Deno.test(connection(
  "adopts a UNIX connection, and closes its descriptor with the connection",
  async (fixture) => {
    const path = freePath(fixture);
    const listener = fixture.closeAfter(listenAt(path));
    using socket = ForeignSocket.connectUNIX(path);
    const peer = fixture.raw(await listener.accept());
    const factory = new Wires(echo);
    const descriptor = socket.copy();
    fixture.reactor.adoptStreamConnection(descriptor, "UNIX", factory);
    fixture.run();
    await peer.send("hello");
    assertEquals(await peer.readText(5), "hello");
    const wire = await factory.wire();
    wire.transport.loseConnection();
    assertInstanceOf(await wire.lost(), ConnectionDone);
    await fixture.stop();
    assert(!isOpen(descriptor));
  },
));

Deno.test(connection(
  "closes the connection if buildProtocol() returns null or throws",
  async (fixture) => {
    const raw = fixture.rawListen();
    const error = new RangeError("boom");
    const builds = [() => null, () => {
      throw error;
    }];
    fixture.run();
    for (const build of builds) {
      const socket = ForeignSocket.connectIPv4(raw.addr.port);
      const peer = await fixture.rawAccept(raw);
      fixture.reactor.adoptStreamConnection(socket.copy(), "INET", new Wires(build));
      // The test closes its own copy, which would keep the connection open.
      socket[Symbol.dispose]();
      assertEquals(await peer.ending(), "end");
    }
    assertEquals(fixture.errors.take(), [error]);
  },
));

Deno.test(connection(
  "throws ConnectError for a file that is not a connection of the address family",
  (fixture) => {
    using listening = ForeignSocket.listenIPv4();
    using connected = ForeignSocket.connectIPv4(listening.port);
    const adopt = (descriptor: number, family: AddressFamily) => () =>
      fixture.reactor.adoptStreamConnection(descriptor, family, new Wires());
    assertThrows(adopt(12345, "INET"), ConnectError, "Cannot connect to file descriptor 12345: ");
    assertThrows(adopt(listening.copy(), "INET"), ConnectError, "it is not a connection");
    const other = connected.copy();
    assertThrows(adopt(other, "INET6"), ConnectError, "its address family is INET, not INET6");
    assertThrows(
      adopt(connected.descriptor, "INET5" as AddressFamily),
      RangeError,
      "addressFamily",
    );
  },
));
