/**
 * Servers behind the PROXY protocol. The cases of Twisted's
 * `twisted/protocols/haproxy/test/test_wrapper.py` are among them; that a header of version 2 may
 * also arrive in pieces smaller than 16 bytes, and that a malformed one aborts the connection, are
 * differences from Twisted.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { wrapServerTLS } from "../../endpoints/wrap_tls.ts";
import { TCP4ServerEndpoint } from "../../endpoints/tcp.ts";
import { TLSServerEndpoint } from "../../endpoints/tls.ts";
import { addObserver } from "../../log/mod.ts";
import { IPv4Address, IPv6Address, UNIXAddress } from "../../reactor/addresses.ts";
import { UnsupportedError } from "../../reactor/errors.ts";
import { InMemoryReactor } from "../../reactor/drivers/memory/in_memory_reactor.ts";
import type { Address, IListeningPort, ListenTCPOptions } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import { HalfCloseableWire, type Wire, Wires } from "../../testing/fixtures/wire.ts";
import { StringTransport } from "../../testing/string_transport.ts";
import { TestPeer } from "../../testing/test_peer.ts";
import { ClientFactory, type Factory } from "../factory.ts";
import { LimitConnectionsByPeer } from "../policies/limit_connections_by_peer.ts";
import { ProxyFactory } from "../portforward.ts";
import { Protocol } from "../protocol.ts";
import {
  encodeProxyHeader,
  proxyEndpoint,
  proxyHeaderOf,
  ProxyProtocolFactory,
  type ProxyProtocolOptions,
  ProxyTLVType,
} from "./mod.ts";

const encoder = new TextEncoder();
const LINE = "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n";
const CLIENT = new IPv4Address("TCP", "192.0.2.1", 56324);
const SERVER = new IPv4Address("TCP", "192.0.2.9", 443);
const V2 = encodeProxyHeader({ source: CLIENT, destination: SERVER });
const ANY: ProxyProtocolOptions = { trustedSources: "any" };

/** Collects the warnings and messages of a test. */
class Lines implements Disposable {
  readonly #lines: string[] = [];
  readonly #observing = addObserver(({ message }) => this.#lines.push(message), { replay: false });

  /** The lines about refused connections. */
  get refusals(): string[] {
    return this.#lines.filter((line) => line.startsWith("Refused"));
  }

  [Symbol.dispose](): void {
    this.#observing[Symbol.dispose]();
  }
}

/** A server in memory, and its clients. */
class Setup {
  readonly clock = new Clock();
  readonly tls = new FakeTLS();
  readonly reactor: InMemoryReactor = new InMemoryReactor(this.clock, { tls: this.tls });

  constructor() {
    void this.reactor.run();
    this.clock.advance(0);
  }

  /** Listens on port 80. */
  listen(
    factory: Wires | Factory | ProxyFactory,
    options: ProxyProtocolOptions = ANY,
    listenOptions: ListenTCPOptions = {},
  ): IListeningPort {
    return this.reactor.listenTCP(80, new ProxyProtocolFactory(factory, options), listenOptions);
  }

  /** Connects, and sends the chunks in turns of their own. */
  connect(chunks: (string | Uint8Array)[] = [], from = "127.0.0.1"): TestPeer {
    const peer = new TestPeer();
    const factory = ClientFactory.forProtocol(() => peer);
    this.reactor.connectTCP("127.0.0.1", 80, factory, { bindAddress: from });
    this.clock.advance(0);
    for (const chunk of chunks) this.send(peer, chunk);
    return peer;
  }

  send(peer: TestPeer, data: string | Uint8Array): void {
    peer.transport.write(data);
    this.clock.advance(0);
  }
}

/** Returns the only protocol that was built. */
function only(wires: Wires): Wire {
  const [wire, ...more] = wires.built;
  assert(wire !== undefined && more.length === 0, `${wires.built.length} protocols were built`);
  return wire;
}

