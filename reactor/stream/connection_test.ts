/**
 * The life of a connection. The other tests of `connection.ts`: `connection_reading_test.ts`,
 * `connection_writing_test.ts`, `connection_producer_test.ts`, `connection_half_close_test.ts`,
 * `connection_property_test.ts`.
 *
 * Of Twisted's tests of the state machine (`testing/conformance/tcp.ts` lists all classes):
 *
 * - `internet/test/test_tcp.py` `AbortConnectionMixin`: all eleven are here, in
 *   `connection_writing_test.ts` (a full write buffer) or in `connection_producer_test.ts`, without
 *   a network. `TCPServerTests`: `test_writeAfterDisconnect` and
 *   `test_writeSequenceAfterDisconnect` are in `connection_writing_test.ts`, the two after TLS in
 *   `drivers/deno/start_tls_test.ts`.
 * - `TCPConnectionTests.test_doReadWarningIsRaised`: a value returned from `dataReceived` once
 *   closed the connection; here only a promise has a meaning. `test_noTLSBeforeStartTLS` and
 *   `test_tlsAfterStartTLS`: `secure`, in `tls/tls_driver_test.ts`.
 * - `TCPConnectionTestsBuilder`: `test_stopStartReading`, `test_resumeProducing…` and
 *   `test_connectionLostAfterPausedTransport` in `connection_reading_test.ts`,
 *   `test_doubleHalfClose` in `connection_half_close_test.ts`.
 * - `WriteSequenceTestsMixin`, `test_unregisterProducerAfterDisconnect`,
 *   `test_disconnectWhileProducing`: `connection_producer_test.ts`.
 *   `test_writeSequenceWithUnicodeRaisesException` does not apply: a string is sent as UTF-8.
 * - `test/test_tcp.py` `HalfCloseBuggyApplicationTests`,
 *   `HalfCloseNoNotificationAndShutdownExceptionTests`: `connection_half_close_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { connect, type Recorder } from "../../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionTimeout } from "../errors.ts";

/** Runs the reactions to settled promises. */
async function promisesSettle(): Promise<void> {
  for (let i = 0; i < 5; i++) await null;
}

Deno.test("Connection.open() calls makeConnection() first, with the transport", () => {
  using fixture = connect();
  assertEquals(fixture.events, ["made"]);
  assertStrictEquals(fixture.protocol.transport, fixture.connection);
  assert(fixture.connection.connected);
  assert(!fixture.connection.disconnecting);
  assertEquals(String(fixture.connection.getHost()), "192.0.2.1:1111");
  assertEquals(String(fixture.connection.getPeer()), "192.0.2.2:2222");
  assertEquals(fixture.connection.logPrefix(), "Recorder,7,192.0.2.2");
});

Deno.test("Connection.clock is the clock of its reactor", () => {
  using fixture = connect();
  assertStrictEquals(fixture.connection.clock, fixture.host.reactor);
});

Deno.test("Connection.disconnecting is true after abortConnection()", () => {
  using fixture = connect();
  fixture.connection.abortConnection();
  assert(fixture.connection.disconnecting);
  fixture.host.settle();
  assert(!fixture.connection.disconnecting);
  assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("Connection is lost with ConnectionDone when the peer closes", () => {
  using fixture = connect();
  fixture.peer.send("bye");
  fixture.host.settle();
  fixture.peer.driver.close();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "received bye", "lost ConnectionDone"]);
  assert(!fixture.connection.connected);
  assert(!fixture.connection.disconnecting);
});

Deno.test("Connection is lost with one frozen ConnectionDone, as in Twisted, after a clean close", () => {
  using first = connect();
  using second = connect();
  first.connection.loseConnection();
  second.peer.driver.close();
  for (const { host } of [first, second]) host.settle();
  assertInstanceOf(first.protocol.reason, ConnectionDone);
  assertStrictEquals(first.protocol.reason, second.protocol.reason);
  assert(Object.isFrozen(first.protocol.reason));
  // The stack of the connection that was lost first would mislead.
  assertEquals(first.protocol.reason.stack, "ConnectionDone: Connection was closed cleanly");
});

