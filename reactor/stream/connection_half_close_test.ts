/**
 * The close of one direction: `loseWriteConnection`, `readConnectionLost`, `writeConnectionLost`.
 * Of Twisted's `test/test_tcp.py`: `HalfCloseTests`,
 * `HalfCloseNoNotificationAndShutdownExceptionTests.testNoNotification`,
 * `HalfCloseBuggyApplicationTests`. `testShutdownException` needs a socket: it is in
 * `testing/conformance/stream_resets.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  type Behaviour,
  connect,
  type Recorder,
} from "../../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { ConnectionLost } from "../errors.ts";

const halfCloseable = true;

Deno.test("Connection.loseWriteConnection() sends pending bytes and closes one direction", () => {
  using fixture = connect({ capacity: 4 });
  fixture.connection.write("0123456789");
  fixture.connection.loseWriteConnection();
  fixture.host.settle();
  assertEquals([fixture.peer.text, fixture.peer.end], ["0123456789", "ended"]);
  fixture.peer.send("reply");
  fixture.host.settle();
  assertEquals(fixture.protocol.received, "reply");
  assert(fixture.connection.connected);
  assert(!fixture.connection.disconnecting);
});

Deno.test("Connection.write() sends bytes before loseWriteConnection() and drops bytes after it", () => {
  using fixture = connect();
  fixture.connection.loseWriteConnection();
  fixture.connection.loseWriteConnection();
  fixture.connection.write("in time");
  fixture.host.settle();
  fixture.connection.write("too late");
  fixture.connection.loseWriteConnection();
  fixture.host.settle();
  assertEquals([fixture.peer.text, fixture.peer.end], ["in time", "ended"]);
  assertEquals(fixture.driver.calls, ["write(7)", "closeWrite()"]);
});

Deno.test("Connection notifies a half-closeable protocol of each close, and is lost after both", () => {
  using fixture = connect({ halfCloseable });
  fixture.connection.loseWriteConnection();
  assertEquals(fixture.events, ["made"]);
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "write lost"]);
  fixture.peer.driver.close();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "write lost", "read lost", "lost ConnectionDone"]);
});

Deno.test("Connection is lost after both closes, also when the peer's close comes last", () => {
  using fixture = connect({ halfCloseable });
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "read lost"]);
  assert(!fixture.connection.disconnecting);
  fixture.connection.write("answer");
  fixture.connection.loseWriteConnection();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "answer");
  assertEquals(fixture.events, ["made", "read lost", "write lost", "lost ConnectionDone"]);
});

Deno.test("Connection closes with its peer if the protocol is not half-closeable", () => {
  using fixture = connect();
  fixture.connection.loseWriteConnection();
  fixture.host.settle();
  assert(fixture.connection.connected);
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection handles the peer's close while it closes its own writing side", () => {
  for (const closeable of [true, false]) {
    using fixture = connect({ halfCloseable: closeable, capacity: 2 });
    fixture.connection.write("0123456789");
    fixture.connection.loseWriteConnection();
    fixture.peer.driver.closeWrite();
    fixture.host.settle();
    assertEquals([fixture.peer.text, fixture.peer.end], ["0123456789", "ended"]);
    const closes = closeable ? ["read lost", "write lost"] : [];
    assertEquals(fixture.events, ["made", ...closes, "lost ConnectionDone"]);
  }
});

Deno.test("Connection.loseConnection() after loseWriteConnection() closes once bytes are sent", () => {
  for (const settled of [true, false]) {
    using fixture = connect({ halfCloseable });
    fixture.connection.write("written");
    fixture.connection.loseWriteConnection();
    if (settled) fixture.host.settle();
    fixture.connection.loseConnection();
    assertEquals(fixture.events, settled ? ["made", "write lost"] : ["made"]);
    fixture.host.settle();
    assertEquals(fixture.peer.text, "written");
    assertEquals(fixture.events.at(-1), "lost ConnectionDone");
  }
});

Deno.test("Connection.loseWriteConnection() after loseConnection() changes nothing", () => {
  using fixture = connect({ halfCloseable });
  fixture.connection.write("written");
  fixture.connection.loseConnection();
  fixture.connection.loseWriteConnection();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "written");
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection.loseConnection() works in readConnectionLost() and in writeConnectionLost()", () => {
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

Deno.test("Connection.loseWriteConnection() works in readConnectionLost()", () => {
  using fixture = connect({
    halfCloseable,
    readConnectionLost: (protocol) => protocol.transport.loseWriteConnection(),
    writeConnectionLost: (protocol) => protocol.transport.loseConnection(),
  });
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "read lost", "write lost", "lost ConnectionDone"]);
});

Deno.test("Connection sends a reply that readConnectionLost() writes before it closes", () => {
  using fixture = connect({
    halfCloseable,
    capacity: 3,
    readConnectionLost: (protocol) => {
      protocol.transport.write("you sent: " + protocol.received);
      protocol.transport.loseConnection();
    },
  });
  fixture.peer.send("a request");
  fixture.peer.driver.startReading();
  fixture.host.settle();
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "you sent: a request");
});

Deno.test("Connection calls readConnectionLost() once, although reading is paused repeatedly", () => {
  using fixture = connect({ halfCloseable });
  fixture.connection.pauseProducing();
  fixture.peer.send("last");
  fixture.host.settle();
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  assertEquals(fixture.events, ["made"]);
  for (let i = 0; i < 3; i++) {
    fixture.connection.resumeProducing();
    fixture.host.settle();
    fixture.connection.pauseProducing();
    fixture.host.settle();
  }
  assertEquals(fixture.events, ["made", "received last", "read lost"]);
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

Deno.test("Connection is lost with ConnectionLost if a half-closed peer resets it later", () => {
  using fixture = connect({
    halfCloseable,
    capacity: 3,
    readConnectionLost: (protocol) => {
      protocol.transport.write("a long answer");
      protocol.transport.loseConnection();
    },
  });
  fixture.peer.driver.stopReading();
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  assert(fixture.connection.connected);
  fixture.peer.driver.abort();
  fixture.host.settle();
  assertInstanceOf(fixture.protocol.reason, ConnectionLost);
});

Deno.test("Connection accepts a producer of a half-closeable protocol after the peer has closed", () => {
  using fixture = connect({ halfCloseable });
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  fixture.connection.write("head ");
  fixture.connection.loseConnection();
  let left = 3;
  fixture.connection.registerProducer({
    resumeProducing: () => {
      fixture.connection.write(`${left--} `);
      if (left === 0) fixture.connection.unregisterProducer();
    },
    stopProducing: () => {
      throw new Error("stopped");
    },
  }, false);
  fixture.host.settle();
  assertEquals(fixture.peer.text, "head 3 2 1 ");
  assertEquals(fixture.events, ["made", "read lost", "lost ConnectionDone"]);
});

Deno.test("Connection is lost with ConnectionLost if the peer resets after loseWriteConnection()", () => {
  using fixture = connect({ halfCloseable });
  fixture.connection.loseWriteConnection();
  fixture.host.settle();
  fixture.peer.driver.abort();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "write lost", "lost ConnectionLost"]);
});

Deno.test("Connection does not call writeConnectionLost() after abortConnection()", () => {
  using fixture = connect({ halfCloseable });
  fixture.connection.loseWriteConnection();
  fixture.host.endTurn();
  fixture.connection.abortConnection();
  for (const step of fixture.host.steps.splice(0)) step();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("Connection.abortConnection() after one direction has closed aborts the other", () => {
  using fixture = connect({ halfCloseable });
  fixture.connection.loseWriteConnection();
  fixture.host.settle();
  fixture.connection.abortConnection();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "write lost", "lost ConnectionAborted"]);
});

for (const method of ["readConnectionLost", "writeConnectionLost"] as const) {
  for (const kind of ["throws", "rejects"] as const) {
    Deno.test(`Connection logs a ${method}() that ${kind}, and is lost with its error`, async () => {
      using errors = new LoggedErrors();
      const error = new RangeError("boom");
      const behaviour: Behaviour = {
        [method]: () => {
          if (kind === "rejects") return Promise.reject(error);
          throw error;
        },
      };
      using fixture = connect({ halfCloseable, ...behaviour });
      if (method === "readConnectionLost") fixture.peer.driver.closeWrite();
      else fixture.connection.loseWriteConnection();
      fixture.host.settle();
      for (let i = 0; i < 5; i++) await null;
      fixture.host.settle();
      assertStrictEquals(fixture.protocol.reason, error);
      assertEquals(errors.take(), [error]);
    });
  }
}
