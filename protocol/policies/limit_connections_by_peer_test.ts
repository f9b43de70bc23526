/** Twisted has no tests of `LimitConnectionsByPeer`, which does not work there. */

import { assertEquals, assertThrows } from "@std/assert";
import { addObserver } from "../../log/mod.ts";
import { IPv4Address, UNIXAddress } from "../../reactor/addresses.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import { type ConnectedPair, connectedServerAndClient, TestPeer } from "../../testing/mod.ts";
import {
  Factory,
  LimitConnectionsByPeer,
  Protocol,
  type ProtocolWrapper,
  WrappingFactory,
} from "../mod.ts";

const A = new IPv4Address("TCP", "192.0.2.1", 1000);
const B = new IPv4Address("TCP", "192.0.2.2", 1000);

const connect = (
  factory: Factory<ProtocolWrapper>,
  clientAddress: Address,
): ConnectedPair<ProtocolWrapper, TestPeer> =>
  connectedServerAndClient(factory, TestPeer, { clientAddress });

Deno.test("LimitConnectionsByPeer refuses further connections of the same host only", () => {
  const factory = new LimitConnectionsByPeer(Factory.forProtocol(Protocol), {
    maxConnectionsPerPeer: 2,
  });
  using _first = connect(factory, A);
  {
    using _second = connect(factory, new IPv4Address("TCP", "192.0.2.1", 1001));
    assertEquals(factory.buildProtocol(A), null);
    using _other = connect(factory, B);
    assertEquals([...factory.peerConnections], [["192.0.2.1", 2], ["192.0.2.2", 1]]);
  }
  assertEquals([...factory.peerConnections], [["192.0.2.1", 1]]);
  using _again = connect(factory, A);
  assertEquals(factory.buildProtocol(A), null);
});

Deno.test("LimitConnectionsByPeer allows five connections by default, and does not limit UNIX", () => {
  const factory = new LimitConnectionsByPeer(Factory.forProtocol(Protocol));
  using stack = new DisposableStack();
  for (let i = 0; i < 5; i++) stack.use(connect(factory, A));
  assertEquals(factory.buildProtocol(A), null);
  for (let i = 0; i < 10; i++) stack.use(connect(factory, new UNIXAddress("")));
  assertEquals(factory.peerConnections.size, 1);
});

Deno.test("LimitConnectionsByPeer can be limited by a field of a subclass", () => {
  class Strict extends LimitConnectionsByPeer {
    override maxConnectionsPerPeer = 1;
  }
  const factory = new Strict(Factory.forProtocol(Protocol));
  using _only = connect(factory, A);
  assertEquals(factory.buildProtocol(A), null);
});

Deno.test("LimitConnectionsByPeer does not count a connection that another factory refuses", () => {
  const refusing = Object.assign(new Factory<Protocol>(), { buildProtocol: () => null });
  const factory = new LimitConnectionsByPeer(new WrappingFactory(refusing));
  assertEquals([factory.buildProtocol(A), factory.peerConnections.size], [null, 0]);
});

Deno.test("LimitConnectionsByPeer logs the first of many refusals, and then their number", () => {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(String(message)), { replay: false });
  const factory = new LimitConnectionsByPeer(Factory.forProtocol(Protocol), {
    maxConnectionsPerPeer: 1,
  });
  using _only = connect(factory, A);
  for (let i = 0; i < 20; i++) factory.buildProtocol(A);
  const line = "Refused a connection from 192.0.2.1:1000: " +
    "its host has reached the connection limit of 1";
  assertEquals(lines, [line, `${line} (10 times so far)`]);
});

Deno.test("LimitConnectionsByPeer throws for a limit that is out of range", () => {
  assertThrows(
    () => new LimitConnectionsByPeer(new Factory(), { maxConnectionsPerPeer: 0 }),
    RangeError,
    "maxConnectionsPerPeer must be an integer from 1 to",
  );
  const factory = new LimitConnectionsByPeer(Factory.forProtocol(Protocol));
  factory.maxConnectionsPerPeer = NaN;
  assertThrows(() => factory.buildProtocol(A), RangeError, "maxConnectionsPerPeer must be");
});