for (const [name, header] of [["1", encoder.encode(LINE)], ["2", V2]] as const) {
  Deno.test(`ProxyProtocolFactory connects a protocol after a header of version ${name}`, () => {
    const setup = new Setup();
    const wires = new Wires();
    setup.listen(wires);
    const peer = setup.connect([header.subarray(0, 20)]);
    assertEquals(wires.built, []);
    setup.send(peer, header.subarray(20));
    const wire = only(wires);
    assertEquals([wires.addresses, wire.events], [[CLIENT], ["made"]]);
    assertEquals([wire.transport.getPeer(), wire.transport.getHost()], [CLIENT, SERVER]);
    wire.transport.write("hello");
    setup.send(peer, "data");
    assertEquals([peer.text, wire.text], ["hello", "data"]);
  });

  Deno.test(`ProxyProtocolFactory passes on the bytes after a header of version ${name}`, () => {
    for (const size of [1, 7, 1000]) {
      const setup = new Setup();
      const wires = new Wires();
      setup.listen(wires);
      const all = new Uint8Array([...header, ...encoder.encode("HTTP/1.1 / GET")]);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += size) chunks.push(all.slice(at, at + size));
      const peer = setup.connect([...chunks, "\r\n\r\n"]);
      assertEquals(only(wires).text, "HTTP/1.1 / GET\r\n\r\n");
      assertEquals(peer.ending, "");
    }
  });
}

Deno.test("ProxyProtocolFactory returns the addresses of IPv6 and UNIX headers", () => {
  const pairs: [Address, Address][] = [
    [new IPv6Address("TCP", "::1", 8080), new IPv6Address("TCP", "::2", 8888)],
    [new UNIXAddress("/home/tests/mysockets/sock"), new UNIXAddress("/home/tests/mysockets/sock")],
  ];
  for (const [source, destination] of pairs) {
    const setup = new Setup();
    const wires = new Wires();
    setup.listen(wires);
    setup.connect([encodeProxyHeader({ source, destination })]);
    const { transport } = only(wires);
    assertEquals([transport.getPeer(), transport.getHost()], [source, destination]);
  }
});

Deno.test("ProxyProtocolFactory keeps the connection's addresses if the header names none", () => {
  for (const header of ["PROXY UNKNOWN\r\n", encodeProxyHeader({ command: "LOCAL" })]) {
    const setup = new Setup();
    const wires = new Wires();
    setup.listen(wires);
    const peer = setup.connect([header], "127.0.0.2");
    const { transport } = only(wires);
    assertEquals(transport.getPeer(), peer.transport.getHost());
    assertEquals(transport.getHost(), peer.transport.getPeer());
  }
});

Deno.test("proxyHeaderOf() returns the header, in buildProtocol() and through the transport", () => {
  const setup = new Setup();
  const wires = new Wires();
  setup.listen(wires);
  const value = encoder.encode("example.org");
  const tlvs = [{ type: ProxyTLVType.AUTHORITY, value }];
  const options = { source: CLIENT, destination: SERVER, tlvs };
  setup.connect([encodeProxyHeader(options)]);
  const { transport } = only(wires);
  const header = proxyHeaderOf(transport);
  assertEquals(header?.authority, "example.org");
  assertStrictEquals(proxyHeaderOf(wires.addresses[0] ?? CLIENT), header);
  assertStrictEquals(proxyHeaderOf(transport.getHost()), header);
  assertEquals(proxyHeaderOf(CLIENT), null);
  assertEquals(proxyHeaderOf(new StringTransport()), null);
});

Deno.test("proxyHeaderOf() finds the header of a health check", () => {
  const setup = new Setup();
  const wires = new Wires();
  setup.listen(wires);
  setup.connect([encodeProxyHeader({ command: "LOCAL" })]);
  assertEquals(proxyHeaderOf(only(wires).transport)?.command, "LOCAL");
});

const MALFORMED: Record<string, [chunks: (string | Uint8Array)[], reason: string]> = {
  "no header": [["NOTPROXY anything can go here\r\n"], "must begin with the signature"],
  "a request of HTTP": [["GET / HTTP/1.1\r\n\r\n"], "must begin with the signature"],
  "a ClientHello": [[Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00)], "must begin with the signature"],
  "a line in two parts": [["PROXY TCP4 1.1.1.1\r\n", "2.2.2.2 8080\r\n"], "two addresses"],
  "a changed signature": [[Uint8Array.of(0, ...V2.subarray(1))], "must begin with the signature"],
  "a long line": [["PROXY UNKNOWN ", "x".repeat(200)], "the limit is 107"],
};

