import { assertEquals, assertStrictEquals } from "@std/assert";
import { Deferred } from "../defer/mod.ts";
import { Factory } from "../protocol/mod.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { ConnectionDone } from "../reactor/errors.ts";
import { AccumulatingProtocol, assertNoResult, StringTransport, successResultOf } from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const peer = new IPv4Address("TCP", "192.0.2.1", 80);

class AccumulatingFactory extends Factory<AccumulatingProtocol> {
  override protocol = AccumulatingProtocol;
  protocolConnectionMade: Deferred<AccumulatingProtocol> | null = new Deferred();
}

Deno.test("AccumulatingProtocol.data has all bytes that were received, and text() decodes them", () => {
  const protocol = new AccumulatingProtocol();
  assertEquals([protocol.data, protocol.text()], [new Uint8Array(), ""]);
  protocol.dataReceived(bytes("one "));
  protocol.dataReceived(bytes("zwö"));
  assertEquals(protocol.data, bytes("one zwö"));
  assertEquals(protocol.text(), "one zwö");
  protocol.data = bytes("new");
  protocol.dataReceived(bytes("er"));
  assertEquals(protocol.text(), "newer");
});

Deno.test("AccumulatingProtocol.made and closed follow the connection", () => {
  const protocol = new AccumulatingProtocol();
  assertEquals([protocol.made, protocol.closed, protocol.closedReason], [false, false, null]);
  protocol.makeConnection(new StringTransport());
  assertEquals([protocol.made, protocol.closed], [true, false]);
  const reason = new ConnectionDone();
  protocol.connectionLost(reason);
  assertEquals(protocol.closed, true);
  assertStrictEquals(protocol.closedReason, reason);
});

Deno.test("AccumulatingProtocol.closedDeferred fires once, when the connection is lost", () => {
  const protocol = new AccumulatingProtocol();
  const closed = new Deferred<void>();
  protocol.closedDeferred = closed;
  protocol.makeConnection(new StringTransport());
  assertNoResult(closed);
  protocol.connectionLost(new ConnectionDone());
  successResultOf(closed);
  assertEquals(protocol.closedDeferred, null);
});

Deno.test("AccumulatingProtocol fires protocolConnectionMade of its factory, once", () => {
  const factory = new AccumulatingFactory();
  const made = factory.protocolConnectionMade;
  const [first, second] = [factory.buildProtocol(peer), factory.buildProtocol(peer)];
  first?.makeConnection(new StringTransport());
  assertStrictEquals(made && successResultOf(made), first);
  assertEquals(factory.protocolConnectionMade, null);
  second?.makeConnection(new StringTransport());
  assertEquals(second?.made, true);
  assertStrictEquals(second?.factory, factory);
});

Deno.test("AccumulatingProtocol works with a factory without protocolConnectionMade", () => {
  const protocol = Factory.forProtocol(AccumulatingProtocol).buildProtocol(peer);
  protocol?.makeConnection(new StringTransport());
  assertEquals(protocol?.made, true);
});
