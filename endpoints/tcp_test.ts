/**
 * Twisted's `internet/test/test_endpoints.py`, class by class. The compiler checks every
 * `test_interface`; `test_pluginDiscovery` does not apply, because a registry replaces plugins.
 *
 * - Here: `TCP4EndpointsTests`, which is `ClientEndpointTestCaseMixin` and
 *   `ServerEndpointTestCaseMixin` (`EndpointTestCaseMixin`) for TCP over IPv4; and
 *   `ConnectProtocolTests`.
 * - `connecting_factory_test.ts`: `WrappingFactoryTests`.
 * - `hostname_endpoint_test.ts`, with `../reactor/names/happy_eyeballs_test.ts` and
 *   `../reactor/names/hostname_test.ts`: `TCP6EndpointsTests`, `TCP6EndpointNameResolutionTests`,
 *   all `HostnameEndpoint…` classes and `SimpleHostnameResolverTests`.
 * - `unix_test.ts`: `UNIXEndpointsTests`. `tls_test.ts`: `SSL4EndpointsTests`,
 *   `WrapperClientEndpointTests`, `WrapClientTLSTests`. `process_test.ts`: `ProcessEndpointsTests`,
 *   `ProcessEndpointTransportTests`, `WrappedIProtocolTests`. `standard_io_test.ts`:
 *   `StandardIOEndpointsTests`, `StandardIOEndpointPluginTests`. `adopted_test.ts`:
 *   `AdoptedStreamServerEndpointTests`.
 * - Strings: `ParserTests` in `description_test.ts` and `from_string_test.ts`; `ServerStringTests`,
 *   `ClientStringTests`, `SystemdEndpointPluginTests` and `TCP6ServerEndpointPluginTests` in
 *   `from_string_test.ts`; `SSLClientStringTests` and `WrapClientTLSParserTests` in
 *   `tls_parsers_test.ts`, and their tests of files in `pem_files_test.ts`.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import type { Deferred } from "../defer/mod.ts";
import { ClientFactory, Factory, Protocol } from "../protocol/mod.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { HalfCloseableWire, Wire, Wires } from "../testing/fixtures/wire.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import {
  CannotListenError,
  ConnectingCancelledError,
  ConnectionDone,
  ConnectionRefusedError,
  ConnectTimeoutError,
  NoProtocol,
} from "../reactor/errors.ts";
import { ManualEndpoint, MemoryReactor, successResultOf } from "../testing/mod.ts";
import {
  connectProtocol,
  type IStreamClientEndpoint,
  type IStreamServerEndpoint,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  TCP6ServerEndpoint,
} from "./mod.ts";

const test = tcpTest("TCP endpoints", () => new DenoReactor());

class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}

/** True if the two types are identical. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

Deno.test("TCP endpoints pass their arguments to the reactor", () => {
  const reactor = new MemoryReactor();
  const factory = Factory.forProtocol(Echo);
  const port = successResultOf(new TCP4ServerEndpoint(reactor, 2000).listen(factory));
  new TCP4ServerEndpoint(reactor, 0, { backlog: 5, interface: "127.0.0.1" }).listen(factory);
  new TCP6ServerEndpoint(reactor, 0).listen(factory);
  new TCP6ServerEndpoint(reactor, 0, { interface: undefined }).listen(factory);
  new TCP6ServerEndpoint(reactor, 0, { interface: "::1" }).listen(factory);
  new TCP4ClientEndpoint(reactor, "example.org", 80).connect(factory);
  new TCP4ClientEndpoint(reactor, "example.org", 80, { timeout: 5, linger: 1 }).connect(factory);
  const { tcpServers, tcpClients } = reactor;
  assertStrictEquals(port, tcpServers[0]);
  assertEquals(tcpServers.map((each) => [each.port, each.factory, each.options]), [
    [2000, factory, {}],
    [0, factory, { backlog: 5, interface: "127.0.0.1" }],
    [0, factory, { interface: "::" }],
    [0, factory, { interface: "::" }],
    [0, factory, { interface: "::1" }],
  ]);
  assertEquals(tcpClients.map((each) => [each.host, each.port, each.options]), [
    ["example.org", 80, {}],
    ["example.org", 80, { timeout: 5, linger: 1 }],
  ]);
});

Deno.test(
  test("listen() of TCP endpoints fires with the port, connect() with the protocol", async (fixture) => {
    fixture.run();
    const server: IStreamServerEndpoint = new TCP4ServerEndpoint(fixture.reactor, 0, {
      interface: "127.0.0.1",
    });
    const port = await server.listen(Factory.forProtocol(Echo));
    const { port: number } = port.getHost() as IPv4Address;
    const client: IStreamClientEndpoint = new TCP4ClientEndpoint(
      fixture.reactor,
      "127.0.0.1",
      number,
    );
    const connecting = client.connect(Factory.forProtocol(Wire));
    class Chatroom extends Factory {}
    const chatting = client.connect(Chatroom.forProtocol(Wire));
    const calling = client.connect(ClientFactory.forProtocol(Wire));
    const types: [
      Equal<typeof connecting, Deferred<Wire>>,
      Equal<typeof chatting, Deferred<Wire>>,
      Equal<typeof calling, Deferred<Wire>>,
    ] = [true, true, true];
    assertEquals(types, [true, true, true]);
    for (const wire of [await connecting, await chatting, await calling]) {
      assertInstanceOf(wire, Wire);
      assertEquals(wire.events, ["made"]);
      wire.transport.write("ping");
      await wire.has(4);
      assertEquals(wire.text, "ping");
    }
  }),
);

Deno.test(
  test("TCP4ServerEndpoint.listen() on a port in use fails with CannotListenError", async (fixture) => {
    const taken = fixture.rawListen().addr.port;
    const endpoint = new TCP4ServerEndpoint(fixture.reactor, taken, { interface: "127.0.0.1" });
    const error = await assertRejects(() => endpoint.listen(new Wires()), CannotListenError);
    assertEquals(error.code, "EADDRINUSE");
  }),
);

Deno.test(
  test("listen() and connect() fail with the error that the reactor throws", async (fixture) => {
    const server = new TCP4ServerEndpoint(fixture.reactor, 70000);
    await assertRejects(() => server.listen(new Wires()), RangeError, "70000");
    const client = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", 70000);
    await assertRejects(() => client.connect(new Wires()), RangeError, "70000");
  }),
);

Deno.test(
  test("connect() to a closed TCP port fails with ConnectionRefusedError", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    listener.close();
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port);
    const factory = new Wires();
    await assertRejects(() => endpoint.connect(factory), ConnectionRefusedError);
    assertEquals(factory.events, ["start", "stop"]);
  }),
);

Deno.test(test("connect() fails with ConnectTimeoutError after its timeout", async (fixture) => {
  fixture.run();
  const { addr } = fixture.rawListen({ tcpBacklog: 1 });
  await fixture.rawConnect(addr.port);
  await fixture.rawConnect(addr.port);
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", addr.port, {
    timeout: 0.05,
  });
  await assertRejects(() => endpoint.connect(new Wires()), ConnectTimeoutError);
}));

Deno.test(
  test("connect() that is cancelled fails with ConnectingCancelledError, and leaves no socket", async (fixture) => {
    fixture.run();
    const { addr } = fixture.rawListen({ tcpBacklog: 1 });
    await fixture.rawConnect(addr.port);
    await fixture.rawConnect(addr.port); // the next one gets no answer
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", addr.port);
    const factory = new Wires();
    const connecting = endpoint.connect(factory);
    const failing = assertRejects(() => connecting, ConnectingCancelledError);
    connecting.cancel();
    const error = await failing;
    assertEquals(String(error.destination), `127.0.0.1:${addr.port}`);
    assertEquals(factory.events, ["start", "stop"]);
    assertEquals(fixture.reactor.getDelayedCalls(), []);
  }),
);

Deno.test(
  test("connect() that is cancelled when the connection opens closes the connection", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port);
    for (const where of ["buildProtocol", "connectionMade"]) {
      const factory: Wires = new Wires(() => {
        if (where === "buildProtocol") connecting.cancel();
        return new Wire({ connectionMade: () => connecting.cancel() });
      });
      const connecting: Deferred<Wire> = endpoint.connect(factory);
      const failing = assertRejects(() => connecting, ConnectingCancelledError);
      const peer = await fixture.rawAccept(listener);
      assertEquals(await peer.ending(), "end");
      await failing;
    }
  }),
);

Deno.test(
  test("connect().addSignal() cancels the attempt when the signal aborts", async (fixture) => {
    fixture.run();
    const { addr } = fixture.rawListen({ tcpBacklog: 1 });
    await fixture.rawConnect(addr.port);
    await fixture.rawConnect(addr.port);
    const aborting = new AbortController();
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", addr.port);
    const connecting = endpoint.connect(new Wires()).addSignal(aborting.signal);
    const failing = assertRejects(() => connecting, ConnectingCancelledError);
    aborting.abort();
    await failing;
  }),
);

Deno.test(
  test("connect() fails if buildProtocol() returns null or throws, and logs nothing", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port);
    const error = new RangeError("boom");
    const failing: [() => null, typeof NoProtocol | typeof RangeError][] = [
      [() => null, NoProtocol],
      [() => {
        throw error;
      }, RangeError],
    ];
    for (const [build, expected] of failing) {
      const rejected = assertRejects(() => endpoint.connect(new Wires(build)), expected);
      const peer = await fixture.rawAccept(listener);
      assertEquals(await peer.ending(), "end");
      await rejected;
    }
  }),
);

Deno.test(
  test("connect() fails with an error of connectionMade(), which is also logged", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port);
    const error = new RangeError("boom");
    const factory = new Wires({
      connectionMade: () => {
        throw error;
      },
    });
    const rejected = assertRejects(() => endpoint.connect(factory), RangeError, "boom");
    await (await fixture.rawAccept(listener)).ending();
    await rejected;
    assertStrictEquals(factory.built[0]?.reason, error);
    assertEquals(fixture.errors.take(), [error]);
  }),
);

Deno.test(
  test("connectionLost() of an endpoint's protocol receives the reason", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port);
    const connecting = connectProtocol(endpoint, new HalfCloseableWire());
    const peer = await fixture.rawAccept(listener);
    const wire = await connecting;
    await peer.conn.closeWrite();
    await wire.seen("read lost");
    wire.transport.write("answer");
    wire.transport.loseWriteConnection();
    assertEquals(new TextDecoder().decode(await peer.readAll()), "answer");
    assertInstanceOf(await wire.lost(), ConnectionDone);
    assertEquals(wire.events, ["made", "read lost", "write lost", "lost"]);
  }),
);

Deno.test(
  test("connectProtocol() connects the given protocol, and fires with the same object", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port);
    const mine = new Wire();
    const connecting = connectProtocol(endpoint, mine);
    const typed: Equal<typeof connecting, Deferred<Wire>> = true;
    assertEquals(typed, true);
    await fixture.rawAccept(listener);
    assertStrictEquals(await connecting, mine);
    assert(mine.transport.connected);
  }),
);

Deno.test("connectProtocol() returns the Deferred of the endpoint's connect()", () => {
  const mine = new Echo();
  const manual = new ManualEndpoint();
  let returned: unknown;
  // An endpoint of its own, because the kit's do not show the Deferred that connect() has returned.
  const endpoint: IStreamClientEndpoint = {
    connect: (factory) => {
      const deferred = manual.connect(factory);
      returned = deferred;
      return deferred;
    },
  };
  const result: unknown = connectProtocol(endpoint, mine);
  assertStrictEquals(result, returned);
  const { factory } = manual.attempt();
  assertStrictEquals(factory.buildProtocol(new IPv4Address("TCP", "192.0.2.1", 80)), mine);
});
