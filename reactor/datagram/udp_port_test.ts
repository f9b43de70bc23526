// Tests of UDP ports over sockets in memory, with turns that the test runs. `conformance/udp.ts`
// tests UDP ports on real sockets, and lists Twisted's tests.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { Deferred } from "../../defer/deferred.ts";
import { DatagramProtocol } from "../../protocol/mod.ts";
import { IPv4Address, IPv6Address } from "../addresses.ts";
import { TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { DatagramFixture, DatagramRecorder } from "../../testing/fixtures/datagram_fixture.ts";
import { EventLoggingObserver } from "../../testing/event_logging_observer.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { datagramLimits } from "./datagram_limits.ts";
import {
  CannotListenError,
  DatagramError,
  InvalidAddressError,
  MessageLengthError,
  MulticastJoinError,
} from "../errors.ts";
import { MemoryDatagramNetwork } from "../drivers/memory/memory_datagram_network.ts";
import { UDPPort } from "./udp_port.ts";

/** Returns the state of a Deferred, which is updated: `"pending"`, `"fired"`, or its error. */
function outcome(deferred: Deferred<void>): { is: string | Error } {
  const result: { is: string | Error } = { is: "pending" };
  deferred.addCallbacks(() => {
    result.is = "fired";
  }, (error) => {
    result.is = error;
  });
  return result;
}

// Opening and closing.

Deno.test("UDPPort.startListening() binds, starts its protocol and logs the port", () => {
  using logged = EventLoggingObserver.createWithCleanup();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen({}, { port: 1234 });
  assertStrictEquals(protocol.transport, port);
  assertEquals(protocol.take(), ["started"]);
  assertEquals(port.getHost(), new IPv4Address("UDP", "127.0.0.1", 1234));
  assertEquals(logged.texts, ["Recorder starting on 1234"]);
  assertEquals(port.logPrefix(), "Recorder (UDP)");
});

Deno.test("UDPPort.startListening() throws for an address in use and starts nothing", () => {
  const fixture = new DatagramFixture();
  fixture.listen({}, { port: 1234 });
  const { protocol, port } = fixture.prepare({}, { port: 1234 });
  const error = assertThrows(() => port.startListening(), CannotListenError);
  assertEquals([error.port, error.code], [1234, "EADDRINUSE"]);
  assertEquals(protocol.events, []);
  assertEquals(fixture.host.resources.size, 1);
});

Deno.test("UDPPort.stopListening() calls stopProtocol() in a later step, then fires", () => {
  using logged = EventLoggingObserver.createWithCleanup();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen({}, { port: 1234 });
  const stopped = outcome(port.stopListening());
  assertEquals(protocol.take(), ["started"]);
  fixture.host.settle();
  assertEquals([protocol.take(), stopped.is], [["stopped"], "fired"]);
  assertThrows(() => protocol.transport, Error, "no port uses the protocol");
  assertEquals([fixture.network.size, fixture.host.resources.size], [0, 0]);
  assertEquals(logged.texts.at(-1), "(UDP Port 1234 Closed)");
});

Deno.test("UDPPort calls stopProtocol() after a stopListening() in startProtocol()", () => {
  const fixture = new DatagramFixture();
  const { protocol } = fixture.listen({
    startProtocol: (protocol) => {
      protocol.transport.stopListening();
      protocol.events.push("start returns");
    },
  });
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "start returns", "stopped"]);
});

Deno.test("UDPPort.stopListening() may be called twice, and on a closed port", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  const both = [outcome(port.stopListening()), outcome(port.stopListening())];
  fixture.host.settle();
  assertEquals(both.map(({ is }) => is), ["fired", "fired"]);
  assertEquals(outcome(port.stopListening()).is, "fired");
  assertEquals(protocol.events, ["started", "stopped"]);
});

Deno.test("UDPPort.startListening() works again after stopListening() has completed", () => {
  const fixture = new DatagramFixture();
  const { protocol, port, drivers } = fixture.listen({}, { port: 1234 });
  assertThrows(() => port.startListening(), Error, "this port is already listening");
  port.stopListening().addCallback(() => port.startListening());
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "stopped", "started"]);
  assertEquals([drivers.length, fixture.host.resources.size], [2, 1]);
});

