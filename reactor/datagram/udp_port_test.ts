// A UDP port over sockets in memory, with turns that the test moves: what it does is the same on real ones (`conformance/udp.ts`, where
// the list of Twisted's tests is).

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
import { LoggedTexts } from "../../testing/fixtures/core_fixture.ts";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
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

/** What a Deferred has come to: `"pending"`, `"fired"`, or its error. */
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

Deno.test("A port binds at once, starts its protocol with itself as transport, and says so in the log", () => {
  using logged = new LoggedTexts();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen({}, { port: 1234 });
  assertStrictEquals(protocol.transport, port);
  assertEquals(protocol.take(), ["started"]);
  assertEquals(port.getHost(), new IPv4Address("UDP", "127.0.0.1", 1234));
  assertEquals(logged.texts, ["Recorder starting on 1234"]);
  assertEquals(port.logPrefix(), "Recorder (UDP)");
});

Deno.test("A port on a taken address throws, and starts nothing", () => {
  const fixture = new DatagramFixture();
  fixture.listen({}, { port: 1234 });
  const { protocol, port } = fixture.prepare({}, { port: 1234 });
  const error = assertThrows(() => port.startListening(), CannotListenError);
  assertEquals([error.port, error.code], [1234, "EADDRINUSE"]);
  assertEquals(protocol.events, []);
  assertEquals(fixture.host.resources.size, 1);
});

Deno.test("stopListening() stops the protocol, not from within the call, and fires when the address is free", () => {
  using logged = new LoggedTexts();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen({}, { port: 1234 });
  const stopped = outcome(port.stopListening());
  assertEquals(protocol.take(), ["started"]);
  fixture.host.settle();
  assertEquals([protocol.take(), stopped.is], [["stopped"], "fired"]);
  assertThrows(() => protocol.transport, Error, "no port uses it");
  assertEquals([fixture.network.size, fixture.host.resources.size], [0, 0]);
  assertEquals(logged.texts.at(-1), "(UDP Port 1234 Closed)");
});

Deno.test("A protocol that stops its port in startProtocol() is stopped after it", () => {
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

Deno.test("stopListening() twice stops once, and both Deferreds fire; on a closed port it fires at once", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  const both = [outcome(port.stopListening()), outcome(port.stopListening())];
  fixture.host.settle();
  assertEquals(both.map(({ is }) => is), ["fired", "fired"]);
  assertEquals(outcome(port.stopListening()).is, "fired");
  assertEquals(protocol.events, ["started", "stopped"]);
});

Deno.test("A port listens again after it has stopped, with the same protocol, and not before", () => {
  const fixture = new DatagramFixture();
  const { protocol, port, drivers } = fixture.listen({}, { port: 1234 });
  assertThrows(() => port.startListening(), Error, "it is being listened on already");
  port.stopListening().addCallback(() => port.startListening());
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "stopped", "started"]);
  assertEquals([drivers.length, fixture.host.resources.size], [2, 1]);
});

