/**
 * Twisted's `internet/test/test_endpoints.py`:
 *
 * - `SSL4EndpointsTests`, which is `ClientEndpointTestCaseMixin` and `ServerEndpointTestCaseMixin`
 *   over TLS. `test_endpointConnectingCancelled` is in `cancelling_test.ts`.
 * - `WrapperClientEndpointTests`, with TLS as the wrapper: all but
 *   `test_transportOfTransportOfWrappedProtocol`, because a protocol has the underlying connection
 *   itself as its transport here. `test_methodsAvailable` is covered by the result of `connect()`:
 *   the protocol itself.
 * - `WrapClientTLSTests` has one test, for a Python without OpenSSL.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Factory, Protocol, WrappingFactory } from "../protocol/mod.ts";
import { testCertificates } from "../testing/fixtures/certificates.ts";
import type { SocketFixture } from "../testing/fixtures/socket_fixture.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { SecuredWire, SecuredWires } from "../testing/fixtures/tls_fixture.ts";
import { HalfCloseableWire, Wire, Wires } from "../testing/fixtures/wire.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import {
  CannotListenError,
  ConnectingCancelledError,
  ConnectionDone,
  ConnectionRefusedError,
  NoProtocol,
  TLSError,
} from "../reactor/errors.ts";
import { ForwardingFactory } from "../reactor/stream/forwarding_factory.ts";
import { MemoryReactor, successResultOf } from "../testing/mod.ts";
import {
  connectProtocol,
  SSL4ClientEndpoint,
  SSL4ServerEndpoint,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  TLSClientEndpoint,
  TLSServerEndpoint,
  UNIXClientEndpoint,
  UNIXServerEndpoint,
  wrapClientTLS,
  wrapServerTLS,
} from "./mod.ts";

const test = tcpTest("TLS endpoints", () => new DenoReactor());
const { authority, server } = await testCertificates();
const caCerts = [authority.cert];

class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}

/** A path for a socket, which is removed after the test. */
function socketPath(fixture: SocketFixture): string {
  const folder = Deno.makeTempDirSync();
  fixture.after(() => Deno.removeSync(folder, { recursive: true }));
  return `${folder}/tls.socket`;
}

Deno.test("TLS endpoints pass their arguments to the reactor", () => {
  const reactor = new MemoryReactor();
  const factory = Factory.forProtocol(Echo);
  const listen = { ...server, backlog: 5, interface: "127.0.0.1" };
  const port = successResultOf(new TLSServerEndpoint(reactor, 443, listen).listen(factory));
  const connect = { timeout: 10, bindAddress: ["localhost", 49595], caCerts } as const;
  new TLSClientEndpoint(reactor, "example.org", 443).connect(factory);
  new TLSClientEndpoint(reactor, "example.org", 443, connect).connect(factory);
  const { sslServers, sslClients } = reactor;
  assertStrictEquals(port, sslServers[0]);
  assertEquals(sslServers.map((each) => [each.port, each.factory, each.options]), [
    [443, factory, listen],
  ]);
  assertEquals(sslClients.map((each) => [each.host, each.port, each.options]), [
    ["example.org", 443, {}],
    ["example.org", 443, connect],
  ]);
});

Deno.test(
  test("TLSServerEndpoint.listen() on a port in use fails with CannotListenError", async (fixture) => {
    const taken = fixture.rawListen().addr.port;
    const endpoint = new TLSServerEndpoint(fixture.reactor, taken, {
      interface: "127.0.0.1",
      ...server,
    });
    const error = await assertRejects(
      () => endpoint.listen(Factory.forProtocol(Echo)),
      CannotListenError,
    );
    assertEquals(error.code, "EADDRINUSE");
  }),
);

Deno.test(
  test("TLSClientEndpoint.connect() fires with the protocol after the handshake", async (fixture) => {
    fixture.run();
    const options = { interface: "127.0.0.1", ...server, alpnProtocols: ["echo"] };
    const port = await new TLSServerEndpoint(fixture.reactor, 0, options)
      .listen(Factory.forProtocol(Echo));
    const endpoint = new TLSClientEndpoint(fixture.reactor, "127.0.0.1", portOf(port.getHost()), {
      caCerts,
      alpnProtocols: ["echo"],
    });
    const wire = await connectProtocol(endpoint, new SecuredWire());
    assertEquals([wire.transport.secure, wire.transport.negotiatedProtocol], [true, "echo"]);
    wire.transport.write("hello");
    await wire.has(5);
    await wire.seen("secured");
  }),
);

Deno.test(
  test("TLSClientEndpoint.connect() fails with TLSError, or with ConnectionRefusedError", async (fixture) => {
    fixture.run();
    const options = { interface: "127.0.0.1", ...server };
    const port = await new TLSServerEndpoint(fixture.reactor, 0, options)
      .listen(Factory.forProtocol(Echo));
    const number = portOf(port.getHost());
    const connect = () =>
      connectProtocol(new TLSClientEndpoint(fixture.reactor, "127.0.0.1", number), new Wire());
    const reason = await assertRejects(() => connect(), TLSError);
    assertEquals(reason.phase, "handshake");
    await port.stopListening();
    await assertRejects(() => connect(), ConnectionRefusedError);
  }),
);