Deno.test("UDPPort.startListening() may be called in stopProtocol()", () => {
  const fixture = new DatagramFixture();
  const end = fixture.listen({
    stopProtocol: ({ events }) => {
      if (events.length < 4) end.port.startListening();
    },
  });
  end.port.stopListening();
  fixture.host.settle();
  assertEquals(end.protocol.events, ["started", "stopped", "started"]);
  assertEquals([fixture.network.size, fixture.host.resources.size], [1, 1]);
});

Deno.test("UDPPort.startListening() resets the connection and the broadcast setting", () => {
  const fixture = new DatagramFixture();
  const { port } = fixture.listen();
  port.connect("127.0.0.1", 1);
  port.setBroadcastAllowed(true);
  port.stopListening();
  fixture.host.settle();
  port.startListening();
  assertEquals(port.getBroadcastAllowed(), false);
  assertThrows(() => port.write("x"), TypeError, "is not connected");
});

Deno.test("UDPPort closes if its protocol throws in startProtocol()", () => {
  const fixture = new DatagramFixture();
  const failure = new Error("no");
  const { protocol, port } = fixture.prepare({
    startProtocol: () => {
      throw failure;
    },
  });
  assertStrictEquals(assertThrows(() => port.startListening()), failure);
  fixture.host.settle();
  assertEquals([fixture.network.size, fixture.host.resources.size], [0, 0]);
  assertEquals(protocol.events, ["started"]);
  // The port may be started again.
  assertStrictEquals(assertThrows(() => port.startListening()), failure);
});

Deno.test("UDPPort.stopListening() fails with the error of stopProtocol() and closes the port", () => {
  const fixture = new DatagramFixture();
  const failure = new Error("no");
  const { port } = fixture.listen({
    stopProtocol: () => {
      throw failure;
    },
  });
  const stopped = outcome(port.stopListening());
  fixture.host.settle();
  assertStrictEquals(stopped.is, failure);
  assertEquals(fixture.network.size, 0);
});

Deno.test("UDPPort logs the rejection of an async startProtocol() or stopProtocol()", async () => {
  using errors = new LoggedErrors();
  const fixture = new DatagramFixture();
  const { port } = fixture.listen({
    startProtocol: () => Promise.reject(new Error("start")),
    stopProtocol: () => Promise.reject(new Error("stop")),
  });
  port.stopListening();
  fixture.host.settle();
  await Promise.resolve();
  await Promise.resolve();
  assertEquals(errors.take().map(({ message }) => message).toSorted(), ["start", "stop"]);
});

Deno.test("UDPPort.startListening() throws if another port uses the protocol", () => {
  const fixture = new DatagramFixture();
  const { protocol } = fixture.listen();
  const port = new UDPPort(
    fixture.host,
    protocol,
    datagramLimits({}),
    () => fixture.network.bind("127.0.0.1", 0),
  );
  assertThrows(() => port.startListening(), Error, "Cannot use DatagramRecorder on a second port");
  fixture.host.settle();
  assertEquals(fixture.network.size, 1);
  assertEquals(protocol.events, ["started"]);
});

Deno.test("UDPPort closes at the reactor's shutdown and logs the error of stopProtocol()", () => {
  using errors = new LoggedErrors();
  const fixture = new DatagramFixture();
  fixture.listen({
    stopProtocol: () => {
      throw new Error("no");
    },
  });
  fixture.host.resources.shutDown();
  fixture.host.settle();
  assertEquals([fixture.network.size, fixture.host.resources.size], [0, 0]);
  assertEquals(errors.take().map(({ message }) => message), ["no"]);
});

Deno.test("UDPPort.unref() unrefs the driver without closing it, after a crash", () => {
  const fixture = new DatagramFixture();
  const { drivers } = fixture.listen();
  fixture.host.resources.unref();
  assertEquals(drivers.map(({ unrefs }) => unrefs), [1]);
  assertEquals(fixture.network.size, 1);
});

Deno.test("UDPPort closes at the end of `await using`, and by loseConnection()", async () => {
  const fixture = new DatagramFixture();
  const first = fixture.listen();
  {
    await using _port = first.port;
    queueMicrotask(() => fixture.host.settle());
    queueMicrotask(() => queueMicrotask(() => fixture.host.settle()));
  }
  assertEquals(first.protocol.events, ["started", "stopped"]);
  const second = fixture.listen();
  second.port.loseConnection();
  fixture.host.settle();
  assertEquals(second.protocol.events, ["started", "stopped"]);
});

