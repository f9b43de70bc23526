// Ports and connections on sockets from file descriptors.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { endingTests } from "../../../testing/conformance/stream_ending.ts";
import { resetTests } from "../../../testing/conformance/stream_resets.ts";
import type { StreamTransport } from "../../../testing/conformance/stream_transport.ts";
import { transferTests } from "../../../testing/conformance/stream_transfer.ts";
import { tcpTransport } from "../../../testing/conformance/tcp_transport.ts";
import { connectTo, freePath, listenAt } from "../../../testing/conformance/unix_transport.ts";
import { portOf, tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { type Wire, Wires } from "../../../testing/fixtures/wire.ts";
import {
  closesOnExec,
  ForeignSocket,
  isOpen,
  openDescriptors,
} from "../../../testing/peers/foreign_socket.ts";
import { DatagramProtocol } from "../../../protocol/mod.ts";
import { CannotListenError, ConnectError } from "../../errors.ts";
import { EpollReactor } from "./reactor.ts";

const adopted: StreamTransport = {
  ...tcpTransport("EpollReactor with an adopted socket", () => new EpollReactor()),
  listenMethod: "adoptStreamPort",
  listen: (reactor, at, factory, options) => {
    using socket = ForeignSocket.listenIPv4(portOf(at));
    return reactor.adoptStreamPort(socket.copy(), "INET", factory, options);
  },
  abortSeenAs: /^ECONNRESET$/,
};

transferTests(adopted);
endingTests(adopted);
resetTests(adopted);

const test = tcpTest("EpollReactor", () => new EpollReactor());
const greeter = { connectionMade: (wire: Wire) => wire.transport.write("hello") };

Deno.test(
  test("adoptStreamPort() adopts a UNIX socket, with its path as the address", async (fixture) => {
    const path = freePath(fixture);
    using socket = ForeignSocket.listenUNIX(path);
    const port = fixture.reactor.adoptStreamPort(socket.copy(), "UNIX", new Wires(greeter));
    assertEquals(String(port.getHost()), path);
    fixture.run();
    const peer = fixture.raw(await connectTo(path));
    assertEquals(await peer.readText(5), "hello");
  }),
);

Deno.test(test("ports that adopt the same socket share its connections", async (fixture) => {
  using socket = ForeignSocket.listenIPv4();
  const peers = await Promise.all(
    [0, 1].map(() => Deno.connect({ hostname: "127.0.0.1", port: socket.port })),
  );
  for (const peer of peers) fixture.raw(peer);
  const factories = [new Wires(greeter), new Wires(greeter)];
  for (const factory of factories) {
    fixture.reactor.adoptStreamPort(socket.copy(), "INET", factory);
  }
  fixture.run();
  for (const peer of peers) await peer.read(new Uint8Array(5));
  assertEquals(factories.map(({ built }) => built.length), [1, 1]);
}));

Deno.test(
  test("adoptStreamConnection() adopts connections, and closes their descriptors", async (fixture) => {
    const listener = fixture.rawListen();
    const path = freePath(fixture);
    const unix = fixture.closeAfter(listenAt(path));
    using tcpSocket = ForeignSocket.connectIPv4(listener.addr.port);
    using unixSocket = ForeignSocket.connectUNIX(path);
    const clients = new Wires(greeter);
    const descriptors = [tcpSocket.copy(), unixSocket.copy()] as const;
    fixture.reactor.adoptStreamConnection(descriptors[0], "INET", clients, { keepAlive: 60 });
    fixture.reactor.adoptStreamConnection(descriptors[1], "UNIX", clients);
    fixture.run();
    for (const accepting of [listener, unix]) {
      const peer = fixture.raw(await accepting.accept());
      assertEquals(await peer.readText(5), "hello");
    }
    const wires = [await clients.wire(0), await clients.wire(1)];
    assertEquals(wires.map(({ transport }) => String(transport.getPeer())), [
      `127.0.0.1:${listener.addr.port}`,
      path,
    ]);
    for (const wire of wires) {
      wire.transport.loseConnection();
      await wire.lost();
    }
    assertEquals(descriptors.map(isOpen), [false, false]);
  }),
);

Deno.test(
  test("adoptStreamPort() and adoptStreamConnection() reject other descriptors", (fixture) => {
    using listening = ForeignSocket.listenIPv4();
    using file = Deno.openSync("/dev/null");
    const number = listening.copy();
    const port = (descriptor: number, family: "INET" | "INET6") => () =>
      fixture.reactor.adoptStreamPort(descriptor, family, new Wires());
    const connection = (descriptor: number, family: "INET" | "INET6") => () =>
      fixture.reactor.adoptStreamConnection(descriptor, family, new Wires());
    assertThrows(port(12345, "INET"), CannotListenError, "it is not a listening socket");
    assertThrows(port(number, "INET6"), CannotListenError, "its address family is INET, not INET6");
    assert(!isOpen(number));
    assertThrows(connection(12345, "INET"), ConnectError, "it is not a stream socket");
    assertThrows(connection(listening.copy(), "INET"), ConnectError, "it is not a connection");
    assert(file.isTerminal() === false);
  }),
);

Deno.test(
  test("EpollReactor hides every descriptor from the programs that it starts", async (fixture) => {
    const { reactor } = fixture;
    const before = openDescriptors();
    using inherited = ForeignSocket.listenIPv4();
    const server = new Wires();
    const tcp = fixture.listen(server);
    reactor.listenUNIX(`\0torsion-${crypto.randomUUID()}`, new Wires());
    reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
    reactor.listenUNIXDatagram(`\0torsion-${crypto.randomUUID()}`, new DatagramProtocol());
    const adopted = reactor.adoptStreamPort(inherited.copy(), "INET", new Wires());
    using connected = ForeignSocket.connectIPv4(tcp.port);
    reactor.adoptStreamConnection(connected.copy(), "INET", new Wires());
    const clients = new Wires();
    reactor.connectTCP("127.0.0.1", tcp.port, clients);
    fixture.run();
    await Promise.all([clients.wire(), server.wire(1)]);
    assertEquals(adopted.fileno?.(), openDescriptors().find((each) => each === adopted.fileno?.()));
    const made = openDescriptors().filter((each) => !before.includes(each));
    // The two of the poller, those of five ports and four connections, and three spare ones.
    assert(made.length >= 14, String(made.length));
    assertEquals(made.filter((each) => !closesOnExec(each)), []);
    await adopted.stopListening();
    assertEquals(adopted.fileno?.(), -1);
  }),
);