Deno.test(
  test("TLSServerEndpoint.listen() fails for a certificate that cannot be used", async (fixture) => {
    const endpoint = new TLSServerEndpoint(fixture.reactor, 0, { cert: "?", key: "?" });
    const listening = endpoint.listen(Factory.forProtocol(Echo));
    await assertRejects(() => listening, TypeError, "Cannot use cert: it is not a certificate");
  }),
);

Deno.test("SSL4ServerEndpoint and SSL4ClientEndpoint are aliases", () => {
  assertStrictEquals(SSL4ServerEndpoint, TLSServerEndpoint);
  assertStrictEquals(SSL4ClientEndpoint, TLSClientEndpoint);
});

Deno.test(
  test("wrapServerTLS() and wrapClientTLS() speak TLS over UNIX sockets", async (fixture) => {
    fixture.run();
    const path = socketPath(fixture);
    const servers = new SecuredWires();
    await wrapServerTLS(server, new UNIXServerEndpoint(fixture.reactor, path)).listen(servers);
    const client = wrapClientTLS(
      { serverName: "localhost", caCerts },
      new UNIXClientEndpoint(fixture.reactor, path),
    );
    const wire = await connectProtocol(client, new SecuredWire());
    assertEquals(wire.transport.getPeerCertificate()?.subject.CN, "localhost");
    const other = await servers.wire();
    other.transport.write("from server");
    wire.transport.write("from client");
    await Promise.all([wire.has(11), other.has(11)]);
    assertEquals([wire.text, other.text], ["from server", "from client"]);
    assertEquals(wire.events.slice(0, 2), ["made", "secured"]);
    wire.transport.loseConnection();
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertInstanceOf(await other.lost(), ConnectionDone);
    assertEquals(servers.failures, []);
  }),
);

Deno.test(test("wrapClientTLS() supports half-closeable protocols", async (fixture) => {
  fixture.run();
  const path = socketPath(fixture);
  const servers = new SecuredWires({ dataReceived: (wire, data) => wire.transport.write(data) });
  await wrapServerTLS(server, new UNIXServerEndpoint(fixture.reactor, path)).listen(servers);
  const client = wrapClientTLS(
    { serverName: "localhost", caCerts },
    new UNIXClientEndpoint(fixture.reactor, path),
  );
  const wire = await connectProtocol(client, new HalfCloseableWire());
  wire.transport.write("question");
  wire.transport.loseWriteConnection();
  await wire.seen("write lost");
  await wire.lost();
  assertEquals(wire.text, "question");
  assert(wire.events.includes("read lost"));
}));

Deno.test(
  test("wrapServerTLS() calls handshakeFailed(), and wrapClientTLS() fails with TLSError", async (fixture) => {
    fixture.run();
    const path = socketPath(fixture);
    const servers = new SecuredWires();
    await wrapServerTLS(server, new UNIXServerEndpoint(fixture.reactor, path)).listen(servers);
    const underlying = new UNIXClientEndpoint(fixture.reactor, path);
    const wire = new Wire();
    const connecting = connectProtocol(
      wrapClientTLS({ serverName: "localhost", caCerts, alpnProtocols: ["a"] }, underlying),
      wire,
    );
    await connecting;
    const failing = new Wire();
    const refused = connectProtocol(
      wrapClientTLS({ serverName: "localhost" }, underlying),
      failing,
    );
    await assertRejects(() => refused, TLSError);
    assertInstanceOf(await servers.failure(), TLSError);
    assertEquals(failing.events, []);
    // The factory builds no protocol for a failed handshake.
    assertEquals(servers.built.length, 1);
  }),
);

Deno.test(
  test("wrapServerTLS() over TLS calls handshakeFailed() for either handshake", async (fixture) => {
    fixture.run();
    const servers = new SecuredWires();
    const outer = new TLSServerEndpoint(fixture.reactor, 0, { ...server, interface: "127.0.0.1" });
    const port = await wrapServerTLS(server, outer).listen(new WrappingFactory(servers));
    const peer = await fixture.rawConnect(port.getHost().port);
    await peer.send("not a handshake\r\n");
    assertInstanceOf(await servers.failure(), TLSError);
    assertEquals(servers.built, []);
  }),
);

Deno.test(test("wrapClientTLS() without a serverName fails with TypeError", async (fixture) => {
  fixture.run();
  const listener = fixture.rawListen();
  const underlying = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port);
  const connecting = connectProtocol(wrapClientTLS({}, underlying), new Wire());
  await assertRejects(() => connecting, TypeError, "without serverName");
  fixture.errors.take(); // thrown while its connection was made, so it is logged too
}));

