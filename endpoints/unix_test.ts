/**
 * Twisted's `internet/test/test_endpoints.py`, `UNIXEndpointsTests`: `ClientEndpointTestCaseMixin`
 * and `ServerEndpointTestCaseMixin` over UNIX sockets. `test_interface` is checked by the compiler.
 * The tests shared with TCP endpoints are in `tcp_test.ts`, those of strings in
 * `from_string_test.ts`.
 */

import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { Factory, Protocol } from "../protocol/mod.ts";
import { UNIXAddress } from "../reactor/addresses.ts";
import { streamTest } from "../testing/fixtures/stream_fixture.ts";
import { freePath, stalePath, unixTransport } from "../testing/conformance/unix_transport.ts";
import { Wire, Wires } from "../testing/fixtures/wire.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import {
  CannotListenError,
  ConnectingCancelledError,
  ConnectionRefusedError,
  ConnectTimeoutError,
} from "../reactor/errors.ts";
import { MemoryReactor, successResultOf } from "../testing/mod.ts";
import { connectProtocol, UNIXClientEndpoint, UNIXServerEndpoint } from "./mod.ts";

const kind = unixTransport("UNIX endpoints", () => new DenoReactor());
const test = streamTest(kind);

class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}

Deno.test("UNIX endpoints pass their arguments to the reactor", () => {
  const reactor = new MemoryReactor();
  const factory = Factory.forProtocol(Echo);
  const port = successResultOf(new UNIXServerEndpoint(reactor, "/one").listen(factory));
  const listen = { backlog: 100, mode: 0o600, wantPID: true };
  new UNIXServerEndpoint(reactor, "/two", listen).listen(factory);
  new UNIXClientEndpoint(reactor, "/three").connect(factory);
  new UNIXClientEndpoint(reactor, "/four", { timeout: 10, checkPID: true }).connect(factory);
  const { unixServers, unixClients } = reactor;
  assertStrictEquals(port, unixServers[0]);
  assertEquals(unixServers.map((each) => [each.path, each.factory, each.options]), [
    ["/one", factory, {}],
    ["/two", factory, listen],
  ]);
  assertEquals(unixClients.map((each) => [each.path, each.options]), [
    ["/three", {}],
    ["/four", { timeout: 10, checkPID: true }],
  ]);
});

Deno.test(
  test("listen() of UNIX endpoints fires with the port, connect() with the protocol", async (fixture) => {
    fixture.run();
    const path = freePath(fixture);
    const port = await new UNIXServerEndpoint(fixture.reactor, path).listen(
      Factory.forProtocol(Echo),
    );
    assertEquals(port.getHost(), new UNIXAddress(path));
    const wire = await new UNIXClientEndpoint(fixture.reactor, path).connect(
      Factory.forProtocol(Wire),
    );
    assertInstanceOf(wire, Wire);
    wire.transport.write("ping");
    await wire.has(4);
    assertEquals(wire.text, "ping");
  }),
);

Deno.test(
  test("UNIXServerEndpoint.listen() on a path in use fails with CannotListenError", async (fixture) => {
    const { place } = fixture.rawListen();
    const endpoint = new UNIXServerEndpoint(fixture.reactor, String(place));
    const error = await assertRejects(() => endpoint.listen(new Wires()), CannotListenError);
    assertEquals(error.code, "EADDRINUSE");
  }),
);

Deno.test(
  test("listen() and connect() fail with the error that the reactor throws", async (fixture) => {
    const server = new UNIXServerEndpoint(fixture.reactor, "");
    await assertRejects(() => server.listen(new Wires()), RangeError, "must not be empty");
    const client = new UNIXClientEndpoint(fixture.reactor, "");
    await assertRejects(() => client.connect(new Wires()), RangeError, "must not be empty");
  }),
);

Deno.test(
  test("connect() to a closed UNIX socket fails with ConnectionRefusedError", async (fixture) => {
    fixture.run();
    const factory = new Wires();
    const endpoint = new UNIXClientEndpoint(fixture.reactor, stalePath(fixture));
    await assertRejects(() => endpoint.connect(factory), ConnectionRefusedError);
    assertEquals(factory.events, ["start", "stop"]);
  }),
);

Deno.test(test("connect() fails with ConnectTimeoutError after its timeout", async (fixture) => {
  fixture.run();
  const path = String(await kind.silentAddress?.(fixture));
  const endpoint = new UNIXClientEndpoint(fixture.reactor, path, { timeout: 0.05 });
  await assertRejects(() => endpoint.connect(new Wires()), ConnectTimeoutError);
}));

Deno.test(
  test("connect() that is cancelled closes a UNIX connection that opens nevertheless", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const endpoint = new UNIXClientEndpoint(fixture.reactor, String(listener.place));
    const factory = new Wires();
    const connecting = endpoint.connect(factory);
    const failing = assertRejects(() => connecting, ConnectingCancelledError);
    connecting.cancel();
    const error = await failing;
    assertEquals(String(error.destination), String(listener.place));
    assertEquals([factory.events, fixture.reactor.getDelayedCalls()], [["start", "stop"], []]);
    assertEquals(await (await fixture.rawAccept(listener)).ending(), "end");
  }),
);

Deno.test(test("connectProtocol() connects the given protocol", async (fixture) => {
  fixture.run();
  const listener = fixture.rawListen();
  const mine = new Wire();
  const endpoint = new UNIXClientEndpoint(fixture.reactor, String(listener.place));
  const connecting = connectProtocol(endpoint, mine);
  const peer = await fixture.rawAccept(listener);
  assertStrictEquals(await connecting, mine);
  peer.close();
  await mine.lost();
}));
