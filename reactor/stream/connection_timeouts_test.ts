/** How long a connection may be silent, stuck, or open at all. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  connect,
  type ConnectionFixture,
  type ConnectionFixtureOptions,
} from "../../testing/fixtures/connection_fixture.ts";
import { timeoutLimits } from "./connection_timeouts.ts";
import { ConnectionAborted, ConnectionTimeout } from "../errors.ts";
import type { IDelayedCall } from "../interfaces/mod.ts";

/** Why the connection was lost, which must be a timeout of its own. */
function timeoutOf(fixture: ConnectionFixture): [string, number, string] {
  const { reason } = fixture.protocol;
  assertInstanceOf(reason, ConnectionTimeout);
  assertInstanceOf(reason, ConnectionAborted);
  assertEquals([reason.name, reason.code], ["ConnectionTimeout", "ETIMEDOUT"]);
  return [reason.timeout, reason.seconds, reason.message];
}

function send(fixture: ConnectionFixture, text: string): void {
  fixture.peer.send(text);
  fixture.host.settle();
}

/** A connection whose peer does not read, with more to send than there is room for. */
function stuck(options: ConnectionFixtureOptions): ConnectionFixture {
  const fixture = connect({ capacity: 10, ...options });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789".repeat(10));
  fixture.host.settle();
  return fixture;
}

Deno.test("A connection without these options has no timer", () => {
  using fixture = connect();
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("idleTimeout: each byte that comes, and each that goes, begins the time anew", () => {
  using fixture = connect({ idleTimeout: 10 });
  fixture.host.advance(9);
  send(fixture, "x");
  fixture.host.advance(9);
  fixture.connection.write("y");
  fixture.host.settle();
  fixture.host.advance(9.5);
  assert(fixture.connection.connected);
  fixture.host.advance(0.5);
  assertEquals(timeoutOf(fixture), [
    "idle",
    10,
    "Connection to 192.0.2.2:2222 was aborted: no data was received or sent for 10 s",
  ]);
  assertEquals(fixture.peer.end, "ECONNRESET");
});

Deno.test("idleTimeout: a byte that is only written is no sign of life until the system takes it", () => {
  using fixture = stuck({ idleTimeout: 10 });
  fixture.host.advance(9);
  fixture.connection.write("more");
  fixture.host.settle();
  fixture.host.advance(1);
  assertEquals(timeoutOf(fixture)[0], "idle");
});

Deno.test("idleTimeout: what the protocol has paused is not life, but the chunk that still came is", () => {
  using fixture = connect({ idleTimeout: 10 });
  fixture.connection.pauseProducing();
  fixture.host.advance(5);
  send(fixture, "held");
  fixture.host.advance(9);
  assert(fixture.connection.connected);
  send(fixture, "not read");
  fixture.host.advance(1);
  assertEquals(timeoutOf(fixture)[0], "idle");
});

Deno.test("writeStallTimeout: a peer that takes nothing loses the connection", () => {
  using fixture = stuck({ writeStallTimeout: 5 });
  fixture.host.advance(4.9);
  assert(fixture.connection.connected);
  fixture.host.advance(0.1);
  assertEquals(timeoutOf(fixture), [
    "writeStall",
    5,
    "Connection to 192.0.2.2:2222 was aborted: the peer accepted no data for 5 s",
  ]);
});

Deno.test("writeStallTimeout: a peer that reads slowly is no stalled one", () => {
  using fixture = stuck({ writeStallTimeout: 5 });
  // A tenth of it goes out each time: at the last one nothing is left.
  for (let i = 0; i < 10; i++) {
    fixture.host.advance(4);
    fixture.peer.driver.startReading();
    fixture.peer.driver.stopReading();
    fixture.host.settle();
  }
  assertEquals(fixture.peer.text.length, 100);
  fixture.host.advance(100);
  assert(fixture.connection.connected);
});

Deno.test("writeStallTimeout: silence with nothing to send is none", () => {
  using fixture = connect({ writeStallTimeout: 5 });
  fixture.connection.write("all of it goes");
  fixture.host.settle();
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
  fixture.host.advance(100);
  assert(fixture.connection.connected);
});

Deno.test("writeStallTimeout: it counts from each write that finds nothing under way", () => {
  using fixture = connect({ writeStallTimeout: 5, capacity: 10 });
  fixture.connection.write("first");
  fixture.host.settle();
  fixture.host.advance(100);
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789".repeat(10));
  fixture.host.settle();
  fixture.host.advance(4.9);
  assert(fixture.connection.connected);
  fixture.host.advance(0.1);
  assertEquals(timeoutOf(fixture)[0], "writeStall");
});

Deno.test("maxConnectionAge: a connection lasts no longer, however busy it is", () => {
  using fixture = connect({ maxConnectionAge: 10 });
  for (let i = 0; i < 9; i++) {
    fixture.host.advance(1);
    send(fixture, "x");
  }
  assert(fixture.connection.connected);
  fixture.host.advance(1);
  assertEquals(timeoutOf(fixture), [
    "age",
    10,
    "Connection to 192.0.2.2:2222 was aborted: it reached its maximum age of 10 s",
  ]);
});

Deno.test("The first bound that is reached is the reason, and of those reached together the first in the queue", () => {
  using fixture = stuck({ idleTimeout: 7, writeStallTimeout: 5, maxConnectionAge: 6 });
  fixture.host.advance(100);
  assertEquals(timeoutOf(fixture)[0], "writeStall");
});

Deno.test("A connection that ends leaves no timer, whichever way it ends", () => {
  const options = { idleTimeout: 1, writeStallTimeout: 2, maxConnectionAge: 3 };
  const ends: ((fixture: ConnectionFixture) => void)[] = [
    (fixture) => fixture.connection.loseConnection(),
    (fixture) => fixture.connection.abortConnection(),
    (fixture) => fixture.peer.driver.close(),
    (fixture) => fixture.peer.driver.abort(),
    (fixture) => fixture.connection.shutDown(),
  ];
  for (const end of ends) {
    using fixture = connect(options);
    end(fixture);
    fixture.host.settle();
    assertEquals(fixture.events.length, 2);
    assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
  }
});

Deno.test("A bound that is no delay is refused with an error that names it and the value", () => {
  for (const name of ["idleTimeout", "writeStallTimeout", "maxConnectionAge"]) {
    assertThrows(
      () => timeoutLimits({ [name]: -1 }),
      RangeError,
      `${name} must be zero or more seconds, got -1`,
    );
    assertThrows(() => timeoutLimits({ [name]: "5" }), TypeError, `${name} must be a number`);
  }
  assertEquals(timeoutLimits({}), null);
  assertEquals(timeoutLimits({ idleTimeout: Infinity, maxConnectionAge: 0 }), {
    idle: Infinity,
    writeStall: Infinity,
    age: 0,
  });
});
