/**
 * How a connection lives and ends. The other tests of `connection.ts`: `connection_reading_test.ts`, `connection_writing_test.ts`,
 * `connection_producer_test.ts`, `connection_half_close_test.ts`, `connection_property_test.ts`.
 *
 * Of Twisted's tests on the state machine (all classes are listed in `conformance/tcp.ts`):
 *
 * - `internet/test/test_tcp.py` `AbortConnectionMixin`: all eleven are here, in `connection_writing_test.ts` (a full write buffer) or in
 *   `connection_producer_test.ts`, without a network. `TCPServerTests`: `test_writeAfterDisconnect` and `test_writeSequenceAfterDisconnect` are
 *   in `connection_writing_test.ts`, the two after TLS in `deno/start_tls_test.ts`.
 * - `TCPConnectionTests.test_doReadWarningIsRaised`: a value returned from `dataReceived` was once a reason to close; here only a
 *   promise means anything. `test_noTLSBeforeStartTLS` and `test_tlsAfterStartTLS`: `secure`, in `tls/tls_driver_test.ts`.
 * - `TCPConnectionTestsBuilder`: `test_stopStartReading`, `test_resumeProducing…` and `test_connectionLostAfterPausedTransport` in
 *   `connection_reading_test.ts`, `test_doubleHalfClose` in `connection_half_close_test.ts`.
 * - `WriteSequenceTestsMixin`, `test_unregisterProducerAfterDisconnect`, `test_disconnectWhileProducing`: `connection_producer_test.ts`.
 *   `test_writeSequenceWithUnicodeRaisesException` does not apply: a string goes out as UTF-8.
 * - `test/test_tcp.py` `HalfCloseBuggyApplicationTests`, `HalfCloseNoNotificationAndShutdownExceptionTests`: `connection_half_close_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { connect, type Recorder } from "./conformance/connection_bed.ts";
import { LoggedErrors } from "./conformance/logged_errors.ts";
import { ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionTimeout } from "./errors.ts";

/** Lets promises that have settled be noticed. */
async function promisesSettle(): Promise<void> {
  for (let i = 0; i < 5; i++) await null;
}

Deno.test("makeConnection() comes first, with the transport", () => {
  using bed = connect();
  assertEquals(bed.events, ["made"]);
  assertStrictEquals(bed.protocol.transport, bed.connection);
  assert(bed.connection.connected);
  assert(!bed.connection.disconnecting);
  assertEquals(String(bed.connection.getHost()), "192.0.2.1:1111");
  assertEquals(String(bed.connection.getPeer()), "192.0.2.2:2222");
  assertEquals(bed.connection.logPrefix(), "Recorder,7,192.0.2.2");
});

