/** Signs of life, over a pipe in memory and in the time of its host. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  type Behaviour,
  connect,
  type ConnectionFixture,
} from "../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../testing/fixtures/logged_errors.ts";
import { ConnectionAborted } from "../reactor/errors.ts";
import type { IDelayedCall } from "../reactor/interfaces/mod.ts";
import { Heartbeat, type HeartbeatOptions, HeartbeatTimeout } from "./heartbeat.ts";

/** A connection whose heart beats: it asks by a `?`. */
function beating(
  options: Partial<HeartbeatOptions> = {},
  behaviour: Behaviour = {},
): ConnectionFixture & { heartbeat: Heartbeat } {
  const fixture = connect({ dataReceived: () => heartbeat.alive(), ...behaviour });
  const send = () => fixture.connection.write("?");
  const heartbeat = new Heartbeat(fixture.host.reactor, fixture.connection, {
    interval: 10,
    send,
    ...options,
  });
  heartbeat.start();
  return Object.assign(fixture, { heartbeat });
}

Deno.test("A silent peer is asked after each interval, and when it does not answer the connection is aborted", () => {
  using fixture = beating();
  fixture.host.advance(9.9);
  assertEquals(fixture.peer.text, "");
  fixture.host.advance(0.1);
  assertEquals([fixture.peer.text, fixture.heartbeat.missed], ["?", 1]);
  fixture.host.advance(10);
  assertEquals([fixture.peer.text, fixture.heartbeat.missed], ["??", 2]);
  fixture.host.advance(9.9);
  assert(fixture.connection.connected);
  fixture.host.advance(0.1);
  assert(fixture.connection.connected);
  fixture.host.advance(0); // the last look
  const { reason } = fixture.protocol;
  assertInstanceOf(reason, HeartbeatTimeout);
  assertInstanceOf(reason, ConnectionAborted);
  assertEquals([reason.silence, reason.missed, reason.name], [30, 2, "HeartbeatTimeout"]);
  assertEquals(
    reason.message,
    "Connection to 192.0.2.2:2222 was aborted: nothing came for 30 s, though it was asked 2 times",
  );
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("Any byte is a sign of life: the silence begins anew, and what was missed is forgotten", () => {
  using fixture = beating();
  fixture.host.advance(10);
  fixture.host.advance(10);
  fixture.host.advance(5);
  assertEquals([fixture.peer.text, fixture.heartbeat.missed], ["??", 2]);
  fixture.peer.send("!");
  fixture.host.settle();
  assertEquals(fixture.heartbeat.missed, 0);
  fixture.host.advance(9.9);
  assertEquals(fixture.peer.text, "??");
  fixture.host.advance(0.1);
  assertEquals([fixture.peer.text, fixture.heartbeat.missed], ["???", 1]);
  fixture.heartbeat.stop();
});

Deno.test("A peer that talks by itself is never asked", () => {
  using fixture = beating();
  for (let i = 0; i < 10; i++) {
    fixture.host.advance(9);
    fixture.peer.send("x");
    fixture.host.settle();
  }
  assertEquals(fixture.peer.text, "");
  fixture.heartbeat.stop();
});

Deno.test("maxMissed: how often it is asked in vain", () => {
  using fixture = beating({ maxMissed: 1 });
  fixture.host.advance(10);
  fixture.host.advance(10);
  fixture.host.advance(0);
  assertEquals([fixture.peer.text, fixture.protocol.reason?.name], ["?", "HeartbeatTimeout"]);
  assertEquals(
    fixture.protocol.reason?.message,
    "Connection to 192.0.2.2:2222 was aborted: nothing came for 20 s, though it was asked once",
  );
});

Deno.test("A pause of this process is not the peer's: what it has answered meanwhile is read before the heart gives up", () => {
  using fixture = beating({ maxMissed: 1 });
  fixture.host.advance(10);
  assertEquals([fixture.peer.text, fixture.heartbeat.missed], ["?", 1]);
  fixture.peer.send("!"); // on its way while nothing runs here
  fixture.host.advance(25);
  assertEquals([fixture.protocol.received, fixture.heartbeat.missed], ["!", 0]);
  fixture.host.advance(9.5);
  assertEquals(fixture.peer.text, "?");
  fixture.host.advance(0.5);
  assertEquals([fixture.peer.text, fixture.connection.connected], ["??", true]);
  fixture.heartbeat.stop();
});

Deno.test("After a pause the last look takes as long as the pause did, an interval at most; the silence is the one measured", () => {
  for (const [pause, look] of [[4, 4], [3600, 10]] as const) {
    using fixture = beating({ maxMissed: 1 });
    fixture.host.advance(10);
    fixture.host.advance(10 + pause);
    fixture.host.advance(look - 0.5);
    assert(fixture.connection.connected);
    assertEquals(fixture.heartbeat.missed, 1);
    fixture.host.advance(0.5);
    const { reason } = fixture.protocol;
    assertInstanceOf(reason, HeartbeatTimeout);
    assertEquals([reason.silence, reason.missed], [20 + pause + look, 1]);
  }
});

Deno.test("A message names the silence to the millisecond", () => {
  const { message, silence } = new HeartbeatTimeout(0.1 + 0.2, 3, "peer");
  assertEquals(silence, 0.1 + 0.2);
  assertEquals(
    message,
    "Connection to peer was aborted: nothing came for 0.3 s, though it was asked 3 times",
  );
});

Deno.test("Stopped in connectionLost(), it leaves no timer", () => {
  using fixture: ConnectionFixture & { heartbeat: Heartbeat } = beating({}, {
    connectionLost: () => fixture.heartbeat.stop(),
  });
  fixture.peer.driver.close();
  fixture.host.settle();
  assertEquals(fixture.protocol.reason?.name, "ConnectionDone");
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("A connection that is lost or being closed is not asked, and after the next beat no timer is left", () => {
  using lost = beating();
  lost.peer.driver.close();
  lost.host.settle();
  assertEquals(lost.protocol.reason?.name, "ConnectionDone");
  lost.host.advance(10);
  assertEquals([lost.peer.text, lost.host.reactor.getDelayedCalls()], ["", []]);
  using closing = beating();
  closing.peer.driver.stopReading();
  closing.connection.write("x".repeat(200_000));
  closing.connection.loseConnection();
  closing.host.settle();
  closing.host.advance(10);
  assertEquals(closing.heartbeat.missed, 0);
  closing.connection.abortConnection();
  closing.host.settle();
});

Deno.test("stop() and `using` end it; started again, it counts from then", () => {
  using fixture = beating();
  fixture.host.advance(15);
  fixture.heartbeat.stop();
  fixture.heartbeat.alive();
  fixture.host.advance(100);
  assertEquals(fixture.peer.text, "?");
  {
    using heartbeat = fixture.heartbeat;
    heartbeat.start();
    heartbeat.start();
    assertEquals(heartbeat.missed, 0);
    assertEquals(fixture.host.reactor.getDelayedCalls().length, 1);
  }
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("send() that throws is logged, and the peer is asked again", () => {
  using errors = new LoggedErrors();
  let asked = 0;
  using fixture = beating({
    send: () => {
      asked++;
      throw new RangeError("boom");
    },
  });
  for (const count of [1, 2]) {
    fixture.host.advance(10);
    assertEquals([asked, errors.take().map(({ message }) => message)], [count, ["boom"]]);
  }
  fixture.host.advance(10);
  fixture.host.advance(0);
  assertEquals(fixture.protocol.reason?.name, "HeartbeatTimeout");
});

Deno.test("Options that make no sense are refused, and named", () => {
  using fixture = connect();
  const make = (options: HeartbeatOptions) =>
    new Heartbeat(fixture.host.reactor, fixture.connection, options);
  const send = () => {};
  assertThrows(() => make({ interval: 0, send }), RangeError, "interval must be more than 0");
  assertThrows(() => make({ interval: NaN, send }), RangeError, "Heartbeat interval");
  assertThrows(() => make({ interval: 1, send, maxMissed: 0 }), RangeError, "Heartbeat maxMissed");
  // Typed otherwise, as JavaScript may call it.
  const none = undefined as unknown as () => void;
  assertThrows(() => make({ interval: 1, send: none }), TypeError, "Heartbeat send");
});
