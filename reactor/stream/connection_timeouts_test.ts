/** The timeouts of a connection: idle, stalled in writing, or open for too long. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  connect,
  type ConnectionFixture,
  type ConnectionFixtureOptions,
} from "../../testing/fixtures/connection_fixture.ts";
import { timeoutLimits } from "./connection_timeouts.ts";
import { ConnectionAborted, ConnectionTimeout } from "../errors.ts";
import type { IDelayedCall } from "../interfaces/mod.ts";

/** Returns the timeout that is the reason for the loss. */
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

/** Returns a connection that has more to send than fits, to a peer that does not read. */
function stuck(options: ConnectionFixtureOptions): ConnectionFixture {
  const fixture = connect({ capacity: 10, ...options });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789".repeat(10));
  fixture.host.settle();
  return fixture;
}

Deno.test("Connection without timeouts has no timer", () => {
  using fixture = connect();
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("idleTimeout starts anew with each byte received or sent", () => {
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

Deno.test("idleTimeout restarts when the system accepts written bytes, not at write()", () => {
  using fixture = stuck({ idleTimeout: 10 });
  fixture.host.advance(9);
  fixture.connection.write("more");
  fixture.host.settle();
  fixture.host.advance(1);
  assertEquals(timeoutOf(fixture)[0], "idle");
});

Deno.test("idleTimeout restarts for one chunk that arrives during a pause, not for later data", () => {
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

Deno.test("writeStallTimeout aborts a connection whose peer reads no data", () => {
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

Deno.test("writeStallTimeout does not abort a connection whose peer reads slowly", () => {
  using fixture = stuck({ writeStallTimeout: 5 });
  // Each step sends a tenth: after the last one nothing is left.
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

Deno.test("writeStallTimeout ignores a connection with nothing to send", () => {
  using fixture = connect({ writeStallTimeout: 5 });
  fixture.connection.write("all of it goes");
  fixture.host.settle();
  assertEquals(fixture.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
  fixture.host.advance(100);
  assert(fixture.connection.connected);
});

Deno.test("writeStallTimeout starts at each write while no other write is in flight", () => {
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

Deno.test("maxConnectionAge aborts also a connection that is busy", () => {
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

Deno.test("Connection is aborted by the first timeout that expires", () => {
  using fixture = stuck({ idleTimeout: 7, writeStallTimeout: 5, maxConnectionAge: 6 });
  fixture.host.advance(100);
  assertEquals(timeoutOf(fixture)[0], "writeStall");
});

Deno.test("Connection leaves no timer after it is lost", () => {
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

Deno.test("Connection options throw for an invalid timeout, with its name and value", () => {
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
