/** How long a connection may be silent, stuck, or open at all. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { type Bed, type BedOptions, connect } from "./conformance/connection_bed.ts";
import { timeoutLimits } from "./connection_timeouts.ts";
import { ConnectionAborted, ConnectionTimeout } from "./errors.ts";
import type { IDelayedCall } from "./interfaces.ts";

/** Why the connection was lost, which must be a timeout of its own. */
function timeoutOf(bed: Bed): [string, number, string] {
  const { reason } = bed.protocol;
  assertInstanceOf(reason, ConnectionTimeout);
  assertInstanceOf(reason, ConnectionAborted);
  assertEquals([reason.name, reason.code], ["ConnectionTimeout", "ETIMEDOUT"]);
  return [reason.timeout, reason.seconds, reason.message];
}

function send(bed: Bed, text: string): void {
  bed.peer.send(text);
  bed.host.settle();
}

/** A connection whose peer does not read, with more to send than there is room for. */
function stuck(options: BedOptions): Bed {
  const bed = connect({ capacity: 10, ...options });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789".repeat(10));
  bed.host.settle();
  return bed;
}

Deno.test("A connection without these options has no timer", () => {
  using bed = connect();
  assertEquals(bed.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("idleTimeout: each byte that comes, and each that goes, begins the time anew", () => {
  using bed = connect({ idleTimeout: 10 });
  bed.host.advance(9);
  send(bed, "x");
  bed.host.advance(9);
  bed.connection.write("y");
  bed.host.settle();
  bed.host.advance(9.5);
  assert(bed.connection.connected);
  bed.host.advance(0.5);
  assertEquals(timeoutOf(bed), [
    "idle",
    10,
    "Connection to 192.0.2.2:2222 was aborted: no byte came or went for 10 s",
  ]);
  assertEquals(bed.peer.end, "ECONNRESET");
});

Deno.test("idleTimeout: a byte that is only written is no sign of life until the system takes it", () => {
  using bed = stuck({ idleTimeout: 10 });
  bed.host.advance(9);
  bed.connection.write("more");
  bed.host.settle();
  bed.host.advance(1);
  assertEquals(timeoutOf(bed)[0], "idle");
});

Deno.test("idleTimeout: what the protocol has paused is not life, but the chunk that still came is", () => {
  using bed = connect({ idleTimeout: 10 });
  bed.connection.pauseProducing();
  bed.host.advance(5);
  send(bed, "held");
  bed.host.advance(9);
  assert(bed.connection.connected);
  send(bed, "not read");
  bed.host.advance(1);
  assertEquals(timeoutOf(bed)[0], "idle");
});

Deno.test("writeStallTimeout: a peer that takes nothing loses the connection", () => {
  using bed = stuck({ writeStallTimeout: 5 });
  bed.host.advance(4.9);
  assert(bed.connection.connected);
  bed.host.advance(0.1);
  assertEquals(timeoutOf(bed), [
    "writeStall",
    5,
    "Connection to 192.0.2.2:2222 was aborted: the peer took none of what was written for 5 s",
  ]);
});

Deno.test("writeStallTimeout: a peer that reads slowly is no stalled one", () => {
  using bed = stuck({ writeStallTimeout: 5 });
  // A tenth of it goes out each time: at the last one nothing is left.
  for (let i = 0; i < 10; i++) {
    bed.host.advance(4);
    bed.peer.driver.startReading();
    bed.peer.driver.stopReading();
    bed.host.settle();
  }
  assertEquals(bed.peer.text.length, 100);
  bed.host.advance(100);
  assert(bed.connection.connected);
});

Deno.test("writeStallTimeout: silence with nothing to send is none", () => {
  using bed = connect({ writeStallTimeout: 5 });
  bed.connection.write("all of it goes");
  bed.host.settle();
  assertEquals(bed.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
  bed.host.advance(100);
  assert(bed.connection.connected);
});

Deno.test("writeStallTimeout: it counts from each write that finds nothing under way", () => {
  using bed = connect({ writeStallTimeout: 5, capacity: 10 });
  bed.connection.write("first");
  bed.host.settle();
  bed.host.advance(100);
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789".repeat(10));
  bed.host.settle();
  bed.host.advance(4.9);
  assert(bed.connection.connected);
  bed.host.advance(0.1);
  assertEquals(timeoutOf(bed)[0], "writeStall");
});

Deno.test("totalTimeout: a connection lasts no longer, however busy it is", () => {
  using bed = connect({ totalTimeout: 10 });
  for (let i = 0; i < 9; i++) {
    bed.host.advance(1);
    send(bed, "x");
  }
  assert(bed.connection.connected);
  bed.host.advance(1);
  assertEquals(timeoutOf(bed), [
    "total",
    10,
    "Connection to 192.0.2.2:2222 was aborted: it has lasted for 10 s",
  ]);
});

Deno.test("The first bound that is reached is the reason, and of those reached together the first in the queue", () => {
  using bed = stuck({ idleTimeout: 7, writeStallTimeout: 5, totalTimeout: 6 });
  bed.host.advance(100);
  assertEquals(timeoutOf(bed)[0], "writeStall");
});

Deno.test("A connection that ends leaves no timer, whichever way it ends", () => {
  const options = { idleTimeout: 1, writeStallTimeout: 2, totalTimeout: 3 };
  const ends: ((bed: Bed) => void)[] = [
    (bed) => bed.connection.loseConnection(),
    (bed) => bed.connection.abortConnection(),
    (bed) => bed.peer.driver.close(),
    (bed) => bed.peer.driver.abort(),
    (bed) => bed.connection.shutDown(),
  ];
  for (const end of ends) {
    using bed = connect(options);
    end(bed);
    bed.host.settle();
    assertEquals(bed.events.length, 2);
    assertEquals(bed.host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
  }
});

Deno.test("A bound that is no delay is refused with an error that names it and the value", () => {
  for (const name of ["idleTimeout", "writeStallTimeout", "totalTimeout"]) {
    assertThrows(
      () => timeoutLimits({ [name]: -1 }),
      RangeError,
      `${name} must be zero or more seconds, got -1`,
    );
    assertThrows(() => timeoutLimits({ [name]: "5" }), TypeError, `${name} must be a number`);
  }
  assertEquals(timeoutLimits({}), null);
  assertEquals(timeoutLimits({ idleTimeout: Infinity, totalTimeout: 0 }), {
    idle: Infinity,
    writeStall: Infinity,
    total: 0,
  });
});
