/**
 * A listening port over an acceptor that the test controls. With real sockets:
 * `testing/conformance/tcp_listening.ts`.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { addObserver, type LogEvent } from "../../log/mod.ts";
import { Protocol } from "../../protocol/mod.ts";
import { TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { HandAcceptor, LIMITS, listen, TestFactory } from "../../testing/fixtures/port_fixture.ts";
import type { IDelayedCall, IProtocol } from "../interfaces/mod.ts";
import { noRefusals } from "../lifecycle/refusals.ts";
import { StreamPort } from "./stream_port.ts";

Deno.test("StreamPort accepts one connection after another", () => {
  const { factory, acceptor, port, host } = listen();
  for (let i = 1; i <= 3; i++) {
    assert(acceptor.connect() !== null);
    assertEquals(factory.built.length, i);
    assertEquals(port.connectionCount, i);
  }
  factory.built[0]?.transport.loseConnection();
  host.settle();
  assertEquals(port.connectionCount, 2);
});

Deno.test("StreamPort accepts connections only while the reactor runs", () => {
  const host = new TestHost();
  host.isRunning = false;
  const { acceptor } = listen({}, new TestFactory(), host);
  assert(!acceptor.isAccepting);
  host.run();
  assert(acceptor.isAccepting);
});

Deno.test("StreamPort never accepts a connection if it is stopped before the reactor runs", () => {
  const host = new TestHost();
  host.isRunning = false;
  const { acceptor, port } = listen({}, new TestFactory(), host);
  port.stopListening();
  host.run();
  assert(!acceptor.isAccepting);
  acceptor.release();
  assertEquals(host.resources.size, 0);
});

Deno.test("StreamPort numbers its connections, and their log prefix shows the number", () => {
  const { factory, acceptor } = listen();
  acceptor.connect("192.0.2.7");
  acceptor.connect("192.0.2.8");
  const prefixes = factory.built.map(({ transport }) =>
    "logPrefix" in transport && typeof transport.logPrefix === "function"
      ? transport.logPrefix()
      : ""
  );
  assertEquals(prefixes, ["Protocol,0,192.0.2.7", "Protocol,1,192.0.2.8"]);
});

Deno.test("maxConnections pauses accepting until a connection is lost", () => {
  const { factory, acceptor, host } = listen({ maxConnections: 2 });
  acceptor.connect();
  acceptor.connect();
  assert(!acceptor.isAccepting);
  factory.built[0]?.transport.abortConnection();
  assert(!acceptor.isAccepting);
  host.settle();
  assert(acceptor.isAccepting);
  acceptor.connect();
  assert(!acceptor.isAccepting);
});

Deno.test('maxConnections with overflow "refuse" accepts and closes a connection at once', () => {
  const { factory, acceptor, host } = listen({ maxConnections: 1, overflow: "refuse" });
  acceptor.connect();
  const refused = acceptor.connect();
  assertEquals(refused?.end, "ECONNRESET");
  assertEquals(factory.built.length, 1);
  factory.built[0]?.transport.loseConnection();
  host.settle();
  assertEquals(acceptor.connect()?.end, "");
  assertEquals(factory.built.length, 2);
});

Deno.test("maxConnectionsPerHost refuses further connections of the same host only", () => {
  const { factory, acceptor, host } = listen({ maxConnectionsPerHost: 1 });
  acceptor.connect("192.0.2.1");
  assertEquals(acceptor.connect("192.0.2.1")?.end, "ECONNRESET");
  assertEquals(acceptor.connect("192.0.2.2")?.end, "");
  factory.built[0]?.transport.loseConnection();
  host.settle();
  assertEquals(acceptor.connect("192.0.2.1")?.end, "");
  assertEquals(factory.built.length, 3);
});

Deno.test("StreamPort closes a connection if buildProtocol() returns null or throws", () => {
  using errors = new LoggedErrors();
  const factory = new TestFactory();
  const { acceptor, port } = listen({}, factory);
  factory.buildProtocol = () => null;
  assertEquals(acceptor.connect()?.end, "ended");
  factory.buildProtocol = () => {
    throw new RangeError("boom");
  };
  assertEquals(acceptor.connect("192.0.2.9")?.end, "ended");
  const [event] = errors.takeEvents();
  assertEquals(event?.why, "Error while calling buildProtocol for 192.0.2.9:3000");
  assertEquals(port.connectionCount, 0);
  assert(acceptor.isAccepting);
});

Deno.test("StreamPort.stopListening() in buildProtocol() or connectionMade() keeps the connection", () => {
  for (const where of ["buildProtocol", "connectionMade"]) {
    const factory = new TestFactory();
    const { acceptor, port, host } = listen({}, factory);
    const protocol = new Protocol();
    factory.buildProtocol = () => {
      if (where === "buildProtocol") port.stopListening();
      return protocol;
    };
    protocol.connectionMade = () => {
      if (where === "connectionMade") port.stopListening();
    };
    acceptor.connect();
    acceptor.release();
    assert(protocol.transport.connected);
    protocol.transport.loseConnection();
    host.settle();
    assertEquals(host.resources.size, 0);
  }
});

/** Returns the system's error when no file descriptor is left. */
const shortage = () => Object.assign(new Error("Too many open files"), { code: "EMFILE" });

