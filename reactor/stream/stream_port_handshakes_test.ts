/**
 * The limits of a TLS port: a refused connection costs no handshake, and handshakes have their own
 * limit.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { addObserver } from "../../log/mod.ts";
import { TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import { listen, type PortFixture, TestFactory } from "../../testing/fixtures/port_fixture.ts";
import type { StreamDriver } from "./stream_driver.ts";
import { type StreamPortLimits, streamPortLimits } from "./stream_port_limits.ts";
import { TLSDriver } from "../tls/tls_driver.ts";

/** Returns a TLS port, and the engines of the handshakes that it has started. */
interface TLSPortBed extends PortFixture {
  engines: FakeTLS[];
}

function listenTLS(limits: Partial<StreamPortLimits>): TLSPortBed {
  const host = new TestHost();
  const engines: FakeTLS[] = [];
  const secure = (driver: StreamDriver) => {
    const tls = new FakeTLS();
    engines.push(tls);
    return new TLSDriver(driver, tls, host.reactor, { linger: 60 });
  };
  return { ...listen(limits, new TestFactory(), host, secure), engines };
}

Deno.test("maxConnectionsPerHost refuses a connection before its TLS handshake", () => {
  const { acceptor, engines, factory, host, port } = listenTLS({ maxConnectionsPerHost: 1 });
  acceptor.connect("192.0.2.1");
  acceptor.connect("192.0.2.1");
  assertEquals(engines.length, 1);
  acceptor.connect("192.0.2.2");
  assertEquals(engines.length, 2);
  engines[0]?.engine.secure();
  host.settle();
  assertEquals(factory.built.length, 1);
  assertEquals(port.connectionCount, 2);
  // The connection still counts after its handshake.
  acceptor.connect("192.0.2.1");
  assertEquals(engines.length, 2);
});

Deno.test('maxConnections with overflow "refuse" refuses a connection without a handshake', () => {
  const { acceptor, engines } = listenTLS({ maxConnections: 1, overflow: "refuse" });
  acceptor.connect();
  acceptor.connect();
  assertEquals(engines.length, 1);
});

Deno.test("maxHandshakes pauses accepting until a TLS handshake completes or fails", () => {
  const { acceptor, engines, host, port } = listenTLS({ maxHandshakes: 2 });
  acceptor.connect();
  acceptor.connect();
  assert(!acceptor.isAccepting);
  engines[0]?.engine.secure();
  host.settle();
  assert(acceptor.isAccepting);
  // The connection does not count as a handshake.
  acceptor.connect();
  assert(!acceptor.isAccepting);
  engines[1]?.engine.sink.tlsFailed(new Error("planned"));
  host.settle();
  assert(acceptor.isAccepting);
  assertEquals(port.connectionCount, 2);
});

Deno.test("maxHandshakes logs each pause in accepting, at most once a second", () => {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(message), { replay: false });
  const { acceptor, engines, host, port } = listenTLS({ maxHandshakes: 1 });
  lines.length = 0;
  for (let i = 0; i < 5; i++) {
    acceptor.connect();
    engines[i]?.engine.secure();
    host.settle();
  }
  const line =
    `Paused accepting connections on ${port.getHost()}: the handshake limit of 1 is reached`;
  assertEquals(lines, [line]);
  host.advance(1);
  assertEquals(lines, [line, line]);
});

Deno.test("maxConnections pauses accepting without a log line", () => {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(message), { replay: false });
  const { acceptor } = listenTLS({ maxConnections: 1 });
  lines.length = 0;
  acceptor.connect();
  assert(!acceptor.isAccepting);
  assertEquals(lines, []);
});

Deno.test('maxHandshakes with overflow "refuse" refuses connections', () => {
  const { acceptor, engines, host } = listenTLS({ maxHandshakes: 1, overflow: "refuse" });
  acceptor.connect();
  acceptor.connect();
  assertEquals(engines.length, 1);
  host.advance(10); // the handshake's time
  host.settle();
  acceptor.connect();
  assertEquals(engines.length, 2);
});

Deno.test("maxHandshakes is 1000 by default, and at least 1", () => {
  assertEquals(streamPortLimits({}).maxHandshakes, 1000);
  assertEquals(streamPortLimits({ maxHandshakes: Infinity }).maxHandshakes, Infinity);
  for (const maxHandshakes of [0, 1.5, NaN]) {
    assertThrows(() => streamPortLimits({ maxHandshakes }), RangeError, "maxHandshakes");
  }
});
