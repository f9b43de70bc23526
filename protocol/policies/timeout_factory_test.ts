/**
 * Twisted's `test/test_policies.py`, `TimeoutProtocolTests` and `TimeoutFactoryTests`: all tests
 * are here.
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
import {
  connectedServerAndClient,
  StringTransport,
  StringTransportWithDisconnection,
  TestPeer,
} from "../../testing/mod.ts";
import { Clock } from "../../task/mod.ts";
import { Factory, Protocol, TimeoutFactory, type TimeoutProtocol } from "../mod.ts";

class Recording extends Protocol {
  disconnected = false;

  override connectionLost(): void {
    this.disconnected = true;
  }
}

function connected(
  period: number | null,
): { wrapper: TimeoutProtocol<Recording>; clock: Clock; protocol: Recording } {
  const clock = new Clock();
  const factory = new TimeoutFactory(Factory.forProtocol(Recording), period, { clock });
  const transport = new StringTransportWithDisconnection();
  const wrapper = factory.buildProtocol(transport.getPeer());
  assert(wrapper !== null);
  transport.protocol = wrapper;
  wrapper.makeConnection(transport);
  return { wrapper, clock, protocol: wrapper.wrappedProtocol };
}

Deno.test("TimeoutProtocol.cancelTimeout() removes the timeout", () => {
  const { wrapper, clock, protocol } = connected(null);
  wrapper.setTimeout(3);
  assert(wrapper.timeoutCall !== null);
  clock.advance(1);
  wrapper.cancelTimeout();
  assertEquals(wrapper.timeoutCall, null);
  clock.advance(3);
  assertEquals(protocol.disconnected, false);
});

Deno.test("TimeoutProtocol.cancelTimeout() does nothing without a timeout", () => {
  const { wrapper, protocol } = connected(null);
  assertEquals(wrapper.timeoutCall, null);
  wrapper.cancelTimeout();
  assertEquals(protocol.disconnected, false);
});

Deno.test("TimeoutProtocol.cancelTimeout() does nothing after the timeout", () => {
  const { wrapper, clock, protocol } = connected(null);
  wrapper.setTimeout(3);
  clock.advance(3);
  assertEquals(protocol.disconnected, true);
  wrapper.cancelTimeout();
});

Deno.test("TimeoutProtocol.cancelTimeout() accepts a call that was cancelled elsewhere", () => {
  const { wrapper, protocol } = connected(null);
  wrapper.setTimeout(3);
  wrapper.timeoutCall?.cancel();
  wrapper.resetTimeout();
  wrapper.cancelTimeout();
  assertEquals(protocol.disconnected, false);
});

Deno.test("TimeoutFactory closes a connection without traffic after the timeout", () => {
  const { clock, protocol } = connected(3);
  clock.pump([0, 0.5, 1, 1, 0.4]);
  assertEquals(protocol.disconnected, false);
  clock.pump([0, 0.2]);
  assertEquals(protocol.disconnected, true);
});

Deno.test("TimeoutFactory starts the time again when data is sent", () => {
  const { wrapper, clock, protocol } = connected(3);
  clock.pump([0, 0.5, 1]);
  wrapper.write("bytes bytes bytes");
  clock.pump([0, 1, 1]);
  wrapper.writeSequence(["bytes", "bytes", "bytes"]);
  clock.pump([0, 1, 1]);
  assertEquals(protocol.disconnected, false);
  clock.pump([0, 2]);
  assertEquals(protocol.disconnected, true);
});

Deno.test("TimeoutFactory starts the time again when data is received", () => {
  const { wrapper, clock, protocol } = connected(3);
  clock.pump([0, 1, 0.5]);
  wrapper.dataReceived(new Uint8Array(5));
  clock.pump([0, 1, 1]);
  assertEquals(protocol.disconnected, false);
  clock.pump([0, 1, 1]);
  assertEquals(protocol.disconnected, true);
});

Deno.test("TimeoutFactory uses the clock of the connection", () => {
  const factory = new TimeoutFactory(Factory.forProtocol(Recording));
  using pair = connectedServerAndClient(factory, TestPeer);
  pair.pump.advance(1799);
  assertEquals(pair.client.ending, "");
  pair.pump.advance(1);
  assertEquals(pair.client.ending, "closed");
  assertEquals(pair.clock.getDelayedCalls(), []);
});

Deno.test("TimeoutFactory removes the timeout of a connection that is lost", () => {
  const factory = new TimeoutFactory(Factory.forProtocol(Recording));
  using pair = connectedServerAndClient(factory, TestPeer);
  pair.client.abort();
  pair.pump.flush();
  assertEquals([pair.server.timeoutCall, pair.clock.getDelayedCalls()], [null, []]);
});

Deno.test("TimeoutProtocol logs an error of timeoutFunc(), and aborts the connection", () => {
  using errors = new LoggedErrors();
  const factory = new TimeoutFactory(Factory.forProtocol(Recording), 3);
  using pair = connectedServerAndClient(factory, TestPeer);
  pair.server.timeoutFunc = () => {
    throw new RangeError("boom");
  };
  pair.pump.advance(3);
  const [event] = errors.takeEvents();
  assertEquals(event?.why, "Error while calling timeoutFunc for 192.0.2.2:2222");
  assertInstanceOf(pair.serverReason?.cause, RangeError);
});

Deno.test("TimeoutFactory throws for a bad period, and for a transport without a clock", () => {
  const inner = Factory.forProtocol(Recording);
  assertThrows(
    () => new TimeoutFactory(inner, -1),
    RangeError,
    "timeoutPeriod must be zero or more",
  );
  const transport = new StringTransport();
  assertThrows(
    () =>
      new TimeoutFactory(inner, 1).buildProtocol(transport.getPeer())?.makeConnection(transport),
    Error,
    "Cannot set a timeout of TimeoutProtocol: its transport, of class StringTransport, has no clock",
  );
});