Deno.test("UDPPort.getHost() throws before the port has listened", () => {
  const { port } = new DatagramFixture().prepare();
  assertThrows(() => port.getHost(), Error, "it has never listened");
  assertThrows(() => port.setBroadcastAllowed(true), Error, "it is closed");
});

// Sending and receiving.

Deno.test("UDPPort receives a whole datagram with an address that write() accepts", () => {
  const fixture = new DatagramFixture();
  const server = fixture.listen({
    datagramReceived: (protocol, text, addr) => protocol.transport.write(`${text}!`, addr),
  });
  const client = fixture.listen();
  client.port.write("hello", server.port.getHost());
  client.port.write(new Uint8Array(), { host: "127.0.0.1", port: server.port.getHost().port });
  fixture.host.settle();
  assertEquals(server.protocol.take(), ["started", "received hello", "received "]);
  assertEquals(client.protocol.take(), ["started", "received hello!", "received !"]);
  assertEquals(server.protocol.sources, [client.port.getHost(), client.port.getHost()]);
  assertInstanceOf(server.protocol.sources[0], IPv4Address);
});

Deno.test("UDPPort.writeSequence() sends its chunks as one datagram", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  port.writeSequence(["some", new TextEncoder().encode("bytes"), "to", "write"], port.getHost());
  port.writeSequence([], port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "received somebytestowrite", "received "]);
});

Deno.test("UDPPort.write() accepts only bytes and strings", () => {
  const fixture = new DatagramFixture();
  const { port } = fixture.listen();
  // @ts-expect-error: not a datagram
  assertThrows(() => port.write(42, port.getHost()), TypeError, "got 42");
});

Deno.test("UDPPort.write() throws for a detached buffer", () => {
  const fixture = new DatagramFixture();
  const { protocol: receiver } = fixture.listen({}, { port: 1234 });
  const { protocol } = fixture.listen();
  const bytes = new Uint8Array(10);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  const to = new IPv4Address("UDP", "127.0.0.1", 1234);
  assertThrows(() => protocol.transport.write(bytes, to), TypeError, "has been detached");
  fixture.host.settle();
  assertEquals(receiver.take(), ["started"]);
});

Deno.test("UDPPort.write() copies queued datagrams, so the buffer may be detached", () => {
  const fixture = new DatagramFixture();
  const { protocol: receiver } = fixture.listen({}, { port: 1234 });
  const { protocol } = fixture.listen();
  const to = new IPv4Address("UDP", "127.0.0.1", 1234);
  for (let i = 0; i < 3; i++) {
    const bytes = new TextEncoder().encode(`datagram ${i}`);
    protocol.transport.write(bytes, to);
    structuredClone(bytes, { transfer: [bytes.buffer] });
  }
  fixture.host.settle();
  assertEquals(receiver.take().length, 4);
});

Deno.test("UDPPort.write() sends datagrams in order, one at a time", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  for (let i = 0; i < 100; i++) port.write(String(i), port.getHost());
  assertEquals(fixture.host.steps.length, 1);
  fixture.host.settle();
  assertEquals(protocol.events.slice(1), Array.from({ length: 100 }, (_, i) => `received ${i}`));
});

Deno.test("UDPPort.write() queues datagrams that are written within send() of the driver", () => {
  const host = new TestHost();
  const network = new MemoryDatagramNetwork({ schedule: (step) => step() });
  const protocol = new DatagramRecorder({
    datagramReceived: ({ transport }, text) => {
      if (text.length === 3) return;
      for (const digit of [1, 2]) transport.write(`${text}${digit}`, transport.getHost());
    },
  });
  const bind = () => network.bind("127.0.0.1", 0);
  const port = new UDPPort(host, protocol, datagramLimits({}), bind);
  port.startListening();
  port.write("a", port.getHost());
  assertEquals(
    protocol.events.slice(1),
    ["a", "a1", "a2", "a11", "a12", "a21", "a22"].map((text) => `received ${text}`),
  );
});

Deno.test("UDPPort does not recurse if connectionRefused() writes again each time", () => {
  let left = 20_000;
  const protocol = new DatagramRecorder({
    startProtocol: ({ transport }) => transport.connect("127.0.0.1", 9),
    connectionRefused: ({ transport }) => {
      if (left-- > 0) transport.write("again");
    },
  });
  const network = new MemoryDatagramNetwork({ schedule: (step) => step() });
  const bind = () => network.bind("127.0.0.1", 0);
  const port = new UDPPort(new TestHost(), protocol, datagramLimits({}), bind);
  port.startListening();
  port.write("first");
  assertEquals(protocol.events.length, 1 + 1 + 20_000);
});

