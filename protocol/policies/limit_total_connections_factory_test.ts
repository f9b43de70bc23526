/**
 * Twisted's `test/test_policies.py`, `LimitTotalConnectionsFactoryTests`: all tests are here, with
 * connections, because a connection counts from when it is made.
 */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { IPv4Address } from "../../reactor/addresses.ts";
import { connectedServerAndClient, TestPeer } from "../../testing/mod.ts";
import { LimitTotalConnectionsFactory, Protocol } from "../mod.ts";

const PEER = new IPv4Address("TCP", "192.0.2.2", 2222);

class Limited extends LimitTotalConnectionsFactory {
  override protocol = Protocol;
}

class Overflow extends Protocol {
  override connectionMade(): void {
    this.transport.write("busy");
    this.transport.loseConnection();
  }
}

Deno.test("LimitTotalConnectionsFactory counts the open connections", () => {
  const factory = new Limited();
  {
    using _one = connectedServerAndClient(factory, TestPeer);
    assertEquals(factory.connectionCount, 1);
    {
      using _two = connectedServerAndClient(factory, TestPeer);
      assertEquals(factory.connectionCount, 2);
    }
    assertEquals(factory.connectionCount, 1);
  }
  assertEquals(factory.connectionCount, 0);
});

Deno.test("LimitTotalConnectionsFactory closes connections that exceed the limit", () => {
  const factory = new Limited();
  factory.connectionLimit = 1;
  {
    using pair = connectedServerAndClient(factory, TestPeer);
    assertStrictEquals(Object(pair.server.wrappedProtocol).factory, factory);
    assertEquals(factory.buildProtocol(PEER), null);
    assertEquals(factory.connectionCount, 1);
  }
  assertEquals(factory.buildProtocol(PEER)?.wrappedProtocol.constructor, Protocol);
});

Deno.test("LimitTotalConnectionsFactory uses the overflow protocol, and counts it", () => {
  const factory = new Limited();
  factory.connectionLimit = 1;
  factory.overflowProtocol = Overflow;
  using _pair = connectedServerAndClient(factory, TestPeer);
  using overflow = connectedServerAndClient(factory, TestPeer, { greet: false });
  assertEquals(factory.connectionCount, 2);
  assertStrictEquals(Object(overflow.server.wrappedProtocol).factory, factory);
  overflow.pump.flush();
  assertEquals([overflow.client.text, factory.connectionCount], ["busy", 1]);
});

Deno.test("LimitTotalConnectionsFactory has no limit by default, and checks the limit", () => {
  const factory = new Limited();
  factory.connectionCount = 1_000_000;
  assertEquals(factory.buildProtocol(PEER)?.wrappedProtocol.constructor, Protocol);
  factory.connectionLimit = NaN;
  assertThrows(() => factory.buildProtocol(PEER), RangeError, "connectionLimit must be an integer");
});