Deno.test(
  test("wrapServerTLS() closes the connection if buildProtocol() returns null or throws", async (fixture) => {
    fixture.run();
    const path = socketPath(fixture);
    const boom = new RangeError("boom");
    let builds = (): Wire | null => null;
    await wrapServerTLS(server, new UNIXServerEndpoint(fixture.reactor, path)).listen(
      new Wires(() => builds()),
    );
    const connect = () => {
      const wrapped = wrapClientTLS(
        { serverName: "localhost", caCerts },
        new UNIXClientEndpoint(fixture.reactor, path),
      );
      return connectProtocol(wrapped, new Wire());
    };
    await (await connect()).lost();
    builds = () => {
      throw boom;
    };
    await (await connect()).lost();
    assertEquals(fixture.errors.take(), [boom]);
  }),
);

Deno.test(
  test("wrapClientTLS() fails with the error of the underlying endpoint or of the factory", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const { port } = listener.addr;
    const wrapped = wrapClientTLS(
      { serverName: "localhost" },
      new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", port),
    );
    const none = Factory.forProtocol(Wire);
    none.buildProtocol = () => null;
    await assertRejects(() => wrapped.connect(none), NoProtocol);
    listener.close();
    await assertRejects(
      () => connectProtocol(wrapped, new Wire()),
      ConnectionRefusedError,
    );
  }),
);

Deno.test(
  test("wrapClientTLS() fails with an error of connectionMade(), and loses the connection", async (fixture) => {
    fixture.run();
    const port = await new TLSServerEndpoint(fixture.reactor, 0, {
      interface: "127.0.0.1",
      ...server,
    })
      .listen(Factory.forProtocol(Echo));
    const underlying = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", portOf(port.getHost()));
    const boom = new RangeError("boom");
    const wire = new Wire({
      connectionMade: () => {
        throw boom;
      },
    });
    const wrapped = wrapClientTLS({ serverName: "localhost", caCerts }, underlying);
    assertStrictEquals(await assertRejects(() => connectProtocol(wrapped, wire)), boom);
    assertStrictEquals(await wire.lost(), boom);
    assertEquals(fixture.errors.take(), [boom]);
  }),
);

Deno.test(
  test("wrapClientTLS() that is cancelled aborts the handshake, and leaves no socket", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const wire = new Wire();
    const connecting = connectProtocol(
      wrapClientTLS(
        { serverName: "localhost" },
        new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port),
      ),
      wire,
    );
    const peer = await fixture.rawAccept(listener);
    await peer.readOnce(); // the handshake has begun
    connecting.cancel();
    await assertRejects(() => connecting, ConnectingCancelledError);
    await peer.ending();
    assertEquals(wire.events, []);
  }),
);

Deno.test(
  test("wrapServerTLS() port drain() calls drainRequested(), and aborts handshakes", async (fixture) => {
    fixture.run();
    const { authority, server } = await testCertificates();
    const path = `${await Deno.makeTempDir()}/drained`;
    fixture.after(() => Deno.remove(path.replace(/\/drained$/, ""), { recursive: true }));
    const notified = Promise.withResolvers<void>();
    class Polite extends Wire {
      drainRequested(): void {
        notified.resolve();
        this.transport.loseConnection();
      }
    }
    const handshaking = Promise.withResolvers<void>();
    let accepted = 0;
    const listening = new UNIXServerEndpoint(fixture.reactor, path);
    const port = await wrapServerTLS(server, {
      listen: (factory) => {
        const counting = new ForwardingFactory(factory, (addr) => {
          if (++accepted === 2) handshaking.resolve();
          return factory.buildProtocol(addr);
        });
        return listening.listen(counting);
      },
    }).listen(Factory.forProtocol(Polite));
    const underlying = new UNIXClientEndpoint(fixture.reactor, path);
    const trust = { caCerts: [authority.cert], serverName: "localhost" };
    const wire = await connectProtocol(wrapClientTLS(trust, underlying), new Wire());
    const silent = fixture.raw(await Deno.connect({ transport: "unix", path }));
    await handshaking.promise;
    assertEquals(await port.drain(3600), 0);
    await notified.promise;
    assertInstanceOf(await wire.lost(), ConnectionDone);
    await silent.ending();
  }),
);

Deno.test(
  test("wrapServerTLS() refuses connections while maxHandshakes are in progress", async (fixture) => {
    fixture.run();
    const { authority, server } = await testCertificates();
    const factory = new SecuredWires({ connectionMade: (wire) => wire.transport.write("x") });
    const underlying = new TCP4ServerEndpoint(fixture.reactor, 0, { interface: "127.0.0.1" });
    assertThrows(() => wrapServerTLS({ ...server, maxHandshakes: 0 }, underlying), RangeError);
    const port = await wrapServerTLS({ ...server, maxHandshakes: 1 }, underlying).listen(factory);
    const to = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", portOf(port.getHost()));
    const silent = await connectProtocol(to, new Wire());
    const trust = { caCerts: [authority.cert], serverName: "localhost" };
    const refused = connectProtocol(wrapClientTLS(trust, to), new Wire());
    await assertRejects(() => refused, TLSError);
    silent.transport.loseConnection();
    await factory.failure();
    const wire = await connectProtocol(wrapClientTLS(trust, to), new Wire());
    await wire.has(1);
  }),
);