/** Collects the log lines about accepting. */
function acceptingLog(): Disposable & { lines: string[] } {
  const lines: string[] = [];
  const observing = addObserver(({ level, message, failure }) => {
    if (/accept/i.test(message)) lines.push(`${level}: ${message}${failure ? " (stack)" : ""}`);
  }, { replay: false });
  return { lines, [Symbol.dispose]: () => observing[Symbol.dispose]() };
}

const PAUSES =
  "error: Cannot accept connections on 127.0.0.1:2000, so accepting is paused: Too many open files";

Deno.test("StreamPort logs one line for a shortage of descriptors, and pauses accepting", () => {
  using log = acceptingLog();
  const { acceptor, host, factory } = listen();
  for (let i = 0; i < 5; i++) {
    acceptor.fail(shortage());
    assert(!acceptor.isAccepting);
    host.advance(0.099);
    assert(!acceptor.isAccepting);
    host.advance(0.001);
    assert(acceptor.isAccepting);
  }
  assertEquals(log.lines, [PAUSES]);
  acceptor.connect();
  assertEquals(factory.built.length, 1);
});

Deno.test("StreamPort logs that it accepts again after one second without a failure", () => {
  using log = acceptingLog();
  const { acceptor, host } = listen();
  acceptor.fail(shortage());
  host.advance(0.1);
  acceptor.connect();
  host.advance(0.9);
  // One connection between failures does not end the shortage.
  acceptor.fail(shortage());
  host.advance(0.1);
  acceptor.connect();
  host.advance(0.99);
  assertEquals(log.lines, [PAUSES]);
  host.advance(0.01);
  const resumed = "info: Accepting connections on 127.0.0.1:2000 again after 1.1 s";
  assertEquals(log.lines, [PAUSES, resumed]);
  host.advance(60);
  acceptor.fail(shortage());
  assertEquals(log.lines, [PAUSES, resumed, PAUSES]);
});

Deno.test("StreamPort closes the connections of clients that waited one second in a shortage", () => {
  using log = acceptingLog();
  const { acceptor, host } = listen();
  for (let i = 1; i <= 11; i++) {
    acceptor.fail(shortage());
    host.advance(0.1);
    assertEquals(acceptor.turnsAway, i > 10, `after ${i} failures`);
  }
  for (let i = 0; i < 3; i++) acceptor.turnAway();
  assert(acceptor.turnsAway);
  acceptor.connect();
  assert(acceptor.isAccepting && !acceptor.turnsAway);
  host.advance(1);
  const resumed =
    "info: Accepting connections on 127.0.0.1:2000 again after 1.1 s; connections turned away: 3";
  assertEquals(log.lines, [PAUSES, resumed]);
});

Deno.test("StreamPort.stopListening() during a shortage of descriptors logs no error", () => {
  using log = acceptingLog();
  const { acceptor, host, port } = listen();
  acceptor.fail(shortage());
  host.advance(0.1);
  acceptor.connect();
  port.stopListening();
  acceptor.release();
  host.advance(10);
  assertEquals(log.lines, [PAUSES]);
});

Deno.test("StreamPort logs any other failure to accept with its stack", () => {
  using errors = new LoggedErrors();
  const { acceptor } = listen();
  const failure = new Error("broken");
  acceptor.fail(failure);
  const [event, ...more] = errors.takeEvents();
  assertEquals(event?.why, "Cannot accept connections on 127.0.0.1:2000, so accepting is paused");
  assertStrictEquals(event?.failure, failure);
  assertEquals(more, []);
});