Deno.test("UDPPort.write() copies the datagram, so the caller may change the bytes afterwards", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  const bytes = new TextEncoder().encode("a");
  for (const letter of "abc") {
    bytes[0] = letter.charCodeAt(0);
    port.write(bytes, port.getHost());
  }
  bytes[0] = 0;
  fixture.host.settle();
  assertEquals(protocol.events.slice(1), ["received a", "received b", "received c"]);
});

Deno.test("UDPPort.stopListening() sends datagrams of the same turn before closing", () => {
  const fixture = new DatagramFixture();
  const server = fixture.listen();
  const client = fixture.listen();
  client.port.write("one", server.port.getHost());
  client.port.write("two", server.port.getHost());
  client.port.stopListening();
  client.port.write("three", server.port.getHost());
  fixture.host.settle();
  client.port.write("four", server.port.getHost());
  fixture.host.settle();
  assertEquals(server.protocol.events.slice(1), ["received one", "received two", "received three"]);
  assertEquals(client.protocol.events, ["started", "stopped"]);
});

Deno.test("UDPPort.write() sends in the turn of stopListening(), and drops later datagrams", () => {
  const fixture = new DatagramFixture();
  const server = fixture.listen();
  const client = fixture.listen();
  client.port.stopListening();
  client.port.write("goodbye", server.port.getHost());
  fixture.host.settle();
  assertEquals(server.protocol.take(), ["started", "received goodbye"]);
  client.port.startListening();
  client.port.stopListening();
  fixture.host.endTurn();
  client.port.write("too late", server.port.getHost());
  fixture.host.settle();
  assertEquals(server.protocol.take(), []);
});

Deno.test("UDPPort.stopListening() prevents further calls of datagramReceived()", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  port.write("late", port.getHost());
  port.stopListening();
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "stopped"]);
});

Deno.test("UDPPort.stopListening() in datagramReceived() prevents further datagrams", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen({
    datagramReceived: (protocol) => {
      protocol.transport.stopListening();
    },
  });
  for (const text of ["one", "two", "three"]) port.write(text, port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "received one", "stopped"]);
});

Deno.test("UDPPort sends before the reactor runs, and delivers datagrams once it runs", () => {
  const fixture = new DatagramFixture();
  fixture.host.isRunning = false;
  const { protocol, port } = fixture.listen();
  port.write("early", port.getHost());
  fixture.host.settle();
  assertEquals(protocol.take(), ["started"]);
  fixture.host.run();
  assertEquals(protocol.take(), ["received early"]);
});

Deno.test("UDPPort delivers no datagram if it was closed before the reactor ran", () => {
  const fixture = new DatagramFixture();
  fixture.host.isRunning = false;
  const { protocol, port } = fixture.listen();
  port.write("early", port.getHost());
  port.stopListening();
  fixture.host.settle();
  fixture.host.run();
  assertEquals(protocol.events, ["started", "stopped"]);
});

Deno.test("UDPPort logs errors and rejections of datagramReceived() and stays open", async () => {
  using errors = new LoggedErrors();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen({
    datagramReceived: (_, text) => {
      if (text === "reject") return Promise.reject(new Error(text));
      throw new Error(text);
    },
  });
  for (const text of ["one", "reject", "two"]) port.write(text, port.getHost());
  fixture.host.settle();
  await Promise.resolve();
  const events = errors.takeEvents();
  assertEquals(events.map(({ failure }) => failure?.message), ["one", "two", "reject"]);
  assertEquals(new Set(events.map(({ system }) => system)), new Set(["Recorder (UDP)"]));
  assertEquals(protocol.events.length, 4);
});

Deno.test("UDPPort drops and logs a datagram longer than maxPacketSize", () => {
  using logged = EventLoggingObserver.createWithCleanup();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen({}, { maxPacketSize: 4 });
  for (const text of ["1234", "12345", "123"]) port.write(text, port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "received 1234", "received 123"]);
  assertEquals(logged.texts.slice(1), [
    `Dropped a datagram from ${port.getHost()}: it is longer than maxPacketSize (4 bytes)`,
  ]);
});

