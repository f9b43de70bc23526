/**
 * The features of TCP that need `node:net`. Of Twisted's tests: `test/test_tcp.py`,
 * `CannotBindTests.test_clientBind`; `internet/test/test_tcp.py`, `AbortConnectionMixin` as its
 * peers see it.
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Server, Socket } from "node:net";
import { IPv4Address } from "../../addresses.ts";
import { Program } from "../../../testing/fixtures/program.ts";
import { endingOf, pattern, same } from "../../../testing/peers/raw_peer.ts";
import { portOf, tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { Wires } from "../../../testing/fixtures/wire.ts";
import { DenoReactor } from "../deno/reactor.ts";
import { CannotListenError, ConnectError, ConnectionDone, UnsupportedError } from "../../errors.ts";
import type { ConnectTCPOptions, ListenTCPOptions } from "../../interfaces/mod.ts";
import { memoryPipe } from "../memory/memory_driver.ts";
import type { StreamAcceptorSink } from "../../stream/stream_acceptor.ts";
import { ServerAcceptor } from "./server_acceptor.ts";
import { TCPSocketDriver } from "./socket_driver.ts";
import { dialSocket } from "./tcp.ts";

const HOST = "127.0.0.1";
const here = new IPv4Address("TCP", HOST, 1);
const facts = { peer: new IPv4Address("TCP", HOST, 2), host: here, isAccepted: false };

const test = tcpTest("node:net", () => new DenoReactor());

for (const resetOnAbort of [true, false]) {
  const seen = resetOnAbort ? "a reset" : "an end in order";

  Deno.test(
    test(`abortConnection() with resetOnAbort ${resetOnAbort} shows the peer ${seen}`, async (fixture) => {
      const servers = new Wires();
      const { port } = fixture.listen(servers, { resetOnAbort });
      const clients = new Wires();
      const raw = fixture.rawListen();
      fixture.reactor.connectTCP(HOST, raw.addr.port, clients, { resetOnAbort });
      fixture.run();
      const peers = [await fixture.rawConnect(port), await fixture.rawAccept(raw)];
      const wires = [await servers.wire(), await clients.wire()];
      for (const wire of wires) wire.transport.abortConnection();
      const endings = await Promise.all(peers.map((peer) => peer.ending()));
      assertEquals(endings, Array(2).fill(resetOnAbort ? "ECONNRESET" : "end"));
    }),
  );
}

Deno.test(
  test("bindAddress sets the local address of a connection, with or without a port", async (fixture) => {
    const raw = fixture.rawListen();
    const factory = new Wires();
    const spare = fixture.rawListen({ hostname: "127.0.0.3" });
    const { port } = spare.addr;
    spare.close();
    const ways: [string, ConnectTCPOptions["bindAddress"]][] = [
      [HOST, "127.0.0.2"],
      ["localhost", "127.0.0.2"],
      [HOST, ["127.0.0.3", port]],
    ];
    fixture.run();
    const peers: Deno.NetAddr[] = [];
    for (const [i, [host, bindAddress = ""]] of ways.entries()) {
      fixture.reactor.connectTCP(host, raw.addr.port, factory, { bindAddress });
      const { conn } = await fixture.rawAccept(raw);
      peers.push(conn.remoteAddr as Deno.NetAddr); // TCP's
      const { transport } = await factory.wire(i);
      assertEquals(String(transport.getHost()), `${peers[i]?.hostname}:${peers[i]?.port}`);
    }
    assertEquals(peers.map(({ hostname }) => hostname), ["127.0.0.2", "127.0.0.2", "127.0.0.3"]);
    assertEquals(peers[2]?.port, port);
  }),
);

Deno.test(
  test("bindAddress that cannot be bound fails with ConnectError and the system's reason", async (fixture) => {
    const taken = fixture.rawListen();
    const raw = fixture.rawListen();
    const factory = new Wires();
    const bindAddress = [HOST, taken.addr.port] as const;
    fixture.reactor.connectTCP(HOST, raw.addr.port, factory, { bindAddress });
    fixture.run();
    await factory.called("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, ConnectError);
    assertEquals([reason.code, reason.address], ["EADDRINUSE", `${HOST}:${raw.addr.port}`]);
  }),
);

const CLIENT = `
  import { DenoReactor } from "${new URL("../../mod.ts", import.meta.url)}";
  import { ClientFactory } from "${new URL("../../../protocol/mod.ts", import.meta.url)}";

  const reactor = new DenoReactor();
  class Telling extends ClientFactory {
    clientConnectionFailed(connector, reason) {
      console.log(reason.name + ": " + reason.message);
      reactor.stop();
    }
  }
  reactor.connectTCP("127.0.0.1", 9, new Telling(), { bindAddress: "127.0.0.2" });
  await reactor.run();
`;

Deno.test("bindAddress without permission fails with ConnectError, and the program continues", async () => {
  const module = `data:text/javascript,${encodeURIComponent(CLIENT)}`;
  const flags = ["--quiet", "--no-prompt", "--allow-net=127.0.0.1:9"];
  await using program = new Program(["run", ...flags, module]);
  const { code, lines } = await program.end();
  assertEquals([code, lines], [0, [
    'ConnectError: Cannot connect to 127.0.0.1:9: Requires net access to "127.0.0.2:0", run again with the --allow-net flag',
  ]]);
});

Deno.test(
  test("setTcpKeepAlive() sets idle seconds on a node:net socket, and throws on a Deno one", async (fixture) => {
    const message = "listen or connect over TCP with { keepAlive: 60 }";
    for (const options of [{ resetOnAbort: true }, { keepAlive: 30 }, {}]) {
      const factory = new Wires();
      const { port } = fixture.listen(factory, options);
      fixture.run();
      await fixture.rawConnect(port);
      const { transport } = await factory.wire();
      assertEquals(transport.getTcpKeepAlive(), "keepAlive" in options);
      if (Object.keys(options).length > 0) transport.setTcpKeepAlive(true, 60);
      else assertThrows(() => transport.setTcpKeepAlive(true, 60), UnsupportedError, message);
      assertEquals(transport.getTcpKeepAlive(), Object.keys(options).length > 0);
      transport.setTcpKeepAlive(false);
      assertEquals(transport.getTcpKeepAlive(), false);
      for (const idle of [0, 1.5, 32768]) {
        assertThrows(() => transport.setTcpKeepAlive(true, idle), RangeError, "idle must be");
      }
    }
  }),
);

Deno.test("TCPSocketDriver sets the keep-alive idle time of its socket, also repeatedly", () => {
  const calls: unknown[][] = [];
  class NotedSocket extends Socket {
    override setKeepAlive(...args: unknown[]): this {
      calls.push(args);
      return this;
    }
  }
  const driver = new TCPSocketDriver(new NotedSocket(), facts, 37);
  assert(driver.keepsAlive);
  driver.setKeepAliveIdle(5);
  driver.setKeepAlive(false);
  driver.setKeepAlive(true);
  assertEquals(calls, [[true, 37000], [true, 5000], [false], [true]]);
  assert(!new TCPSocketDriver(new NotedSocket(), facts).keepsAlive);
});

for (const size of [5, 65536]) {
  Deno.test(
    test(`write() of ${size} bytes reaches a peer that half-closes before it sends a byte`, async (fixture) => {
      const greeting = pattern(size);
      const factory = new Wires({ connectionMade: (wire) => wire.transport.write(greeting) });
      const { port } = fixture.listen(factory, { resetOnAbort: true });
      // The peer half-closes before the server's process polls for I/O.
      const peer = await fixture.rawConnect(port);
      await peer.conn.closeWrite();
      fixture.run();
      assert(same(await peer.readAll(), greeting));
      assertInstanceOf(await (await factory.wire()).lost(), ConnectionDone);
    }),
  );
}

Deno.test(
  test("write() reaches a half-closed peer even if the program keeps the event loop busy", async (fixture) => {
    const factory = new Wires({
      connectionMade: (wire) => {
        wire.transport.write("hello");
        // Turns without idle time, so that no timer implies an I/O poll.
        for (const begun = performance.now(); performance.now() < begun + 15;);
      },
    });
    const { port } = fixture.listen(factory, { resetOnAbort: true });
    const peers = await Promise.all(Array.from({ length: 10 }, () => fixture.rawConnect(port)));
    for (const peer of peers) await peer.conn.closeWrite();
    fixture.run();
    for (const peer of peers) assertEquals(await peer.readText(5), "hello");
  }),
);

Deno.test(
  test("SocketDriver sends a delayed first write when data arrives, or after some turns", async (fixture) => {
    const factory = new Wires({
      dataReceived: (wire, data) => wire.transport.write(data),
      connectionMade: (wire) => wire.transport.write("hello "),
    });
    const { port } = fixture.listen(factory, { resetOnAbort: true });
    fixture.run();
    const [silent, early] = [await fixture.rawConnect(port), await fixture.rawConnect(port)];
    await early.send("you");
    assertEquals(await early.readText(9), "hello you");
    assertEquals(await silent.readText(6), "hello ");
  }),
);

Deno.test(
  test("dataReceived() receives plain Uint8Arrays, whose slice() copies", async (fixture) => {
    const factory = new Wires();
    const { port } = fixture.listen(factory, { resetOnAbort: true });
    fixture.run();
    const peer = await fixture.rawConnect(port);
    const wire = await factory.wire();
    await peer.send("bytes");
    await wire.has(5);
    assertEquals(wire.chunks.map(({ constructor }) => constructor), [Uint8Array]);
  }),
);

Deno.test(
  test("listenTCP() and connectTCP() throw for options out of range, and name them", (fixture) => {
    const factory = new Wires();
    const listen: [ListenTCPOptions, string][] = [
      [{ keepAlive: 0 }, "keepAlive must be an integer from 1 to 32767, got 0"],
      [{ keepAlive: 1.5 }, "keepAlive"],
      [{ resetOnAbort: true, backlog: 0 }, "backlog"],
    ];
    for (const [options, message] of listen) {
      assertThrows(() => fixture.reactor.listenTCP(0, factory, options), RangeError, message);
    }
    const connect: [ConnectTCPOptions, string][] = [
      [{ keepAlive: 40000 }, "keepAlive"],
      [{ bindAddress: "localhost" }, 'bindAddress must be a numeric address, got "localhost"'],
      [{ bindAddress: [HOST, 65536] }, "bindAddress port must be an integer from 0 to 65535"],
    ];
    for (const [options, message] of connect) {
      assertThrows(
        () => fixture.reactor.connectTCP(HOST, 80, factory, options),
        RangeError,
        message,
      );
    }
    assertEquals(factory.events, []);
  }),
);

Deno.test(
  test("listenTCP() resolves a host name, and names the system's error for a port in use", (fixture) => {
    const port = fixture.reactor.listenTCP(0, new Wires(), {
      interface: "localhost",
      resetOnAbort: true,
    });
    const number = portOf(port.getHost());
    assertEquals(String(port.getHost()), `${HOST}:${number}`);
    const error = assertThrows(
      () => fixture.reactor.listenTCP(number, new Wires(), { interface: HOST, resetOnAbort: true }),
      CannotListenError,
    );
    assertEquals(error.code, "EADDRINUSE");
  }),
);

Deno.test(
  test("backlog limits the waiting connections; the port resets further ones", async (fixture) => {
    const port = fixture.listen(new Wires(), { resetOnAbort: true, backlog: 2 });
    const waiting = [await fixture.rawConnect(port.port), await fixture.rawConnect(port.port)];
    // The connections that arrived before the refused one have been accepted.
    const refused = fixture.rawConnect(port.port).then((peer) => peer.readAll());
    assertEquals(await endingOf(refused), "ECONNRESET");
    const endings = waiting.map((peer) => peer.ending());
    await port.stopListening();
    assertEquals(await Promise.all(endings), ["ECONNRESET", "ECONNRESET"]);
    fixture.run();
  }),
);

Deno.test("dialSocket() ignores the result of a lookup after its cancellation", async () => {
  const answers: ((address: string) => void)[] = [];
  const dial = dialSocket("name.test", 80, {}, (_name, _options, answer) => {
    answers.push((address) => answer(null, [{ address, family: 4 }]));
  });
  const events: string[] = [];
  const released = Promise.withResolvers<void>();
  const stop = dial({
    connected: () => events.push("connected"),
    failed: (error) => events.push(String(error)),
    released: () => {
      events.push("released");
      released.resolve();
    },
  });
  await null; // node starts the lookup in a later microtask
  stop();
  await released.promise;
  assertEquals(answers.length, 1);
  for (const answer of answers) answer("127.0.0.1");
  await new Promise((resolve) => setTimeout(resolve)); // time for any reaction to the result
  assertEquals(events, ["released"]);
});

Deno.test("ServerAcceptor reports an error of the server to the next accept()", async () => {
  const events: unknown[] = [];
  const sink: StreamAcceptorSink = {
    accepted: () => events.push("accepted"),
    acceptFailed: (error) => events.push(error),
    turnedAway: () => events.push("turned away"),
    refused: (peer, why) => events.push(`refused ${peer}: ${why}`),
    released: () => events.push("released"),
  };
  const server = new Server();
  const acceptor = new ServerAcceptor(server, here, { backlog: 5, driverFor: () => null });
  acceptor.attach(sink);
  const [first, second] = [new Error("first"), new Error("second")];
  server.emit("error", first);
  assertEquals(events, []);
  acceptor.accept();
  assertEquals(events, []); // not synchronously
  await null;
  assertEquals(events, [first]);
  acceptor.accept();
  server.emit("error", second);
  assertEquals(events, [first, second]);
  acceptor.close();
  await null;
  assertEquals(events, [first, second, "released"]);
});

Deno.test("ServerAcceptor reports each connection that is refused by a full backlog", () => {
  const events: string[] = [];
  const sink: StreamAcceptorSink = {
    accepted: () => events.push("accepted"),
    acceptFailed: () => events.push("failed"),
    turnedAway: () => events.push("turned away"),
    refused: (peer, why) => events.push(`refused ${peer}: ${why}`),
    released: () => events.push("released"),
  };
  const server = new Server();
  const [driver] = memoryPipe({ schedule: () => {}, addresses: [here, here] });
  const acceptor = new ServerAcceptor(server, here, { backlog: 1, driverFor: () => driver });
  acceptor.attach(sink);
  server.emit("connection", new Socket());
  assertEquals(events, []);
  server.emit("connection", new Socket());
  assertEquals(events, [`refused ${here}: the backlog of 1 is full`]);
  acceptor.close();
});
