/** Heartbeats over an in-memory pipe, on the clock of its host. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  type Behaviour,
  connect,
  type ConnectionFixture,
} from "../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../testing/logged_errors.ts";
import { ConnectionAborted } from "../reactor/errors.ts";
import type { IDelayedCall } from "../reactor/interfaces/mod.ts";
import { Heartbeat, type HeartbeatOptions, HeartbeatTimeout } from "./heartbeat.ts";

/** A connection with a heartbeat, which sends a `?`. */
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

Deno.test("Heartbeat is sent after each silent interval, and aborts a connection without an answer", () => {
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
    "Connection to 192.0.2.2:2222 was aborted: the peer sent nothing for 30 s and left 2 heartbeats unanswered",
  );
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("Heartbeat restarts its interval and its count with any byte from the peer", () => {
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

Deno.test("Heartbeat is never sent to a peer that keeps sending data", () => {
  using fixture = beating();
  for (let i = 0; i < 10; i++) {
    fixture.host.advance(9);
    fixture.peer.send("x");
    fixture.host.settle();
  }
  assertEquals(fixture.peer.text, "");
  fixture.heartbeat.stop();
});

Deno.test("Heartbeat option maxMissed is the number of heartbeats that may stay unanswered", () => {
  using fixture = beating({ maxMissed: 1 });
  fixture.host.advance(10);
  fixture.host.advance(10);
  fixture.host.advance(0);
  assertEquals([fixture.peer.text, fixture.protocol.reason?.name], ["?", "HeartbeatTimeout"]);
  assertEquals(
    fixture.protocol.reason?.message,
    "Connection to 192.0.2.2:2222 was aborted: the peer sent nothing for 20 s and left 1 heartbeat unanswered",
  );
});

Deno.test("Heartbeat reads data that arrived while the process was suspended before it aborts", () => {
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

Deno.test("Heartbeat waits for one more read after the process was suspended", () => {
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

Deno.test("HeartbeatTimeout rounds the silence in its message to milliseconds", () => {
  const { message, silence } = new HeartbeatTimeout(0.1 + 0.2, 3, "peer");
  assertEquals(silence, 0.1 + 0.2);
  assertEquals(
    message,
    "Connection to peer was aborted: the peer sent nothing for 0.3 s and left 3 heartbeats unanswered",
  );
});

Deno.test("Heartbeat.stop() in connectionLost() leaves no timed call", () => {
  using fixture: ConnectionFixture & { heartbeat: Heartbeat } = beating({}, {
    connectionLost: () => fixture.heartbeat.stop(),
  });
  fixture.peer.driver.close();
  fixture.host.settle();
  assertEquals(fixture.protocol.reason?.name, "ConnectionDone");
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("Heartbeat of a lost or closing connection stops at the next interval", () => {
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

Deno.test("Heartbeat.stop() and `using` stop it, and start() begins a new interval", () => {
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

Deno.test("Heartbeat logs an error of send(), and sends the next heartbeat", () => {
  using errors = new LoggedErrors();
  let sent = 0;
  using fixture = beating({
    send: () => {
      sent++;
      throw new RangeError("boom");
    },
  });
  for (const count of [1, 2]) {
    fixture.host.advance(10);
    assertEquals([sent, errors.take().map(({ message }) => message)], [count, ["boom"]]);
  }
  fixture.host.advance(10);
  fixture.host.advance(0);
  assertEquals(fixture.protocol.reason?.name, "HeartbeatTimeout");
});

Deno.test("Heartbeat rejects options that are out of range, and names them", () => {
  using fixture = connect();
  const make = (options: HeartbeatOptions) =>
    new Heartbeat(fixture.host.reactor, fixture.connection, options);
  const send = () => {};
  assertThrows(() => make({ interval: 0, send }), RangeError, "interval must be more than 0");
  assertThrows(() => make({ interval: NaN, send }), RangeError, "Heartbeat interval");
  assertThrows(() => make({ interval: 1, send, maxMissed: 0 }), RangeError, "Heartbeat maxMissed");
  // Without types, as JavaScript may call it.
  const none = undefined as unknown as () => void;
  assertThrows(() => make({ interval: 1, send: none }), TypeError, "Heartbeat send");
});