Deno.test("StreamPort does not accept while paused after a failure, even if a connection is lost", () => {
  using errors = new LoggedErrors();
  const { acceptor, host, factory } = listen();
  acceptor.connect();
  acceptor.fail(new Error("Too many open files"));
  factory.built[0]?.transport.loseConnection();
  host.settle();
  assert(!acceptor.isAccepting);
  assertEquals(errors.takeEvents().length, 1);
});

Deno.test("StreamPort.stopListening() fires for every caller and keeps connections open", () => {
  const { acceptor, port, factory, host } = listen();
  acceptor.connect();
  const fired: string[] = [];
  const cancelled = port.stopListening();
  cancelled.addErrback(() => void fired.push("cancelled"));
  port.stopListening().addCallback(() => void fired.push("first"));
  port.stopListening().addCallback(() => void fired.push("second"));
  cancelled.cancel();
  assertEquals(fired, ["cancelled"]);
  assertEquals(acceptor.calls, ["close"]);
  acceptor.release();
  assertEquals(fired, ["cancelled", "first", "second"]);
  assert(factory.built[0]?.transport.connected);
  assertEquals(factory.events, ["start", "stop"]);
  let again = false;
  port.stopListening().addCallback(() => again = true);
  assert(again);
  factory.built[0]?.transport.loseConnection();
  host.settle();
});