for (const [what, [chunks, reason]] of Object.entries(MALFORMED)) {
  Deno.test(`ProxyProtocolFactory aborts a connection with ${what}`, () => {
    using lines = new Lines();
    const setup = new Setup();
    const wires = new Wires();
    setup.listen(wires);
    const peer = setup.connect(chunks);
    assertEquals([wires.built.length, peer.ending], [0, "ECONNRESET"]);
    const [line = "", ...more] = lines.refusals;
    assert(/^Refused a connection from 127\.0\.0\.1:\d+: Cannot /.test(line), line);
    assert(line.includes(reason), line);
    assertEquals(more, []);
  });
}

Deno.test("ProxyProtocolFactory logs the first, the tenth and the hundredth refusal", () => {
  using lines = new Lines();
  const setup = new Setup();
  setup.listen(new Wires());
  for (let i = 0; i < 120; i++) setup.connect(["GET"]);
  assertEquals(lines.refusals.map((line) => /\(([^(]*) so far\)$/.exec(line)?.[1]), [
    undefined,
    "10 times",
    "100 times",
  ]);
});

Deno.test("ProxyProtocolFactory.headerTimeout aborts a connection without a complete header", () => {
  using lines = new Lines();
  for (const [options, timeout] of [[ANY, 5], [{ ...ANY, headerTimeout: 3 }, 3]] as const) {
    const setup = new Setup();
    const wires = new Wires();
    setup.listen(wires, options);
    // A byte per second does not extend the time.
    const peer = setup.connect(["P"]);
    for (let second = 1; second < timeout; second++) {
      setup.clock.advance(1);
      setup.send(peer, LINE.charAt(second));
    }
    setup.clock.advance(0.9);
    assertEquals(peer.ending, "");
    setup.clock.advance(0.1);
    assertEquals([peer.ending, wires.built], ["ECONNRESET", []]);
    const line = lines.refusals.at(-1) ?? "";
    assert(line.endsWith(`its PROXY header was not complete within ${timeout} s`), line);
  }
});

Deno.test("ProxyProtocolFactory ends the timeout with the header, and with the connection", () => {
  const setup = new Setup();
  const wires = new Wires();
  setup.listen(wires);
  const closed = setup.connect();
  setup.connect([LINE]);
  closed.transport.loseConnection();
  setup.clock.advance(0);
  assertEquals(setup.reactor.getDelayedCalls(), []);
  setup.clock.advance(100);
  assertEquals(only(wires).events, ["made"]);
});

Deno.test("ProxyProtocolFactory needs a clock if the transport has none", () => {
  const factory = new ProxyProtocolFactory(new Wires(), ANY);
  const protocol = factory.buildProtocol(CLIENT);
  assert(protocol !== null);
  const error = assertThrows(() => protocol.makeConnection(new StringTransport()), Error);
  assert(error.message.endsWith("has no clock; pass the option clock"), error.message);
  const clock = new Clock();
  const other = new ProxyProtocolFactory(new Wires(), { ...ANY, clock }).buildProtocol(CLIENT);
  const transport = new StringTransport();
  other?.makeConnection(transport);
  clock.advance(5);
  assert(transport.disconnecting);
  const unlimited = new ProxyProtocolFactory(new Wires(), { ...ANY, headerTimeout: Infinity });
  unlimited.buildProtocol(CLIENT)?.makeConnection(new StringTransport());
});

Deno.test("ProxyProtocolFactory logs a connection that ends within the header", () => {
  using lines = new Lines();
  const setup = new Setup();
  setup.listen(new Wires());
  setup.connect(["PROXY TCP4"]).transport.loseConnection();
  // A health check that sends nothing is not worth a line.
  setup.connect().transport.loseConnection();
  setup.clock.advance(0);
  assertEquals(lines.refusals.map((line) => line.replace(/:\d+:/, ":")), [
    "Refused a connection from 127.0.0.1: Cannot complete a PROXY header: " +
    "the input ends after 10 of its bytes (at byte 0 of the input)",
  ]);
});

// Trust

Deno.test("ProxyProtocolFactory.trustedSources refuses all others, with and without a header", () => {
  using lines = new Lines();
  const setup = new Setup();
  const wires = new Wires();
  setup.listen(wires, { trustedSources: ["127.0.0.8/29", "127.0.0.32"] });
  for (const from of ["127.0.0.7", "127.0.0.16", "127.0.0.31"]) {
    assertEquals(setup.connect([LINE], from).ending, "closed");
    assertEquals(setup.connect(["hello"], from).ending, "closed");
  }
  assertEquals(wires.built, []);
  for (const from of ["127.0.0.8", "127.0.0.15", "127.0.0.32"]) setup.connect([LINE], from);
  assertEquals(wires.built.length, 3);
  const [line = "", ...more] = lines.refusals;
  assert(
    /^Refused a connection from 127\.0\.0\.7:\d+: its address is not in trustedSources$/
      .test(line),
    line,
  );
  assertEquals(more, []);
});

Deno.test("ProxyProtocolFactory.trustedSources counts an IPv4-mapped address as IPv4", () => {
  const factory = new ProxyProtocolFactory(new Wires(), { trustedSources: ["10.0.0.0/8"] });
  const from = (address: Address): boolean => factory.buildProtocol(address) !== null;
  assert(from(new IPv6Address("TCP", "::ffff:10.1.2.3", 1)));
  assert(from(new IPv6Address("TCP", "::ffff:a01:203", 1)));
  assert(!from(new IPv6Address("TCP", "::ffff:11.1.2.3", 1)));
  assert(!from(new IPv6Address("TCP", "::10.1.2.3", 1)));
});

Deno.test("ProxyProtocolFactory.trustedSources names the peers of UNIX sockets with unix", () => {
  const unix = new UNIXAddress("");
  const built = (trustedSources: "any" | string[]): boolean =>
    new ProxyProtocolFactory(new Wires(), { trustedSources }).buildProtocol(unix) !== null;
  assertEquals([built(["unix"]), built(["0.0.0.0/0"]), built("any"), built([])], [
    true,
    false,
    true,
    false,
  ]);
});

Deno.test("ProxyProtocolFactory requires trustedSources, and checks its options", () => {
  // The types reject these options.
  const make = (options: unknown) => () =>
    new ProxyProtocolFactory(new Wires(), options as ProxyProtocolOptions);
  for (const sources of [undefined, null, "10.0.0.0/8", "Any", true]) {
    const error = assertThrows(make({ trustedSources: sources }), TypeError);
    assert(error.message.startsWith("trustedSources must be a list of addresses"), error.message);
  }
  assertThrows(make({ trustedSources: [1] }), TypeError, "must be a string, got 1");
  assertThrows(make({ trustedSources: ["any"] }), RangeError, 'got "any"');
  assertThrows(make({ trustedSources: ["10.0.0.1/8"] }), RangeError, "10.0.0.0/8");
  assertThrows(make({ ...ANY, headerTimeout: -1 }), RangeError, "headerTimeout");
  assertThrows(make({ ...ANY, maxHeaderLength: 1 }), RangeError, "maxHeaderLength");
  const notAFactory: unknown = Protocol;
  assertThrows(() => new ProxyProtocolFactory(notAFactory as Factory, ANY), TypeError);
  const tcp = new TCP4ServerEndpoint(new Setup().reactor, 80);
  assertThrows(() => proxyEndpoint(tcp, {} as ProxyProtocolOptions), TypeError, "trustedSources");
});

Deno.test("ProxyProtocolFactory believes one header only", () => {
  const setup = new Setup();
  const wires = new Wires();
  setup.listen(wires);
  const second = "PROXY TCP4 203.0.113.66 192.0.2.9 1 443\r\n";
  setup.connect([LINE + second]);
  assertEquals([only(wires).transport.getPeer(), only(wires).text], [CLIENT, second]);
});

Deno.test("ProxyProtocolFactory reads a second header if it wraps another one", () => {
  const setup = new Setup();
  const wires = new Wires();
  const inner = new ProxyProtocolFactory(wires, { trustedSources: ["192.0.2.1"] });
  setup.reactor.listenTCP(80, new ProxyProtocolFactory(inner, { trustedSources: ["127.0.0.1"] }));
  setup.connect([`${LINE}PROXY TCP4 203.0.113.66 192.0.2.9 1 443\r\nhello`]);
  assertEquals([`${only(wires).transport.getPeer()}`, only(wires).text], [
    "203.0.113.66:1",
    "hello",
  ]);
});

// Limits

Deno.test("maxConnectionsPerHost counts the clients that the headers name", () => {
  using lines = new Lines();
  const setup = new Setup();
  const wires = new Wires();
  const port = setup.listen(wires, ANY, { maxConnectionsPerHost: 2 });
  const from = (host: string): TestPeer => setup.connect([`PROXY TCP4 ${host} 192.0.2.9 1 2\r\n`]);
  // Connections whose client is not known yet are not counted under the proxy.
  const waiting = [1, 2, 3].map(() => setup.connect());
  const first = from("192.0.2.1");
  from("192.0.2.1");
  const third = from("192.0.2.1");
  assertEquals([third.ending, wires.built.length], ["ECONNRESET", 2]);
  from("192.0.2.2");
  assertEquals(wires.built.length, 3);
  assertEquals(lines.refusals, [
    "Refused a connection from 192.0.2.1:1: its host has reached the connection limit of 2",
  ]);
  assertEquals(port.stats?.refused, 1);
  first.transport.loseConnection();
  setup.clock.advance(0);
  from("192.0.2.1");
  assertEquals(wires.built.length, 4);
  assertEquals(waiting.map(({ ending }) => ending), ["", "", ""]);
});

Deno.test("LimitConnectionsByPeer inside counts the clients that the headers name", () => {
  const setup = new Setup();
  const wires = new Wires();
  const limited = new LimitConnectionsByPeer(wires, { maxConnectionsPerPeer: 1 });
  setup.reactor.listenTCP(80, new ProxyProtocolFactory(limited, ANY));
  const from = (host: string): TestPeer => setup.connect([`PROXY TCP4 ${host} 192.0.2.9 1 2\r\n`]);
  assertEquals([from("192.0.2.1").ending, from("192.0.2.1").ending], ["", "closed"]);
  assertEquals([from("192.0.2.2").ending, wires.built.length], ["", 2]);
});

Deno.test("connectionRatePerHost counts the clients that the headers name", () => {
  using lines = new Lines();
  const setup = new Setup();
  const wires = new Wires();
  setup.listen(wires, ANY, { connectionRatePerHost: 2 });
  const from = (host: string): TestPeer => setup.connect([`PROXY TCP4 ${host} 192.0.2.9 1 2\r\n`]);
  assertEquals([1, 2, 3].map(() => from("192.0.2.1").ending), ["", "", "ECONNRESET"]);
  assertEquals([1, 2].map(() => from("192.0.2.2").ending), ["", ""]);
  setup.clock.advance(0.5);
  assertEquals([1, 2].map(() => from("192.0.2.1").ending), ["", "ECONNRESET"]);
  assertEquals(wires.built.length, 5);
  assertEquals(
    lines.refusals[0],
    "Refused a connection from 192.0.2.1:1: " +
      "its host has reached the limit of 2 connections per second",
  );
});

Deno.test("connectionRatePerHost does not count a client that maxConnectionsPerHost refuses", () => {
  using _lines = new Lines();
  const setup = new Setup();
  const wires = new Wires();
  setup.listen(wires, ANY, { connectionRatePerHost: 2, maxConnectionsPerHost: 1 });
  const from = (host: string): TestPeer => setup.connect([`PROXY TCP4 ${host} 192.0.2.9 1 2\r\n`]);
  const first = from("192.0.2.1");
  assertEquals([1, 2, 3].map(() => from("192.0.2.1").ending), Array(3).fill("ECONNRESET"));
  first.transport.loseConnection();
  setup.clock.advance(0);
  assertEquals(from("192.0.2.1").ending, "");
});

Deno.test("maxConnections counts connections whose header has not arrived", () => {
  const setup = new Setup();
  const wires = new Wires();
  setup.listen(wires, ANY, { maxConnections: 2, overflow: "refuse" });
  setup.connect();
  setup.connect([LINE]);
  assertEquals(setup.connect([LINE]).ending, "ECONNRESET");
  assertEquals(wires.built.length, 1);
});

// The protocol's connection

Deno.test("ProxyProtocolFactory holds the rest back while the protocol has paused", () => {
  const setup = new Setup();
  const wires = new Wires({ connectionMade: (wire) => wire.transport.pauseProducing() });
  setup.listen(wires);
  const peer = setup.connect([`${LINE}first`, " second"]);
  const wire = only(wires);
  assertEquals(wire.events, ["made"]);
  wire.transport.resumeProducing();
  // Not within the call of resumeProducing().
  assertEquals(wire.events, ["made"]);
  return Promise.resolve().then(() => {
    assertEquals(wire.text, "first");
    setup.clock.advance(0);
    assertEquals(wire.text, "first second");
    setup.send(peer, " third");
    assertEquals(wire.text, "first second third");
  });
});

Deno.test("ProxyProtocolFactory does not pass on the rest to a protocol that closes", () => {
  for (const method of ["loseConnection", "abortConnection"] as const) {
    const setup = new Setup();
    const wires = new Wires({ connectionMade: (wire) => wire.transport[method]() });
    setup.listen(wires);
    setup.connect([`${LINE}rest`]);
    assertEquals(only(wires).events, ["made", "lost"]);
  }
});

Deno.test("ProxyProtocolFactory forwards both halves' ends to a protocol that handles them", () => {
  const setup = new Setup();
  const wires = new Wires(() => new HalfCloseableWire());
  setup.listen(wires);
  const peer = setup.connect([LINE]);
  peer.transport.loseWriteConnection();
  setup.clock.advance(0);
  const wire = only(wires);
  assertEquals(wire.events, ["made", "read lost"]);
  wire.transport.write("late");
  wire.transport.loseWriteConnection();
  setup.clock.advance(0);
  assertEquals([wire.events, peer.text], [["made", "read lost", "write lost", "lost"], "late"]);
});

Deno.test("ProxyProtocolFactory loses the connection of a protocol that throws", () => {
  const error = new Error("broken");
  for (const method of ["connectionMade", "dataReceived"] as const) {
    for (const header of [`${LINE}rest`, LINE]) {
      using errors = new LoggedErrors();
      const setup = new Setup();
      const wires = new Wires({
        [method]: () => {
          throw error;
        },
      });
      setup.listen(wires);
      const peer = setup.connect([header, "more"]);
      assertStrictEquals(only(wires).reason, error);
      assertEquals(only(wires).events.at(-1), "lost");
      assertEquals(peer.ending, "closed");
      assertEquals(errors.take(), [error]);
    }
  }
});

Deno.test("ProxyProtocolFactory loses the connection if a resumed protocol throws", async () => {
  using errors = new LoggedErrors();
  const error = new Error("broken");
  const setup = new Setup();
  const wires = new Wires({
    connectionMade: (wire) => wire.transport.pauseProducing(),
    dataReceived: () => Promise.reject(error),
  });
  setup.listen(wires);
  setup.connect([`${LINE}rest`]);
  only(wires).transport.resumeProducing();
  for (let i = 0; i < 9; i++) await Promise.resolve();
  setup.clock.advance(0);
  assertStrictEquals(only(wires).reason?.cause, error);
  assertEquals(errors.take(), [error]);
});

Deno.test("ProxyProtocolFactory closes a connection for which no protocol is built", () => {
  const setup = new Setup();
  setup.listen(new Wires(() => null));
  assertEquals(setup.connect([LINE]).ending, "closed");
});

Deno.test("ProxyProtocolFactory aborts a connection whose buildProtocol throws, and logs it", () => {
  using errors = new LoggedErrors();
  const error = new Error("broken");
  const setup = new Setup();
  setup.listen(
    new Wires(() => {
      throw error;
    }),
  );
  assertEquals(setup.connect([LINE]).ending, "ECONNRESET");
  const [event] = errors.takeEvents();
  assertStrictEquals(event?.failure, error);
  assertEquals(event?.message, "Error while calling buildProtocol for 192.0.2.1:56324");
});

Deno.test("ProxyProtocolFactory aborts a connection within its header when the port drains", () => {
  const setup = new Setup();
  const port = setup.listen(new Wires());
  const peer = setup.connect(["PROXY"]);
  let left: number | null = null;
  port.drain(10).addCallback((count) => left = count);
  setup.clock.advance(0);
  assertEquals([peer.ending, left], ["ECONNRESET", 0]);
});

Deno.test("ProxyProtocolFactory names the client in the log", () => {
  const setup = new Setup();
  const wires = new Wires();
  const factory = new ProxyProtocolFactory(wires, ANY);
  assertEquals(factory.logPrefix(), "Wires (PROXY)");
  setup.reactor.listenTCP(80, factory);
  const systems: string[] = [];
  using _observing = addObserver(({ system }) => systems.push(system), { replay: false });
  using errors = new LoggedErrors();
  setup.connect([LINE]);
  const wire = only(wires);
  assert(/^connection from 127\.0\.0\.1:\d+ for 192\.0\.2\.1:56324$/.test(`${wire.transport}`));
  wire.transport.abortConnection();
  const failing = new Wires({
    dataReceived: () => {
      throw new Error("broken");
    },
  });
  setup.reactor.listenTCP(81, new ProxyProtocolFactory(failing, ANY));
  const peer = new TestPeer();
  setup.reactor.connectTCP("127.0.0.1", 81, ClientFactory.forProtocol(() => peer));
  setup.clock.advance(0);
  setup.send(peer, `${LINE}x`);
  assertEquals(errors.take().length, 1);
  assert(systems.includes("Wire (PROXY 192.0.2.1:56324),0,127.0.0.1"), systems.join());
});

Deno.test("ProxyFactory forwards the bytes that came with the header", async () => {
  const setup = new Setup();
  const wires = new Wires();
  setup.reactor.listenTCP(81, wires);
  setup.listen(new ProxyFactory(setup.reactor, "127.0.0.1", 81));
  const peer = setup.connect([`${LINE}first`]);
  for (let i = 0; i < 5; i++) {
    await Promise.resolve();
    setup.clock.advance(0);
  }
  setup.send(peer, " second");
  assertEquals(only(wires).text, "first second");
});

// TLS

const TLS = { cert: "", key: "" };

Deno.test("startTLS() gets the ClientHello that came in the segment of the header", () => {
  for (
    const chunks of [[`${LINE}hello`], [LINE, "hello"], ["PROXY", `${LINE.slice(5)}hel`, "lo"]]
  ) {
    const setup = new Setup();
    const wires = new Wires({ connectionMade: (wire) => wire.transport.startTLS(TLS) });
    setup.listen(wires);
    setup.connect(chunks);
    const received = setup.tls.engine.calls.filter((call) => call.startsWith("receive"))
      .map((call) => call.slice("receive ".length));
    assertEquals([received.join(""), only(wires).text], ["hello", ""]);
  }
});

Deno.test("startTLS() of a paused protocol gets the ClientHello", () => {
  const setup = new Setup();
  const wires = new Wires({ connectionMade: (wire) => wire.transport.pauseProducing() });
  setup.listen(wires);
  setup.connect([`${LINE}hello`]);
  only(wires).transport.startTLS({ ...TLS, received: encoder.encode("before ") });
  setup.clock.advance(0);
  assertEquals(setup.tls.engine.calls, ["start", "receive before hello"]);
});

for (
  const [name, endpointOf] of [
    [
      "wrapServerTLS() over proxyEndpoint()",
      (setup) => wrapServerTLS(TLS, proxyEndpoint(new TCP4ServerEndpoint(setup.reactor, 80), ANY)),
    ],
    [
      "proxyEndpoint() over wrapServerTLS()",
      (setup) => proxyEndpoint(wrapServerTLS(TLS, new TCP4ServerEndpoint(setup.reactor, 80)), ANY),
    ],
    [
      "proxyEndpoint() over TLSServerEndpoint",
      (setup) => proxyEndpoint(new TLSServerEndpoint(setup.reactor, 80, TLS), ANY),
    ],
  ] as [string, (setup: Setup) => ReturnType<typeof proxyEndpoint>][]
) {
  Deno.test(`${name} reads the header before the TLS handshake`, () => {
    const setup = new Setup();
    const wires = new Wires();
    const endpoint = endpointOf(setup);
    assertEquals(`${endpoint}`, "0.0.0.0:80");
    assertInstanceOf(endpoint.listen(wires), Deferred);
    setup.connect([`${LINE}hello`]);
    assertEquals([setup.tls.engine.calls, wires.built], [["start", "receive hello"], []]);
    setup.tls.engine.secure();
    setup.tls.engine.decrypt("secret");
    setup.clock.advance(0);
    const wire = only(wires);
    assertEquals([wire.text, wire.transport.secure], ["secret", true]);
    assertEquals([wires.addresses, wire.transport.getPeer()], [[CLIENT], CLIENT]);
  });
}

Deno.test("proxyEndpoint() needs a reactor with listenTCP() for the endpoint of TLS", () => {
  const reactor = { listenTLS: () => new Setup().reactor.listenTCP(80, new Wires()) };
  const endpoint = new TLSServerEndpoint(reactor as never, 80, TLS);
  assertThrows(() => proxyEndpoint(endpoint, ANY), UnsupportedError, "has no listenTCP()");
});