Deno.test("UDPPort drops datagrams beyond writeBufferLimit and logs their number", () => {
  using logged = EventLoggingObserver.createWithCleanup();
  const fixture = new DatagramFixture();
  // One datagram is being sent and two are queued, each with an overhead of 256 bytes.
  const { protocol, port } = fixture.listen({}, { writeBufferLimit: 2 * 257 });
  for (let i = 0; i < 20; i++) port.write("x", port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events.length, 1 + 3);
  for (let i = 0; i < 3; i++) port.write("y", port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events.slice(4), Array(3).fill("received y"));
  const line = `Dropped a datagram to ${port.getHost()}: the write buffer is full (2 datagrams)`;
  assertEquals(logged.texts.slice(1), [line]);
  fixture.host.advance(1);
  assertEquals(logged.texts.slice(1), [line, `${line} (and 15 more)`]);
  assertEquals(port.stats, { oversized: 0, unsent: 17, failedSends: 0, failedReceives: 0 });
});

Deno.test("datagramLimits() throws a RangeError that names the limit", () => {
  assertThrows(() => datagramLimits({ maxPacketSize: 0 }), RangeError, "maxPacketSize");
  assertThrows(() => datagramLimits({ writeBufferLimit: 0 }), RangeError, "writeBufferLimit");
  assertEquals(datagramLimits({}), { maxPacketSize: 8192, writeBufferLimit: 1048576 });
});

Deno.test("UDPPort.write() throws for a datagram longer than UDP supports", () => {
  const fixture = new DatagramFixture();
  const four = fixture.listen().port;
  const error = assertThrows(
    () => four.write(new Uint8Array(65508), four.getHost()),
    MessageLengthError,
    "Cannot send 65508 bytes",
  );
  assertEquals([error.code, error.address], ["EMSGSIZE", String(four.getHost())]);
  const six = fixture.listen({}, { interface: "::1" }).port;
  assertThrows(() => six.write(new Uint8Array(65528), six.getHost()), MessageLengthError);
  four.write(new Uint8Array(65507), four.getHost());
  six.write(new Uint8Array(65527), six.getHost());
});

Deno.test("UDPPort logs failed sends once a second and stays open", () => {
  using errors = new LoggedErrors();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  // A broadcast, which the system refuses.
  for (let i = 0; i < 12; i++) port.write("x", { host: "127.255.255.255", port: 9 });
  port.write("y", port.getHost());
  fixture.host.settle();
  fixture.host.advance(1);
  const events = errors.takeEvents();
  assertEquals(events.map(({ message }) => message.split("\n")[0]), [
    "Cannot send a datagram to 127.255.255.255:9",
    "Cannot send a datagram to 127.255.255.255:9 (and 10 more)",
  ]);
  assertEquals(protocol.events, ["started", "received y"]);
});

Deno.test("UDPPort logs failed receives once a second, but not refusals while unconnected", () => {
  using errors = new LoggedErrors();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  for (let i = 0; i < 12; i++) port.receiveFailed(new Error("no"));
  port.receiveFailed(new DatagramError("no", { code: "ECONNREFUSED" }));
  assertEquals(protocol.events, ["started"]);
  assertEquals(port.stats.failedReceives, 12);
  // The pending line is logged when the port closes, and no timed call is left.
  port.stopListening();
  fixture.host.settle();
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
  assertEquals(errors.takeEvents().map(({ message }) => message.split("\n")[0]), [
    "Cannot receive a datagram",
    "Cannot receive a datagram (and 10 more)",
  ]);
});

// Addresses.

Deno.test("UDPPort.write() throws an error that names a host that is not an IP address", () => {
  const { port } = new DatagramFixture().listen();
  const error = assertThrows(
    () => port.write("spam", { host: "example.invalid", port: 1 }),
    InvalidAddressError,
    'write() address must be an IPv4 address on the port on 127.0.0.1:49152, got "example.invalid"',
  );
  assertEquals(error.address, "example.invalid");
  assertInstanceOf(error, RangeError);
});

Deno.test("UDPPort.write() throws for an address of the other IP version", () => {
  const fixture = new DatagramFixture();
  const four = fixture.listen().port;
  assertThrows(() => four.write("spam", { host: "::1", port: 1 }), InvalidAddressError);
  const six = fixture.listen({}, { interface: "::1" }).port;
  assertThrows(() => six.write("spam", { host: "127.0.0.1", port: 1 }), InvalidAddressError);
  assertThrows(() => six.write("spam", { host: "<broadcast>", port: 1 }), InvalidAddressError);
});

