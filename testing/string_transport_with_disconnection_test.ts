import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Protocol } from "../protocol/mod.ts";
import { ConnectionAborted, ConnectionDone } from "../reactor/errors.ts";
import { StringTransportWithDisconnection } from "./mod.ts";

/** A protocol that records the reasons of its losses, and the state of its transport then. */
class Noted extends Protocol {
  readonly reasons: Error[] = [];
  readonly states: boolean[] = [];

  override connectionLost(reason: Error): void {
    this.reasons.push(reason);
    this.states.push(this.transport.connected, this.transport.disconnecting);
  }
}

function connected(): { protocol: Noted; transport: StringTransportWithDisconnection } {
  const protocol = new Noted();
  const transport = new StringTransportWithDisconnection();
  transport.protocol = protocol;
  protocol.makeConnection(transport);
  return { protocol, transport };
}

Deno.test("StringTransportWithDisconnection.loseConnection() calls connectionLost() once", () => {
  const { protocol, transport } = connected();
  transport.loseConnection();
  transport.loseConnection();
  transport.abortConnection();
  assertInstanceOf(protocol.reasons[0], ConnectionDone);
  assertEquals([protocol.reasons.length, protocol.states], [1, [false, false]]);
  assertEquals([transport.disconnected, transport.aborted], [true, false]);
});

Deno.test("StringTransportWithDisconnection.abortConnection() passes the reason on", () => {
  const { protocol, transport } = connected();
  const cause = new RangeError("too much");
  transport.abortConnection(cause);
  transport.loseConnection();
  const [reason, ...others] = protocol.reasons;
  assertInstanceOf(reason, ConnectionAborted);
  assertStrictEquals(reason.cause, cause);
  assertStrictEquals(transport.abortReason, reason);
  assertEquals([others, protocol.states, transport.aborted], [[], [false, false], true]);
});

Deno.test("StringTransportWithDisconnection.stopProducing() closes the connection", () => {
  const { protocol, transport } = connected();
  transport.stopProducing();
  assertEquals([transport.producerState, protocol.reasons.length], ["stopped", 1]);
});

Deno.test("StringTransportWithDisconnection.write() stores nothing after the close", () => {
  const { transport } = connected();
  transport.write("before");
  transport.loseConnection();
  transport.write("after");
  assertEquals(transport.text(), "before");
});

Deno.test("StringTransportWithDisconnection throws if it is closed without a protocol", () => {
  const transport = new StringTransportWithDisconnection();
  assertThrows(() => transport.loseConnection(), Error, "set its protocol");
  assertThrows(() => transport.abortConnection(), Error, "set its protocol");
  assertEquals([transport.connected, transport.aborted], [true, false]);
  const protocol = new Noted();
  protocol.makeConnection(transport);
  new StringTransportWithDisconnection({ protocol }).loseConnection();
  assertEquals(protocol.reasons.length, 1);
});