Deno.test("A protocol may have its port listen again in stopProtocol()", () => {
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

Deno.test("A port that listens again is not connected, and forbids broadcasts again", () => {
  const fixture = new DatagramFixture();
  const { port } = fixture.listen();
  port.connect("127.0.0.1", 1);
  port.setBroadcastAllowed(true);
  port.stopListening();
  fixture.host.settle();
  port.startListening();
  assertEquals(port.getBroadcastAllowed(), false);
  assertThrows(() => port.write("x"), TypeError, "has no peer");
});

Deno.test("A protocol that fails to start leaves no open port behind", () => {
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
  // It may be tried again.
  assertStrictEquals(assertThrows(() => port.startListening()), failure);
});

Deno.test("What stopProtocol() throws is for whoever stopped the port; the port is closed all the same", () => {
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

Deno.test("What an async startProtocol() or stopProtocol() rejects with is logged", async () => {
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

Deno.test("A second port cannot use a protocol that a port uses", () => {
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

Deno.test("The reactor's shutdown closes a port, and logs what its protocol throws", () => {
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

Deno.test("A crash unrefs a port and closes nothing", () => {
  const fixture = new DatagramFixture();
  const { drivers } = fixture.listen();
  fixture.host.resources.unref();
  assertEquals(drivers.map(({ unrefs }) => unrefs), [1]);
  assertEquals(fixture.network.size, 1);
});

Deno.test("`await using` closes a port, and loseConnection() is another name for it", async () => {
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

Deno.test("A port that has never listened has no address", () => {
  const { port } = new DatagramFixture().prepare();
  assertThrows(() => port.getHost(), Error, "has not been listened on");
  assertThrows(() => port.setBroadcastAllowed(true), Error, "it is closed");
});

// Sending and receiving.

Deno.test("A datagram arrives whole, with an address that write() takes", () => {
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

Deno.test("writeSequence() sends its pieces as one datagram", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  port.writeSequence(["some", new TextEncoder().encode("bytes"), "to", "write"], port.getHost());
  port.writeSequence([], port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "received somebytestowrite", "received "]);
});

Deno.test("write() takes bytes and strings, and nothing else", () => {
  const fixture = new DatagramFixture();
  const { port } = fixture.listen();
  // @ts-expect-error: not a datagram
  assertThrows(() => port.write(42, port.getHost()), TypeError, "got 42");
});

Deno.test("write() of bytes whose buffer has been detached throws, and sends no empty datagram", () => {
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

Deno.test("Datagrams that wait are copies: what becomes of the bytes after write() does not matter", () => {
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

Deno.test("Datagrams leave in order, one at a time", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  for (let i = 0; i < 100; i++) port.write(String(i), port.getHost());
  assertEquals(fixture.host.steps.length, 1);
  fixture.host.settle();
  assertEquals(protocol.events.slice(1), Array.from({ length: 100 }, (_, i) => `received ${i}`));
});

Deno.test("A driver may be done before its send() returns: what a protocol writes meanwhile comes next", () => {
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

Deno.test("A protocol that tries again at each refusal does not pile calls up, however fast they are refused", () => {
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

Deno.test("What is written may be changed as soon as write() has returned, whether it waits or not", () => {
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

Deno.test("What was written before stopListening(), and in the same turn, is sent before the port closes", () => {
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

Deno.test("A goodbye after stopListening(), in the same turn, is sent; once the port closes, nothing is", () => {
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

Deno.test("Nothing is received after stopListening()", () => {
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  port.write("late", port.getHost());
  port.stopListening();
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "stopped"]);
});

Deno.test("A protocol that stops its port in datagramReceived() gets nothing more", () => {
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

Deno.test("A port sends before the reactor runs, and receives once it does, what came before included", () => {
  const fixture = new DatagramFixture();
  fixture.host.isRunning = false;
  const { protocol, port } = fixture.listen();
  port.write("early", port.getHost());
  fixture.host.settle();
  assertEquals(protocol.take(), ["started"]);
  fixture.host.run();
  assertEquals(protocol.take(), ["received early"]);
});

Deno.test("A port that was closed before the reactor ran does not receive when it does", () => {
  const fixture = new DatagramFixture();
  fixture.host.isRunning = false;
  const { protocol, port } = fixture.listen();
  port.write("early", port.getHost());
  port.stopListening();
  fixture.host.settle();
  fixture.host.run();
  assertEquals(protocol.events, ["started", "stopped"]);
});

Deno.test("What datagramReceived() throws or rejects with is logged as the port's, and the port goes on", async () => {
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

Deno.test("A datagram longer than maxPacketSize is dropped, and the log says so; one as long arrives", () => {
  using logged = new LoggedTexts();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen({}, { maxPacketSize: 4 });
  for (const text of ["1234", "12345", "123"]) port.write(text, port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events, ["started", "received 1234", "received 123"]);
  assertEquals(logged.texts.slice(1), [
    `Dropped a datagram from ${port.getHost()}: it has more than maxPacketSize, 4 bytes`,
  ]);
});

Deno.test("A datagram that finds no room among those that wait is dropped; the log counts them", () => {
  using logged = new LoggedTexts();
  const fixture = new DatagramFixture();
  // One is being sent, two wait: each counts as 256 bytes more than it has.
  const { protocol, port } = fixture.listen({}, { writeBufferLimit: 2 * 257 });
  for (let i = 0; i < 20; i++) port.write("x", port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events.length, 1 + 3);
  for (let i = 0; i < 3; i++) port.write("y", port.getHost());
  fixture.host.settle();
  assertEquals(protocol.events.slice(4), Array(3).fill("received y"));
  const line = `Dropped a datagram to ${port.getHost()}: no room beside the 2 that wait to be sent`;
  assertEquals(logged.texts.slice(1), [line]);
  fixture.host.advance(1);
  assertEquals(logged.texts.slice(1), [line, `${line} (and 15 more)`]);
  assertEquals(port.stats, { oversized: 0, unsent: 17, failedSends: 0, failedReceives: 0 });
});

Deno.test("Bounds out of range are refused, each with its name", () => {
  assertThrows(() => datagramLimits({ maxPacketSize: 0 }), RangeError, "maxPacketSize");
  assertThrows(() => datagramLimits({ writeBufferLimit: 0 }), RangeError, "writeBufferLimit");
  assertEquals(datagramLimits({}), { maxPacketSize: 8192, writeBufferLimit: 1048576 });
});

Deno.test("A datagram longer than UDP carries is refused by write(), on either IP version", () => {
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

Deno.test("What the system says of a send is logged once a second, and the port sends on", () => {
  using errors = new LoggedErrors();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  for (let i = 0; i < 12; i++) port.write("x", { host: "127.0.0.1", port: 9 });
  port.write("y", port.getHost());
  fixture.host.settle();
  fixture.host.advance(1);
  const events = errors.takeEvents();
  assertEquals(events.map(({ message }) => message.split("\n")[0]), [
    "Could not send a datagram to 127.0.0.1:9",
    "Could not send a datagram to 127.0.0.1:9 (and 10 more)",
  ]);
  assertEquals(protocol.events, ["started", "received y"]);
});

Deno.test("What the system says of a receive is logged once a second, and of a refusal that is nobody's nothing", () => {
  using errors = new LoggedErrors();
  const fixture = new DatagramFixture();
  const { protocol, port } = fixture.listen();
  for (let i = 0; i < 12; i++) port.receiveFailed(new Error("no"));
  port.receiveFailed(new DatagramError("no", { code: "ECONNREFUSED" }));
  assertEquals(protocol.events, ["started"]);
  assertEquals(port.stats.failedReceives, 12);
  // What is due is logged when the port closes, and no timed call is left.
  port.stopListening();
  fixture.host.settle();
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
  assertEquals(errors.takeEvents().map(({ message }) => message.split("\n")[0]), [
    "Could not receive, trying on",
    "Could not receive, trying on (and 10 more)",
  ]);
});

// Addresses.

Deno.test("write() takes no name, and says what it got", () => {
  const { port } = new DatagramFixture().listen();
  const error = assertThrows(
    () => port.write("spam", { host: "example.invalid", port: 1 }),
    InvalidAddressError,
    'write() address must be an IPv4 address on the port on 127.0.0.1:49152, got "example.invalid"',
  );
  assertEquals(error.address, "example.invalid");
  assertInstanceOf(error, RangeError);
});

Deno.test("write() takes no address of the other IP version", () => {
  const fixture = new DatagramFixture();
  const four = fixture.listen().port;
  assertThrows(() => four.write("spam", { host: "::1", port: 1 }), InvalidAddressError);
  const six = fixture.listen({}, { interface: "::1" }).port;
  assertThrows(() => six.write("spam", { host: "127.0.0.1", port: 1 }), InvalidAddressError);
  assertThrows(() => six.write("spam", { host: "<broadcast>", port: 1 }), InvalidAddressError);
});

Deno.test("write() takes no port 0, and needs an address", () => {
  const { port } = new DatagramFixture().listen();
  assertThrows(
    () => port.write("spam", { host: "127.0.0.1", port: 0 }),
    RangeError,
    "write() port",
  );
  assertThrows(() => port.write("spam"), TypeError, "has no peer");
});

Deno.test("An IPv6 port has IPv6 addresses", () => {
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

Deno.test("A broadcast is sent when it is allowed, by either name, and refused when it is not", () => {
  const fixture = new DatagramFixture();
  const server = fixture.listen({}, { interface: "0.0.0.0", port: 1234 });
  const { port, drivers } = fixture.listen();
  assertEquals(port.getBroadcastAllowed(), false);
  const error = assertThrows(
    () => port.write("all", { host: "<broadcast>", port: 1234 }),
    DatagramError,
    "see setBroadcastAllowed()",
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

Deno.test("A connected port sends to its peer, with no address or the peer's, and to nobody else", () => {
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

Deno.test("A connected port receives from its peer only, however its address was written", () => {
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

Deno.test("connect() takes an IP address of the port's version, a port, and happens once", () => {
  const { port } = new DatagramFixture().listen();
  assertThrows(() => port.connect("localhost", 80), InvalidAddressError, "connect() host");
  assertThrows(() => port.connect("::1", 80), InvalidAddressError);
  assertThrows(() => port.connect("127.0.0.1", 0), RangeError, "connect() port");
  port.connect("127.0.0.1", 80);
  assertThrows(() => port.connect("127.0.0.1", 80), Error, "is connected to 127.0.0.1:80");
});

Deno.test("A connected port tells its protocol that nobody listens, and goes on", () => {
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

Deno.test("A refusal that comes while the port is closing is nobody's any more", () => {
  const fixture = new DatagramFixture();
  const client = fixture.listen();
  client.port.connect("127.0.0.1", 9);
  client.port.write("one");
  client.port.stopListening();
  fixture.host.settle();
  assertEquals(client.protocol.events, ["started", "stopped"]);
});

// Multicast.

Deno.test("A port that has joined a group receives what is sent to it, and one that has left does not", () => {
  const fixture = new DatagramFixture();
  const member = fixture.listen({}, { interface: "0.0.0.0" });
  const sender = fixture.listen();
  const group = { host: "225.0.0.250", port: member.port.getHost().port };
  const joined = outcome(member.port.joinGroup(group.host));
  sender.port.write("one", group);
  fixture.host.settle();
  const left = outcome(member.port.leaveGroup(group.host));
  using errors = new LoggedErrors();
  sender.port.write("two", group);
  fixture.host.settle();
  assertEquals(errors.take().length, 1);
  assertEquals([joined.is, left.is], ["fired", "fired"]);
  assertEquals(member.protocol.events, ["started", "received one"]);
});

Deno.test("Ports that share an address all receive what is sent to their group", () => {
  const fixture = new DatagramFixture();
  const options = { interface: "0.0.0.0", port: 1234, listenMultiple: true };
  const members = [fixture.listen({}, options), fixture.listen({}, options)];
  assertThrows(() => fixture.listen({}, { ...options, listenMultiple: false }), CannotListenError);
  for (const { port } of members) port.joinGroup("225.0.0.250");
  members[0]?.port.write("all", { host: "225.0.0.250", port: 1234 });
  fixture.host.settle();
  for (const { protocol } of members) assertEquals(protocol.take(), ["started", "received all"]);
});

Deno.test("joinGroup() and leaveGroup() fail with what is wrong", () => {
  const { port } = new DatagramFixture().listen();
  assertInstanceOf(outcome(port.joinGroup("127.0.0.1")).is, MulticastJoinError);
  assertInstanceOf(outcome(port.leaveGroup("225.0.0.250")).is, MulticastJoinError);
  assertInstanceOf(outcome(port.joinGroup("all.example")).is, InvalidAddressError);
  assertInstanceOf(outcome(port.leaveGroup("ff02::1")).is, InvalidAddressError);
});

Deno.test("Multicast is set as asked, from the system's own settings on", () => {
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

Deno.test("A DatagramProtocol does nothing by itself, and has its class's name", () => {
  class Quiet extends DatagramProtocol {}
  const protocol = new Quiet();
  assertThrows(() => protocol.transport, Error, "Quiet has no transport");
  protocol.doStop();
  protocol.datagramReceived(new Uint8Array(), new IPv4Address("UDP", "127.0.0.1", 1));
  protocol.connectionRefused();
  assertEquals([protocol.numPorts, protocol.logPrefix()], [0, "Quiet"]);
});

Deno.test("A protocol's port is named by its class when it has no logPrefix()", () => {
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
