// What only the sockets of the system have, and DenoReactor needs node:net for or lacks.

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { Wire, Wires } from "../../../testing/fixtures/wire.ts";
import { IPv4Address } from "../../addresses.ts";
import { CannotListenError, ConnectError } from "../../errors.ts";
import { EpollReactor } from "./reactor.ts";

const test = tcpTest("EpollReactor", () => new EpollReactor());

Deno.test(
  test("bindAddress sets the local end of a connection", async (fixture) => {
    const server = new Wires();
    const port = fixture.listen(server);
    const clients = new Wires();
    fixture.reactor.connectTCP("127.0.0.1", port.port, clients, { bindAddress: "127.0.0.2" });
    fixture.run();
    const [client, served] = [await clients.wire(), await server.wire()];
    const local = client.transport.getHost();
    assertInstanceOf(local, IPv4Address);
    assertEquals(local.host, "127.0.0.2");
    assertEquals(served.transport.getPeer(), local);
    client.transport.loseConnection();
    await client.lost();
    assertEquals(client.transport.getHost(), local);
  }),
);

Deno.test(
  test("bindAddress of another machine fails with ConnectError and EADDRNOTAVAIL", async (fixture) => {
    const clients = new Wires();
    fixture.reactor.connectTCP("127.0.0.1", 9, clients, { bindAddress: "192.0.2.1" });
    fixture.run();
    await clients.called("failed");
    const [reason] = clients.reasons;
    assertInstanceOf(reason, ConnectError);
    assertEquals(reason.code, "EADDRNOTAVAIL");
  }),
);

Deno.test(
  test("setTcpKeepAlive() sets the idle seconds of every connection", async (fixture) => {
    const server = new Wires({
      connectionMade: (wire) => {
        wire.transport.setTcpKeepAlive(true, 60);
        wire.transport.setTcpNoDelay(true);
      },
    });
    const port = fixture.listen(server, { keepAlive: 30 });
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    const { transport } = await server.wire();
    assertEquals([transport.getTcpKeepAlive(), transport.getTcpNoDelay()], [true, true]);
    peer.close();
  }),
);

Deno.test(test("listenTCP() and connectTCP() name the options that are out of range", (fixture) => {
  const reactor = fixture.reactor as EpollReactor; // the reactor of this test
  const wrong = [
    { keepAliveInterval: 0 },
    { keepAliveCount: 128 },
    { userTimeout: 0 },
    { receiveBufferSize: 0.5 },
    { sendBufferSize: -1 },
  ];
  for (const options of wrong) {
    const [name = ""] = Object.keys(options);
    assertThrows(() => reactor.listenTCP(0, new Wires(), options), RangeError, name);
    assertThrows(() => reactor.connectTCP("127.0.0.1", 9, new Wires(), options), RangeError, name);
  }
  assertThrows(() => reactor.listenTCP(0, new Wires(), { fastOpen: -1 }), RangeError, "fastOpen");
}));

Deno.test(
  test("getHost() returns the end of an accepted connection on all addresses", async (fixture) => {
    const server = new Wires();
    const port = fixture.listen(server, { interface: "0.0.0.0" });
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    const wire = await server.wire();
    peer.close();
    await wire.lost();
    // The address is available after the connection, too.
    assertEquals(String(wire.transport.getHost()), `127.0.0.1:${port.port}`);
  }),
);

Deno.test(
  test("a producer writes only a few times before the next event", async (fixture) => {
    let produced = 0;
    let atOnce = 0;
    const server = new Wires({
      connectionMade: ({ transport }) => {
        // The microtask runs when the turn that has accepted the connection returns.
        queueMicrotask(() => atOnce = produced);
        transport.registerProducer({
          resumeProducing: () => {
            if (++produced === 2000) transport.unregisterProducer();
            transport.write("x");
          },
          stopProducing: () => {},
        }, false);
      },
    });
    const port = fixture.listen(server);
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    await server.wire();
    // The system has room for thousands of these writes.
    assert(atOnce > 0 && atOnce < 100, `${atOnce} writes in one turn`);
    assertEquals(await peer.readText(1000), "x".repeat(1000));
  }),
);

Deno.test(
  test("a connection with small buffers receives only a few times in a turn", async (fixture) => {
    const counts: number[] = [];
    let count = 0;
    const server = new Wires(() =>
      Object.assign(new Wire({ connectionMade: ({ transport }) => transport.pauseProducing() }), {
        getBuffer: () => new Uint8Array(1),
        bufferUpdated: () => {
          // The microtask runs when the turn returns.
          if (++count > 1) return;
          queueMicrotask(() => {
            counts.push(count);
            count = 0;
          });
        },
      })
    );
    const port = fixture.listen(server);
    fixture.run();
    const peer = await fixture.rawConnect(port.port);
    const wire = await server.wire();
    await peer.send("x".repeat(1000));
    wire.transport.resumeProducing();
    peer.close();
    await wire.lost();
    assertEquals(counts.reduce((sum, each) => sum + each, 0), 1000);
    const most = Math.max(...counts);
    assert(most > 1 && most < 100, `${most} receives in one turn`);
  }),
);

Deno.test(test("listenTCP() accepts a host name as its interface", async (fixture) => {
  const server = new Wires({ connectionMade: (wire) => wire.transport.write("hello") });
  const port = fixture.listen(server, { interface: "localhost" });
  fixture.run();
  const peer = fixture.raw(await Deno.connect({ hostname: "localhost", port: port.port }));
  assertEquals(await peer.readText(5), "hello");
  for (const name of ["no-such-host.invalid", "", "local\0host"]) {
    const error = assertThrows(
      () => fixture.listen(new Wires(), { interface: name }),
      CannotListenError,
      "the host was not found",
    );
    assertEquals(error.code, "ENOTFOUND");
  }
}));
