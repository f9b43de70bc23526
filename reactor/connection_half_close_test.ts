/**
 * Each direction ends for itself: `loseWriteConnection`, `readConnectionLost`, `writeConnectionLost`. Of Twisted's `test/test_tcp.py`:
 * `HalfCloseTests`, `HalfCloseNoNotificationAndShutdownExceptionTests.testNoNotification`, `HalfCloseBuggyApplicationTests`. `testShutdownException`
 * takes a socket: `conformance/stream_resets.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { type Behaviour, connect, type Recorder } from "./conformance/connection_bed.ts";
import { LoggedErrors } from "./conformance/logged_errors.ts";
import { ConnectionLost } from "./errors.ts";

const halfCloseable = true;

Deno.test("loseWriteConnection() sends what was written, ends the writing side and goes on receiving", () => {
  using bed = connect({ capacity: 4 });
  bed.connection.write("0123456789");
  bed.connection.loseWriteConnection();
  bed.host.settle();
  assertEquals([bed.peer.text, bed.peer.end], ["0123456789", "ended"]);
  bed.peer.send("reply");
  bed.host.settle();
  assertEquals(bed.protocol.received, "reply");
  assert(bed.connection.connected);
  assert(!bed.connection.disconnecting);
});

Deno.test("A write before the writing side is closed still goes out, one after it is thrown away", () => {
  using bed = connect();
  bed.connection.loseWriteConnection();
  bed.connection.loseWriteConnection();
  bed.connection.write("in time");
  bed.host.settle();
  bed.connection.write("too late");
  bed.connection.loseWriteConnection();
  bed.host.settle();
  assertEquals([bed.peer.text, bed.peer.end], ["in time", "ended"]);
  assertEquals(bed.driver.calls, ["write(7)", "closeWrite()"]);
});

Deno.test("A half-closeable protocol is told of each end; with both, the connection is lost", () => {
  using bed = connect({ halfCloseable });
  bed.connection.loseWriteConnection();
  assertEquals(bed.events, ["made"]);
  bed.host.settle();
  assertEquals(bed.events, ["made", "write lost"]);
  bed.peer.driver.close();
  bed.host.settle();
  assertEquals(bed.events, ["made", "write lost", "read lost", "lost ConnectionDone"]);
});

Deno.test("In the other order too", () => {
  using bed = connect({ halfCloseable });
  bed.peer.driver.closeWrite();
  bed.host.settle();
  assertEquals(bed.events, ["made", "read lost"]);
  assert(!bed.connection.disconnecting);
  bed.connection.write("answer");
  bed.connection.loseWriteConnection();
  bed.host.settle();
  assertEquals(bed.peer.text, "answer");
  assertEquals(bed.events, ["made", "read lost", "write lost", "lost ConnectionDone"]);
});

Deno.test("A protocol that is not half-closeable closes with its peer's end, also after loseWriteConnection()", () => {
  using bed = connect();
  bed.connection.loseWriteConnection();
  bed.host.settle();
  assert(bed.connection.connected);
  bed.peer.driver.closeWrite();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("The peer's end while the writing side is being closed", () => {
  for (const closeable of [true, false]) {
    using bed = connect({ halfCloseable: closeable, capacity: 2 });
    bed.connection.write("0123456789");
    bed.connection.loseWriteConnection();
    bed.peer.driver.closeWrite();
    bed.host.settle();
    assertEquals([bed.peer.text, bed.peer.end], ["0123456789", "ended"]);
    const told = closeable ? ["read lost", "write lost"] : [];
    assertEquals(bed.events, ["made", ...told, "lost ConnectionDone"]);
  }
});

Deno.test("loseConnection() after loseWriteConnection() closes at once, or when what was written has gone", () => {
  for (const settled of [true, false]) {
    using bed = connect({ halfCloseable });
    bed.connection.write("written");
    bed.connection.loseWriteConnection();
    if (settled) bed.host.settle();
    bed.connection.loseConnection();
    assertEquals(bed.events, settled ? ["made", "write lost"] : ["made"]);
    bed.host.settle();
    assertEquals(bed.peer.text, "written");
    assertEquals(bed.events.at(-1), "lost ConnectionDone");
  }
});

Deno.test("loseWriteConnection() after loseConnection() changes nothing", () => {
  using bed = connect({ halfCloseable });
  bed.connection.write("written");
  bed.connection.loseConnection();
  bed.connection.loseWriteConnection();
  bed.host.settle();
  assertEquals(bed.peer.text, "written");
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("loseConnection() in readConnectionLost() and in writeConnectionLost()", () => {
  const lose = (protocol: Recorder) => protocol.transport.loseConnection();
  using reading = connect({ halfCloseable, readConnectionLost: lose });
  reading.peer.driver.closeWrite();
  reading.host.settle();
  assertEquals(reading.events, ["made", "read lost", "lost ConnectionDone"]);
  using writing = connect({ halfCloseable, writeConnectionLost: lose });
  writing.connection.loseWriteConnection();
  writing.host.settle();
  assertEquals(writing.events, ["made", "write lost", "lost ConnectionDone"]);
});

Deno.test("loseWriteConnection() in readConnectionLost(), loseConnection() in writeConnectionLost()", () => {
  using bed = connect({
    halfCloseable,
    readConnectionLost: (protocol) => protocol.transport.loseWriteConnection(),
    writeConnectionLost: (protocol) => protocol.transport.loseConnection(),
  });
  bed.peer.driver.closeWrite();
  bed.host.settle();
  assertEquals(bed.events, ["made", "read lost", "write lost", "lost ConnectionDone"]);
});

Deno.test("The answer that readConnectionLost() writes goes out before the connection closes", () => {
  using bed = connect({
    halfCloseable,
    capacity: 3,
    readConnectionLost: (protocol) => {
      protocol.transport.write("you sent: " + protocol.received);
      protocol.transport.loseConnection();
    },
  });
  bed.peer.send("a request");
  bed.peer.driver.startReading();
  bed.host.settle();
  bed.peer.driver.closeWrite();
  bed.host.settle();
  assertEquals(bed.peer.text, "you sent: a request");
});

Deno.test("readConnectionLost() comes once, however often reading is paused and resumed", () => {
  using bed = connect({ halfCloseable });
  bed.connection.pauseProducing();
  bed.peer.send("last");
  bed.host.settle();
  bed.peer.driver.closeWrite();
  bed.host.settle();
  assertEquals(bed.events, ["made"]);
  for (let i = 0; i < 3; i++) {
    bed.connection.resumeProducing();
    bed.host.settle();
    bed.connection.pauseProducing();
    bed.host.settle();
  }
  assertEquals(bed.events, ["made", "received last", "read lost"]);
  using idle = connect({ halfCloseable });
  idle.connection.pauseProducing();
  idle.peer.driver.closeWrite();
  idle.host.settle(); // the end itself is held
  for (let i = 0; i < 3; i++) {
    idle.connection.resumeProducing();
    idle.host.settle();
    idle.connection.pauseProducing();
    idle.host.settle();
  }
  assertEquals(idle.events, ["made", "read lost"]);
});

Deno.test("A peer that breaks after its end, while an answer goes out to a half-closeable protocol's peer: ConnectionLost", () => {
  using bed = connect({
    halfCloseable,
    capacity: 3,
    readConnectionLost: (protocol) => {
      protocol.transport.write("a long answer");
      protocol.transport.loseConnection();
    },
  });
  bed.peer.driver.stopReading();
  bed.peer.driver.closeWrite();
  bed.host.settle();
  assert(bed.connection.connected);
  bed.peer.driver.abort();
  bed.host.settle();
  assertInstanceOf(bed.protocol.reason, ConnectionLost);
});

Deno.test("A half-closeable protocol may register a producer after the peer's end, also while closing", () => {
  using bed = connect({ halfCloseable });
  bed.peer.driver.closeWrite();
  bed.host.settle();
  bed.connection.write("head ");
  bed.connection.loseConnection();
  let left = 3;
  bed.connection.registerProducer({
    resumeProducing: () => {
      bed.connection.write(`${left--} `);
      if (left === 0) bed.connection.unregisterProducer();
    },
    stopProducing: () => {
      throw new Error("stopped");
    },
  }, false);
  bed.host.settle();
  assertEquals(bed.peer.text, "head 3 2 1 ");
  assertEquals(bed.events, ["made", "read lost", "lost ConnectionDone"]);
});

Deno.test("A reset after the writing side has been closed: ConnectionLost", () => {
  using bed = connect({ halfCloseable });
  bed.connection.loseWriteConnection();
  bed.host.settle();
  bed.peer.driver.abort();
  bed.host.settle();
  assertEquals(bed.events, ["made", "write lost", "lost ConnectionLost"]);
});

Deno.test("The writing side that is closed when the connection has been aborted is not told of", () => {
  using bed = connect({ halfCloseable });
  bed.connection.loseWriteConnection();
  bed.host.endTurn();
  bed.connection.abortConnection();
  for (const step of bed.host.steps.splice(0)) step();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("abortConnection() between the two ends", () => {
  using bed = connect({ halfCloseable });
  bed.connection.loseWriteConnection();
  bed.host.settle();
  bed.connection.abortConnection();
  bed.host.settle();
  assertEquals(bed.events, ["made", "write lost", "lost ConnectionAborted"]);
});

for (const method of ["readConnectionLost", "writeConnectionLost"] as const) {
  for (const kind of ["throws", "rejects"] as const) {
    Deno.test(`${method}() that ${kind} is logged and loses the connection with its error`, async () => {
      using errors = new LoggedErrors();
      const error = new RangeError("boom");
      const behaviour: Behaviour = {
        [method]: () => {
          if (kind === "rejects") return Promise.reject(error);
          throw error;
        },
      };
      using bed = connect({ halfCloseable, ...behaviour });
      if (method === "readConnectionLost") bed.peer.driver.closeWrite();
      else bed.connection.loseWriteConnection();
      bed.host.settle();
      for (let i = 0; i < 5; i++) await null;
      bed.host.settle();
      assertStrictEquals(bed.protocol.reason, error);
      assertEquals(errors.take(), [error]);
    });
  }
}