Deno.test("disconnecting says that the connection ends also when it is aborted", () => {
  using bed = connect();
  bed.connection.abortConnection();
  assert(bed.connection.disconnecting);
  bed.host.settle();
  assert(!bed.connection.disconnecting);
  assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("The peer closes: ConnectionDone", () => {
  using bed = connect();
  bed.peer.send("bye");
  bed.host.settle();
  bed.peer.driver.close();
  bed.host.settle();
  assertEquals(bed.events, ["made", "received bye", "lost ConnectionDone"]);
  assert(!bed.connection.connected);
  assert(!bed.connection.disconnecting);
});

Deno.test("The peer resets: ConnectionLost with the system's code", () => {
  using bed = connect();
  bed.peer.driver.abort();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionLost"]);
  const { reason } = bed.protocol;
  assertInstanceOf(reason, ConnectionLost);
  assertEquals([reason.code, reason.syscall, reason.address], [
    "ECONNRESET",
    "read",
    "192.0.2.2:2222",
  ]);
});

Deno.test("loseConnection() sends what was written, then closes: ConnectionDone", () => {
  using bed = connect({ capacity: 10 });
  bed.connection.write("0123456789012345678901234");
  bed.connection.loseConnection();
  assert(bed.connection.disconnecting);
  assert(bed.connection.connected);
  bed.host.settle();
  assertEquals(bed.peer.text, "0123456789012345678901234");
  assertEquals(bed.peer.end, "ended");
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
  assertEquals(bed.driver.calls, ["write(25)", "write(15)", "write(5)", "close()"]);
});

Deno.test("loseConnection() never calls connectionLost() before it returns", () => {
  using bed = connect();
  bed.connection.loseConnection();
  assertEquals(bed.events, ["made"]);
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("loseConnection() twice closes once", () => {
  using bed = connect();
  bed.connection.loseConnection();
  bed.connection.loseConnection();
  bed.host.settle();
  bed.connection.loseConnection();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

for (const synchronous of [false, true]) {
  const how = synchronous ? "a synchronous" : "an asynchronous";
  const lose = (protocol: Recorder) => protocol.transport.loseConnection();
  const abort = (protocol: Recorder) => protocol.transport.abortConnection();

  Deno.test(`loseConnection() in connectionMade() over ${how} driver`, () => {
    using bed = connect({
      synchronous,
      connectionMade: (protocol) => {
        protocol.transport.write("Hello Twisted");
        protocol.transport.loseConnection();
      },
    });
    assertEquals(bed.peer.text, "Hello Twisted");
    assertEquals(bed.events, ["made", "lost ConnectionDone"]);
  });

  Deno.test(`loseConnection() in dataReceived() over ${how} driver`, () => {
    using bed = connect({ synchronous, dataReceived: lose });
    bed.peer.send("one");
    bed.host.settle();
    bed.peer.send("two");
    bed.host.settle();
    assertEquals(bed.events, ["made", "received one", "lost ConnectionDone"]);
  });

  Deno.test(`abortConnection() in connectionMade() over ${how} driver`, () => {
    using bed = connect({ synchronous, connectionMade: abort });
    assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
    assertEquals(bed.driver.calls, ["abort()"]);
  });

  Deno.test(`abortConnection() in dataReceived() over ${how} driver`, () => {
    using bed = connect({ synchronous, dataReceived: abort });
    bed.peer.send("one");
    bed.peer.send("two");
    bed.host.settle();
    assertEquals(bed.events, ["made", "received one", "lost ConnectionAborted"]);
    assertEquals(bed.peer.end, "ECONNRESET");
  });

  Deno.test(`loseConnection() and abortConnection() in connectionLost() do nothing over ${how} driver`, () => {
    using bed = connect({
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
    bed.peer.driver.close();
    bed.host.settle();
    assertEquals(bed.events, ["made", "lost ConnectionDone"]);
    assertEquals(bed.driver.calls, ["close()"]);
  });
}

Deno.test("abortConnection() throws away what is unsent, and the peer sees a reset", () => {
  using bed = connect({ capacity: 10 });
  bed.peer.driver.stopReading();
  bed.connection.write("x".repeat(100));
  bed.host.settle();
  bed.connection.abortConnection();
  assertEquals(bed.events, ["made"]);
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
  assertEquals(bed.driver.calls.at(-1), "abort()");
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.peer.end, "ECONNRESET");
});

Deno.test("abortConnection() with a reason: the protocol gets it, by itself or as the cause, and the peer sees a reset", () => {
  const aborted = new ConnectionTimeout("idle", 4, "192.0.2.2:2222");
  const boom = new RangeError("boom");
  for (const given of [aborted, boom]) {
    using bed = connect();
    bed.connection.abortConnection(given);
    bed.connection.abortConnection(new Error("too late"));
    bed.host.settle();
    const { reason } = bed.protocol;
    assertInstanceOf(reason, ConnectionAborted);
    if (given === aborted) assertStrictEquals(reason, aborted);
    else {
      assertStrictEquals(reason.cause, boom);
      assertEquals(reason.message, "Connection was aborted locally: boom");
    }
    assertEquals(bed.peer.end, "ECONNRESET");
  }
});

Deno.test("abortConnection() after loseConnection() aborts", () => {
  using bed = connect();
  bed.connection.write("unsent");
  bed.connection.loseConnection();
  bed.connection.abortConnection();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
  assertEquals(bed.peer.text, "");
});

Deno.test("abortConnection() twice, and loseConnection() after it, abort once", () => {
  using bed = connect();
  bed.connection.abortConnection();
  bed.connection.abortConnection();
  bed.connection.loseConnection();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionAborted"]);
});

Deno.test("A connection that was aborted has not been lost otherwise, whatever happens meanwhile", () => {
  for (const meanwhile of ["reset", "shut down"]) {
    using bed = connect();
    bed.connection.abortConnection();
    if (meanwhile === "reset") bed.driver.failed(new ConnectionLost("reset"));
    else bed.connection.shutDown();
    bed.host.settle();
    assertInstanceOf(bed.protocol.reason, ConnectionAborted, meanwhile);
    assertEquals(bed.driver.calls, ["abort()"]);
  }
});

Deno.test("What the peer resets after we closed is not heard any more", () => {
  using bed = connect();
  bed.connection.loseConnection();
  bed.host.settle();
  bed.peer.driver.abort();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("When the peer closes first, what was written still goes out: an echo to a peer that only shut down its writing", () => {
  using bed = connect({
    capacity: 4,
    dataReceived: (protocol, data) => protocol.transport.write(data),
  });
  bed.peer.send("echo this, please");
  bed.host.settle();
  bed.peer.driver.stopReading();
  bed.peer.send("and this: 0123456789");
  bed.host.settle();
  bed.peer.driver.closeWrite();
  bed.host.settle();
  assert(bed.connection.connected);
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.peer.text, "echo this, pleaseand this: 0123456789");
  assertEquals(bed.events.at(-1), "lost ConnectionDone");
});

Deno.test("A peer that closed for good did not care for what was left: ConnectionDone, with the break as its cause", () => {
  using bed = connect({ capacity: 4 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.peer.driver.closeWrite();
  bed.host.settle();
  bed.peer.driver.close();
  bed.host.settle();
  assertInstanceOf(bed.protocol.reason, ConnectionDone);
  assertInstanceOf(bed.protocol.reason.cause, ConnectionLost);
});

Deno.test("A peer that closes while we close and have bytes unsent: ConnectionLost, for they did not arrive", () => {
  using bed = connect({ capacity: 4 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.connection.loseConnection();
  bed.peer.driver.closeWrite();
  bed.host.settle();
  bed.peer.driver.close();
  bed.host.settle();
  assertEquals(bed.events, ["made", "lost ConnectionLost"]);
});

Deno.test("shutDown() loses the connection at once, whatever is unsent", () => {
  using bed = connect({ capacity: 4 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.host.settle();
  bed.connection.shutDown();
  assertEquals(bed.events, ["made", "lost ConnectionLost"]);
  bed.host.settle();
  assertEquals(bed.host.resources.size, 0);
});

Deno.test("stopProducing() is loseConnection()", () => {
  using bed = connect();
  bed.connection.write("last words");
  bed.connection.stopProducing();
  bed.host.settle();
  assertEquals(bed.peer.text, "last words");
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

Deno.test("A closing connection reads on, into nothing: a peer that sends before it reads is not stuck", () => {
  using bed = connect({ capacity: 4 });
  bed.peer.driver.stopReading();
  bed.connection.write("0123456789");
  bed.connection.loseConnection();
  bed.peer.send("I send first: 0123456789");
  bed.host.settle();
  bed.peer.driver.startReading();
  bed.host.settle();
  assertEquals(bed.peer.text, "0123456789");
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
});

for (const method of ["connectionMade", "dataReceived"] as const) {
  for (const kind of ["throws", "rejects"] as const) {
    Deno.test(`${method}() that ${kind} loses the connection with its error, which is logged`, async () => {
      using errors = new LoggedErrors();
      const error = new RangeError("boom");
      using bed = connect({
        [method]: kind === "throws"
          ? () => {
            throw error;
          }
          : () => Promise.reject(error),
      });
      bed.peer.send("hello");
      bed.host.settle();
      await promisesSettle();
      bed.host.settle();
      assertEquals(bed.events.at(-1), "lost RangeError");
      assertStrictEquals(bed.protocol.reason, error);
      const [event, ...more] = errors.takeEvents();
      assertStrictEquals(event?.failure, error);
      const called = method === "connectionMade" ? "makeConnection" : method;
      assertEquals(event?.why, `While calling ${called}`);
      assertEquals(event?.system, "Recorder,7,192.0.2.2");
      assertEquals(more, []);
    });
  }
}

for (const kind of ["throws", "rejects"] as const) {
  Deno.test(`connectionLost() that ${kind} is logged, and its owner is told still`, async () => {
    using errors = new LoggedErrors();
    const error = new RangeError("boom");
    using bed = connect({
      connectionLost: kind === "throws"
        ? () => {
          throw error;
        }
        : () => Promise.reject(error),
    });
    bed.peer.driver.close();
    bed.host.settle();
    await promisesSettle();
    assertEquals(bed.events, ["made", "lost ConnectionDone"]);
    assertEquals(errors.take(), [error]);
  });
}

Deno.test("An error after abortConnection() is logged; the reason is ConnectionAborted", () => {
  using errors = new LoggedErrors();
  using bed = connect({
    dataReceived: (protocol) => {
      protocol.transport.abortConnection();
      throw new RangeError("boom");
    },
  });
  bed.peer.send("x");
  bed.host.settle();
  assertEquals(bed.events.at(-1), "lost ConnectionAborted");
  assertEquals(errors.take().map(String), ["RangeError: boom"]);
});

Deno.test("What was written before an error does not go out", () => {
  using errors = new LoggedErrors();
  using bed = connect({
    dataReceived: (protocol) => {
      protocol.transport.write("half an answ");
      throw new RangeError("boom");
    },
  });
  bed.peer.send("x");
  bed.host.settle();
  assertEquals(bed.peer.text, "");
  assertEquals(errors.take().length, 1);
});

Deno.test("What is thrown and is no Error becomes the cause of one", () => {
  using errors = new LoggedErrors();
  using bed = connect({
    dataReceived: () => {
      // deno-lint-ignore no-throw-literal -- this is what users may do
      throw "boom";
    },
  });
  bed.peer.send("x");
  bed.host.settle();
  assertInstanceOf(bed.protocol.reason, Error);
  assertEquals(bed.protocol.reason.cause, "boom");
  assertEquals(errors.take().length, 1);
});

Deno.test("A logPrefix() that throws neither hides an error nor keeps the connection open", () => {
  using errors = new LoggedErrors();
  using bed = connect({
    dataReceived: () => {
      throw new RangeError("boom");
    },
  });
  bed.protocol.logPrefix = () => {
    throw new TypeError("no prefix");
  };
  bed.peer.send("x");
  bed.host.settle();
  assertEquals(bed.events.at(-1), "lost RangeError");
  assert(errors.take().some((error) => error.message === "boom"));
});

Deno.test("unref() reaches the driver, and options of the socket do while it is open", () => {
  using bed = connect();
  bed.connection.unref();
  assertEquals([bed.connection.getTcpNoDelay(), bed.connection.getTcpKeepAlive()], [false, false]);
  bed.connection.setTcpNoDelay(true);
  bed.connection.setTcpKeepAlive(true);
  assertEquals([bed.connection.getTcpNoDelay(), bed.connection.getTcpKeepAlive()], [true, true]);
  assertEquals(bed.driver.calls, ["setNoDelay(true)", "setKeepAlive(true)"]);
  bed.connection.loseConnection();
  bed.host.settle();
  bed.connection.setTcpNoDelay(false);
  assertEquals(bed.driver.calls.at(-1), "close()");
});

Deno.test("A connection is a resource of its reactor until its driver has let go", () => {
  using bed = connect();
  assertEquals(bed.host.resources.size, 1);
  bed.connection.loseConnection();
  bed.host.endTurn();
  assertEquals(bed.events, ["made", "lost ConnectionDone"]);
  assertEquals(bed.host.resources.size, 1); // the read that waits has not ended yet
  bed.host.settle();
  assertEquals(bed.host.resources.size, 0);
});