Deno.test("StreamPort.stopListening() cancels the timed call of a pause after a failure", () => {
  using errors = new LoggedErrors();
  const { acceptor, port, host } = listen();
  acceptor.fail(new Error("Too many open files"));
  port.stopListening();
  assertEquals(host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
  acceptor.release();
  assertEquals(errors.takeEvents().length, 1);
});

Deno.test("StreamPort.startListening() after stopListening() accepts again", () => {
  const { acceptor, acceptors, port, factory, host } = listen();
  assertThrows(() => port.startListening(), Error, "Cannot listen on 127.0.0.1:2000");
  assert(acceptor.isAccepting); // when it is closed
  port.stopListening().addCallback(() => port.startListening());
  assertThrows(() => port.startListening(), Error, "Cannot listen on 127.0.0.1:2000");
  acceptor.release();
  const [, second] = acceptors;
  assert(second?.connect() !== null);
  assertEquals(factory.built.length, 1);
  assertEquals(factory.events, ["start", "stop", "start"]);
  host.resources.shutDown();
  assertEquals(second?.calls, ["close"]);
  second?.release();
  host.settle();
  assertEquals(host.resources.size, 0);
});

Deno.test("StreamPort.startListening() in stopFactory() at shutdown is closed again", () => {
  const factory = new TestFactory();
  const { acceptor, acceptors, port, host } = listen({}, factory);
  factory.stopFactory = () => {
    factory.stopFactory = () => {};
    port.startListening();
  };
  port.stopListening();
  acceptor.release();
  assert(acceptors[1]?.isAccepting);
  host.resources.shutDown();
  assertEquals(acceptors[1]?.calls, ["close"]);
  acceptors[1]?.release();
  assertEquals([host.resources.size, factory.numPorts], [0, 0]);
});

Deno.test("StreamPort.stopListening() fails with the exception of stopFactory()", () => {
  const factory = new TestFactory();
  const { acceptor, acceptors, port, host } = listen({}, factory);
  const error = new RangeError("boom");
  factory.stopFactory = () => {
    throw error;
  };
  const failures: Error[] = [];
  port.stopListening().addErrback((failure) => failures.push(failure));
  port.stopListening().addErrback((failure) => failures.push(failure));
  acceptor.release();
  assertEquals(failures, [error, error]);
  assertEquals(host.resources.size, 0);
  port.startListening();
  assert(acceptors[1]?.isAccepting);
});

Deno.test("StreamPort logs an exception of stopFactory() when the reactor stops", () => {
  using errors = new LoggedErrors();
  const factory = new TestFactory();
  const { acceptor, host } = listen({}, factory);
  factory.stopFactory = () => {
    throw new RangeError("boom");
  };
  host.resources.shutDown();
  acceptor.release();
  assertEquals(host.resources.size, 0);
  assertEquals(errors.take().map(String), ["RangeError: boom"]);
});

Deno.test("StreamPort.startListening() throws the exception of startFactory() and closes the socket", () => {
  const { acceptor, acceptors, port, factory, host } = listen();
  port.stopListening();
  acceptor.release();
  const error = new RangeError("boom");
  factory.startFactory = () => {
    throw error;
  };
  try {
    port.startListening();
    assert(false, "startListening() did not throw");
  } catch (thrown) {
    assertStrictEquals(thrown, error);
  }
  const [, second] = acceptors;
  assertEquals(second?.calls, ["close"]);
  assert(!second?.isAccepting);
  second?.release();
  assertEquals(factory.numPorts, 0);
  assertEquals(factory.events, ["start", "stop"]);
  assertEquals(host.resources.size, 0);
});

Deno.test("StreamPort closes if it is opened after the reactor has stopped", async () => {
  const { acceptor, acceptors, port, host } = listen();
  host.resources.shutDown();
  acceptor.release();
  port.startListening();
  await null;
  const [, second] = acceptors;
  assertEquals(second?.calls, ["close"]);
  second?.release();
  assertEquals(host.resources.size, 0);
});

Deno.test("StreamPort logs its factory and address when it starts and closes", () => {
  const messages: string[] = [];
  using _observing = addObserver(({ message }) => messages.push(message), { replay: false });
  const { acceptor, port } = listen();
  port.stopListening();
  acceptor.release();
  assertEquals(messages, [
    "TestFactory starting on 127.0.0.1:2000",
    "(TestFactory on 127.0.0.1:2000 closed)",
  ]);
});

Deno.test("StreamPort is closed by `await using`", async () => {
  const { acceptor, factory, host, port } = listen();
  acceptor.close = () => queueMicrotask(() => acceptor.release());
  {
    await using _closing = port;
  }
  assertEquals(factory.events, ["start", "stop"]);
  assertEquals(host.resources.size, 0);
});

Deno.test("StreamPort.unref() calls unref() of the acceptor", () => {
  const { acceptor, port } = listen();
  port.unref();
  assertEquals(acceptor.calls, ["unref"]);
});

Deno.test("StreamPort accepts as its factory any object with the methods of one", () => {
  const host = new TestHost();
  const acceptor = new HandAcceptor(host);
  const protocol: IProtocol = {
    makeConnection: (transport) => transport.write("plain"),
    connectionMade: () => {},
    dataReceived: () => {},
    connectionLost: () => {},
  };
  const factory = { buildProtocol: () => protocol, doStart: () => {}, doStop: () => {} };
  new StreamPort(host, factory, LIMITS, () => acceptor).startListening();
  assertEquals(acceptor.connect()?.text, "plain");
});

/** Returns the log lines about refused connections, with their counts, while `f` runs. */
function refusals(f: () => void): [string, unknown][] {
  const lines: [string, unknown][] = [];
  const observer = ({ message, count }: LogEvent): void => {
    if (message.startsWith("Refused")) lines.push([message, count]);
  };
  using _observing = addObserver(observer, { replay: false });
  f();
  return lines;
}

Deno.test("StreamPort logs 10,000 refused connections in two lines and counts them in its stats", () => {
  const { acceptor, host, port } = listen({ maxConnectionsPerHost: 1 });
  const line =
    "Refused a connection from 192.0.2.1:3000: its host has reached the connection limit of 1";
  const lines = refusals(() => {
    for (let i = 0; i <= 10_000; i++) acceptor.connect();
    assertEquals(host.reactor.getDelayedCalls().length, 1);
    host.advance(1);
  });
  assertEquals(lines, [[line, 1], [`${line} (and 9998 more)`, 9999]]);
  assertEquals(port.stats, {
    accepted: 10_001,
    refused: 10_000,
    refusals: { ...noRefusals(), maxConnectionsPerHost: 10_000 },
    failedHandshakes: 0,
    failedAccepts: 0,
  });
});

Deno.test("StreamPort.stopListening() logs pending counts of refusals and leaves no timer", () => {
  const { acceptor, host, port } = listen({ maxConnections: 1, overflow: "refuse" });
  const lines = refusals(() => {
    for (let i = 0; i < 4; i++) acceptor.connect();
    port.stopListening();
    acceptor.release();
  });
  assertEquals(lines.map(([, count]) => count), [1, 2]);
  assertEquals(host.reactor.getDelayedCalls(), []);
});

Deno.test("StreamPort counts its acceptor's refusals and failures in its stats", () => {
  using errors = new LoggedErrors();
  const { acceptor, port } = listen();
  const lines = refusals(() => port.refused(acceptor.address, "5 wait already"));
  assertEquals(lines, [["Refused a connection from 127.0.0.1:2000: 5 wait already", 1]]);
  acceptor.fail(new Error("no"));
  assertEquals([port.stats.refused, port.stats.failedAccepts], [1, 1]);
  assertEquals(errors.take().length, 1);
  port.stopListening();
});