Deno.test("UDPPort.write() throws for port 0, and without an address", () => {
  const { port } = new DatagramFixture().listen();
  assertThrows(
    () => port.write("spam", { host: "127.0.0.1", port: 0 }),
    RangeError,
    "write() port",
  );
  assertThrows(() => port.write("spam"), TypeError, "is not connected");
});

Deno.test("UDPPort on IPv6 returns and passes IPv6 addresses", () => {
  const fixture = new DatagramFixture();
  const server = fixture.listen({}, { interface: "::1" });
  const client = fixture.listen({}, { interface: "::" });
  client.port.write("spam", server.port.getHost());
  fixture.host.settle();
  const [source] = server.protocol.sources;
  assertInstanceOf(source, IPv6Address);
  assertEquals([source.type, source.host], ["UDP", "::1"]);
  assert(String(server.port.getHost()).startsWith("[::1]:"));
});

Deno.test("UDPPort.write() sends broadcasts only after setBroadcastAllowed(true)", () => {
  const fixture = new DatagramFixture();
  const server = fixture.listen({}, { interface: "0.0.0.0", port: 1234 });
  const { port, drivers } = fixture.listen();
  assertEquals(port.getBroadcastAllowed(), false);
  const error = assertThrows(
    () => port.write("all", { host: "<broadcast>", port: 1234 }),
    DatagramError,
    "call setBroadcastAllowed(true) to allow broadcasts",
  );
  assertEquals(error.code, "EACCES");
  port.setBroadcastAllowed(true);
  assertEquals([port.getBroadcastAllowed(), drivers[0]?.settings.broadcast], [true, true]);
  port.write("one", { host: "<broadcast>", port: 1234 });
  port.write("two", { host: "255.255.255.255", port: 1234 });
  fixture.host.settle();
  assertEquals(server.protocol.events.slice(1), ["received one", "received two"]);
});

// Connected.

Deno.test("UDPPort.write() on a connected port sends only to the peer", () => {
  const fixture = new DatagramFixture();
  const server = fixture.listen();
  const client = fixture.listen();
  const { host, port } = server.port.getHost();
  client.port.connect(host, port);
  client.port.write("a");
  client.port.write("b", server.port.getHost());
  client.port.write("c", { host, port });
  assertThrows(
    () => client.port.write("d", client.port.getHost()),
    Error,
    `the port is connected to ${host}:${port}`,
  );
  fixture.host.settle();
  assertEquals(server.protocol.events.slice(1), ["received a", "received b", "received c"]);
});

Deno.test("UDPPort on a connected port receives only from the peer, in any address notation", () => {
  const fixture = new DatagramFixture();
  const [server, other] = [
    fixture.listen({}, { interface: "::1" }),
    fixture.listen({}, { interface: "::1" }),
  ];
  const client = fixture.listen({}, { interface: "::1" });
  client.port.connect("0:0:0:0:0:0:0:1", server.port.getHost().port);
  other.port.write("other", client.port.getHost());
  server.port.write("server", client.port.getHost());
  fixture.host.settle();
  assertEquals(client.protocol.events, ["started", "received server"]);
});

Deno.test("UDPPort.connect() accepts an IP address of the same version, and only once", () => {
  const { port } = new DatagramFixture().listen();
  assertThrows(() => port.connect("localhost", 80), InvalidAddressError, "connect() host");
  assertThrows(() => port.connect("::1", 80), InvalidAddressError);
  assertThrows(() => port.connect("127.0.0.1", 0), RangeError, "connect() port");
  port.connect("127.0.0.1", 80);
  assertThrows(() => port.connect("127.0.0.1", 80), Error, "is already connected to 127.0.0.1:80");
});

Deno.test("UDPPort calls connectionRefused() for each refusal and stays open", () => {
  using errors = new LoggedErrors();
  const fixture = new DatagramFixture();
  const client = fixture.listen({
    connectionRefused: () => {
      throw new Error("refused");
    },
  });
  client.port.connect("127.0.0.1", 9);
  client.port.write("one");
  client.port.write("two");
  client.port.receiveFailed(new DatagramError("no", { code: "ECONNREFUSED" }));
  fixture.host.settle();
  assertEquals(client.protocol.events, ["started", "refused", "refused", "refused"]);
  assertEquals(errors.take().length, 3);
});