Deno.test("Connection is lost with ConnectionLost and the system's code when the peer resets", () => {
  using fixture = connect();
  fixture.peer.driver.abort();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
  const { reason } = fixture.protocol;
  assertInstanceOf(reason, ConnectionLost);
  assertEquals([reason.code, reason.syscall, reason.address], [
    "ECONNRESET",
    "read",
    "192.0.2.2:2222",
  ]);
});

Deno.test("Connection.loseConnection() flushes pending writes before closing", () => {
  using fixture = connect({ capacity: 10 });
  fixture.connection.write("0123456789012345678901234");
  fixture.connection.loseConnection();
  assert(fixture.connection.disconnecting);
  assert(fixture.connection.connected);
  fixture.host.settle();
  assertEquals(fixture.peer.text, "0123456789012345678901234");
  assertEquals(fixture.peer.end, "ended");
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
  assertEquals(fixture.driver.calls, ["write(25)", "write(15)", "write(5)", "close()"]);
});

Deno.test("Connection.loseConnection() never calls connectionLost() before it returns", () => {
  using fixture = connect();
  fixture.connection.loseConnection();
  assertEquals(fixture.events, ["made"]);
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection.loseConnection() twice closes once", () => {
  using fixture = connect();
  fixture.connection.loseConnection();
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.connection.loseConnection();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

for (const synchronous of [false, true]) {
  const how = synchronous ? "a synchronous" : "an asynchronous";
  const lose = (protocol: Recorder) => protocol.transport.loseConnection();
  const abort = (protocol: Recorder) => protocol.transport.abortConnection();

  Deno.test(`Connection.loseConnection() works in connectionMade() over ${how} driver`, () => {
    using fixture = connect({
      synchronous,
      connectionMade: (protocol) => {
        protocol.transport.write("Hello Twisted");
        protocol.transport.loseConnection();
      },
    });
    assertEquals(fixture.peer.text, "Hello Twisted");
    assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
  });

  Deno.test(`Connection.loseConnection() works in dataReceived() over ${how} driver`, () => {
    using fixture = connect({ synchronous, dataReceived: lose });
    fixture.peer.send("one");
    fixture.host.settle();
    fixture.peer.send("two");
    fixture.host.settle();
    assertEquals(fixture.events, ["made", "received one", "lost ConnectionDone"]);
  });

  Deno.test(`Connection.abortConnection() works in connectionMade() over ${how} driver`, () => {
    using fixture = connect({ synchronous, connectionMade: abort });
    assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
    assertEquals(fixture.driver.calls, ["abort()"]);
  });

  Deno.test(`Connection.abortConnection() works in dataReceived() over ${how} driver`, () => {
    using fixture = connect({ synchronous, dataReceived: abort });
    fixture.peer.send("one");
    fixture.peer.send("two");
    fixture.host.settle();
    assertEquals(fixture.events, ["made", "received one", "lost ConnectionAborted"]);
    assertEquals(fixture.peer.end, "ECONNRESET");
  });

  Deno.test(`Connection ignores calls that close it in connectionLost() over ${how} driver`, () => {
    using fixture = connect({
      synchronous,
      connectionLost: (protocol) => {
        protocol.transport.loseConnection();
        protocol.transport.abortConnection();
        protocol.transport.loseWriteConnection();
        protocol.transport.write("late");
        protocol.transport.pauseProducing();
        protocol.transport.resumeProducing();
        protocol.transport.setTcpNoDelay(true);
        protocol.transport.setTcpKeepAlive(true);
      },
    });
    fixture.peer.driver.close();
    fixture.host.settle();
    assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
    assertEquals(fixture.driver.calls, ["close()"]);
  });
}

Deno.test("Connection.abortConnection() drops unsent bytes and resets the connection", () => {
  using fixture = connect({ capacity: 10 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("x".repeat(100));
  fixture.host.settle();
  fixture.connection.abortConnection();
  assertEquals(fixture.events, ["made"]);
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
  assertEquals(fixture.driver.calls.at(-1), "abort()");
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.peer.end, "ECONNRESET");
});

Deno.test("Connection.abortConnection() passes its reason to connectionLost(), or as the cause", () => {
  const aborted = new ConnectionTimeout("idle", 4, "192.0.2.2:2222");
  const boom = new RangeError("boom");
  for (const given of [aborted, boom]) {
    using fixture = connect();
    fixture.connection.abortConnection(given);
    fixture.connection.abortConnection(new Error("too late"));
    fixture.host.settle();
    const { reason } = fixture.protocol;
    assertInstanceOf(reason, ConnectionAborted);
    if (given === aborted) assertStrictEquals(reason, aborted);
    else {
      assertStrictEquals(reason.cause, boom);
      assertEquals(reason.message, "Connection was aborted locally: boom");
    }
    assertEquals(fixture.peer.end, "ECONNRESET");
  }
});

Deno.test("Connection.abortConnection() after loseConnection() aborts at once", () => {
  using fixture = connect();
  fixture.connection.write("unsent");
  fixture.connection.loseConnection();
  fixture.connection.abortConnection();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
  assertEquals(fixture.peer.text, "");
});

Deno.test("Connection.abortConnection() called twice aborts once", () => {
  using fixture = connect();
  fixture.connection.abortConnection();
  fixture.connection.abortConnection();
  fixture.connection.loseConnection();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("Connection.abortConnection() determines the reason, despite later failures", () => {
  for (const meanwhile of ["reset", "shut down"]) {
    using fixture = connect();
    fixture.connection.abortConnection();
    if (meanwhile === "reset") fixture.driver.failed(new ConnectionLost("reset"));
    else fixture.connection.shutDown();
    fixture.host.settle();
    assertInstanceOf(fixture.protocol.reason, ConnectionAborted, meanwhile);
    assertEquals(fixture.driver.calls, ["abort()"]);
  }
});

Deno.test("Connection ignores a reset by the peer after it has closed", () => {
  using fixture = connect();
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.peer.driver.abort();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection sends pending bytes after the peer has closed its writing side", () => {
  using fixture = connect({
    capacity: 4,
    dataReceived: (protocol, data) => protocol.transport.write(data),
  });
  fixture.peer.send("echo this, please");
  fixture.host.settle();
  fixture.peer.driver.stopReading();
  fixture.peer.send("and this: 0123456789");
  fixture.host.settle();
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  assert(fixture.connection.connected);
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "echo this, pleaseand this: 0123456789");
  assertEquals(fixture.events.at(-1), "lost ConnectionDone");
});

Deno.test("Connection is lost with ConnectionDone if the peer closes, then resets unread bytes", () => {
  using fixture = connect({ capacity: 4 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  fixture.peer.driver.close();
  fixture.host.settle();
  assertInstanceOf(fixture.protocol.reason, ConnectionDone);
  assertInstanceOf(fixture.protocol.reason.cause, ConnectionLost);
});

Deno.test("Connection is lost with ConnectionLost if the peer closes before pending bytes are sent", () => {
  using fixture = connect({ capacity: 4 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.connection.loseConnection();
  fixture.peer.driver.closeWrite();
  fixture.host.settle();
  fixture.peer.driver.close();
  fixture.host.settle();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
});

Deno.test("Connection.shutDown() loses the connection at once and drops unsent data", () => {
  using fixture = connect({ capacity: 4 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.host.settle();
  fixture.connection.shutDown();
  assertEquals(fixture.events, ["made", "lost ConnectionLost"]);
  fixture.host.settle();
  assertEquals(fixture.host.resources.size, 0);
});

Deno.test("Connection.stopProducing() closes as loseConnection() does", () => {
  using fixture = connect();
  fixture.connection.write("last words");
  fixture.connection.stopProducing();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "last words");
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

Deno.test("Connection.loseConnection() keeps reading and drops received data", () => {
  using fixture = connect({ capacity: 4 });
  fixture.peer.driver.stopReading();
  fixture.connection.write("0123456789");
  fixture.connection.loseConnection();
  fixture.peer.send("I send first: 0123456789");
  fixture.host.settle();
  fixture.peer.driver.startReading();
  fixture.host.settle();
  assertEquals(fixture.peer.text, "0123456789");
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
});

for (const method of ["connectionMade", "dataReceived"] as const) {
  for (const kind of ["throws", "rejects"] as const) {
    Deno.test(`Connection logs the error of a ${method}() that ${kind}, and is lost with it`, async () => {
      using errors = new LoggedErrors();
      const error = new RangeError("boom");
      using fixture = connect({
        [method]: kind === "throws"
          ? () => {
            throw error;
          }
          : () => Promise.reject(error),
      });
      fixture.peer.send("hello");
      fixture.host.settle();
      await promisesSettle();
      fixture.host.settle();
      assertEquals(fixture.events.at(-1), "lost RangeError");
      assertStrictEquals(fixture.protocol.reason, error);
      const [event, ...more] = errors.takeEvents();
      assertStrictEquals(event?.failure, error);
      const called = method === "connectionMade" ? "makeConnection" : method;
      assertEquals(event?.why, `Error while calling ${called}`);
      assertEquals(event?.system, "Recorder,7,192.0.2.2");
      assertEquals(more, []);
    });
  }
}

for (const kind of ["throws", "rejects"] as const) {
  Deno.test(`Connection logs a connectionLost() that ${kind}, and still notifies its owner`, async () => {
    using errors = new LoggedErrors();
    const error = new RangeError("boom");
    using fixture = connect({
      connectionLost: kind === "throws"
        ? () => {
          throw error;
        }
        : () => Promise.reject(error),
    });
    fixture.peer.driver.close();
    fixture.host.settle();
    await promisesSettle();
    assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
    assertEquals(errors.take(), [error]);
  });
}

Deno.test("Connection logs an error after abortConnection() and keeps ConnectionAborted", () => {
  using errors = new LoggedErrors();
  using fixture = connect({
    dataReceived: (protocol) => {
      protocol.transport.abortConnection();
      throw new RangeError("boom");
    },
  });
  fixture.peer.send("x");
  fixture.host.settle();
  assertEquals(fixture.events.at(-1), "lost ConnectionAborted");
  assertEquals(errors.take().map(String), ["RangeError: boom"]);
});

Deno.test("Connection drops data that a protocol's method wrote before it threw", () => {
  using errors = new LoggedErrors();
  using fixture = connect({
    dataReceived: (protocol) => {
      protocol.transport.write("half an answ");
      throw new RangeError("boom");
    },
  });
  fixture.peer.send("x");
  fixture.host.settle();
  assertEquals(fixture.peer.text, "");
  assertEquals(errors.take().length, 1);
});

Deno.test("Connection uses a thrown value that is not an Error as the cause of an Error", () => {
  using errors = new LoggedErrors();
  using fixture = connect({
    dataReceived: () => {
      // deno-lint-ignore no-throw-literal -- this is what users may do
      throw "boom";
    },
  });
  fixture.peer.send("x");
  fixture.host.settle();
  assertInstanceOf(fixture.protocol.reason, Error);
  assertEquals(fixture.protocol.reason.cause, "boom");
  assertEquals(errors.take().length, 1);
});

Deno.test("Connection works although the protocol's logPrefix() throws", () => {
  using errors = new LoggedErrors();
  using fixture = connect({
    dataReceived: () => {
      throw new RangeError("boom");
    },
  });
  fixture.protocol.logPrefix = () => {
    throw new TypeError("no prefix");
  };
  fixture.peer.send("x");
  fixture.host.settle();
  assertEquals(fixture.events.at(-1), "lost RangeError");
  assert(errors.take().some((error) => error.message === "boom"));
});

Deno.test("Connection passes unref() and, while it is open, socket options to its driver", () => {
  using fixture = connect();
  fixture.connection.unref();
  assertEquals([fixture.connection.getTcpNoDelay(), fixture.connection.getTcpKeepAlive()], [
    false,
    false,
  ]);
  fixture.connection.setTcpNoDelay(true);
  fixture.connection.setTcpKeepAlive(true);
  assertEquals([fixture.connection.getTcpNoDelay(), fixture.connection.getTcpKeepAlive()], [
    true,
    true,
  ]);
  assertEquals(fixture.driver.calls, ["setNoDelay(true)", "setKeepAlive(true)"]);
  fixture.connection.loseConnection();
  fixture.host.settle();
  fixture.connection.setTcpNoDelay(false);
  assertEquals(fixture.driver.calls.at(-1), "close()");
});

Deno.test("Connection is an open resource of its reactor until its driver is released", () => {
  using fixture = connect();
  assertEquals(fixture.host.resources.size, 1);
  fixture.connection.loseConnection();
  fixture.host.endTurn();
  assertEquals(fixture.events, ["made", "lost ConnectionDone"]);
  assertEquals(fixture.host.resources.size, 1); // the read that waits has not ended yet
  fixture.host.settle();
  assertEquals(fixture.host.resources.size, 0);
});