Deno.test("UDPPort does not call connectionRefused() while it is closing", () => {
  const fixture = new DatagramFixture();
  const client = fixture.listen();
  client.port.connect("127.0.0.1", 9);
  client.port.write("one");
  client.port.stopListening();
  fixture.host.settle();
  assertEquals(client.protocol.events, ["started", "stopped"]);
});

// Multicast.

Deno.test("UDPPort receives the datagrams of a group between joinGroup() and leaveGroup()", () => {
  const fixture = new DatagramFixture();
  const member = fixture.listen({}, { interface: "0.0.0.0" });
  const sender = fixture.listen();
  const group = { host: "225.0.0.250", port: member.port.getHost().port };
  const joined = outcome(member.port.joinGroup(group.host));
  sender.port.write("one", group);
  fixture.host.settle();
  const left = outcome(member.port.leaveGroup(group.host));
  sender.port.write("two", group);
  fixture.host.settle();
  assertEquals([joined.is, left.is], ["fired", "fired"]);
  assertEquals(member.protocol.events, ["started", "received one"]);
});

Deno.test("UDPPort instances with listenMultiple all receive a multicast group's datagrams", () => {
  const fixture = new DatagramFixture();
  const options = { interface: "0.0.0.0", port: 1234, listenMultiple: true };
  const members = [fixture.listen({}, options), fixture.listen({}, options)];
  assertThrows(() => fixture.listen({}, { ...options, listenMultiple: false }), CannotListenError);
  for (const { port } of members) port.joinGroup("225.0.0.250");
  members[0]?.port.write("all", { host: "225.0.0.250", port: 1234 });
  fixture.host.settle();
  for (const { protocol } of members) assertEquals(protocol.take(), ["started", "received all"]);
});

Deno.test("UDPPort.joinGroup() and leaveGroup() fail with the reason", () => {
  const { port } = new DatagramFixture().listen();
  assertInstanceOf(outcome(port.joinGroup("127.0.0.1")).is, MulticastJoinError);
  assertInstanceOf(outcome(port.leaveGroup("225.0.0.250")).is, MulticastJoinError);
  assertInstanceOf(outcome(port.joinGroup("all.example")).is, InvalidAddressError);
  assertInstanceOf(outcome(port.leaveGroup("ff02::1")).is, InvalidAddressError);
});

Deno.test("UDPPort uses the system's default multicast settings until they are set", () => {
  const fixture = new DatagramFixture();
  const { port, drivers } = fixture.listen();
  assertEquals(
    [port.getTTL(), port.getLoopbackMode(), port.getOutgoingInterface()],
    [1, true, "0.0.0.0"],
  );
  port.setTTL(2);
  port.setLoopbackMode(false);
  assertEquals(outcome(port.setOutgoingInterface("127.0.0.1")).is, "fired");
  assertEquals(
    [port.getTTL(), port.getLoopbackMode(), port.getOutgoingInterface()],
    [2, false, "127.0.0.1"],
  );
  assertEquals(drivers[0]?.settings, { ttl: 2, loopback: false, interface: "127.0.0.1" });
  assertThrows(() => port.setTTL(256), RangeError, "ttl");
  assertEquals(fixture.listen({}, { interface: "::1" }).port.getOutgoingInterface(), "::");
});

// The protocol.

Deno.test("DatagramProtocol methods do nothing by default; logPrefix() is the class name", () => {
  class Quiet extends DatagramProtocol {}
  const protocol = new Quiet();
  assertThrows(() => protocol.transport, Error, "Cannot get the transport of Quiet");
  protocol.doStop();
  protocol.datagramReceived(new Uint8Array(), new IPv4Address("UDP", "127.0.0.1", 1));
  protocol.connectionRefused();
  assertEquals([protocol.numPorts, protocol.logPrefix()], [0, "Quiet"]);
});

Deno.test("UDPPort.logPrefix() uses the class of a protocol without logPrefix()", () => {
  class Bare {
    makeConnection(): void {}
    doStop(): void {}
    datagramReceived(): void {}
    connectionRefused(): void {}
  }
  const fixture = new DatagramFixture();
  const bind = () => fixture.network.bind("127.0.0.1", 0);
  const port = new UDPPort(fixture.host, new Bare(), datagramLimits({}), bind);
  assertEquals(port.logPrefix(), "Bare (UDP)");
  assertEquals(new DatagramRecorder().logPrefix(), "Recorder");
});
