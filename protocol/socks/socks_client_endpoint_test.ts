/** Clients of SOCKS servers. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { Deferred } from "../../defer/mod.ts";
import { wrapClientTLS } from "../../endpoints/wrap_tls.ts";
import { TCP4ClientEndpoint } from "../../endpoints/tcp.ts";
import { HostnameAddress, IPv4Address, IPv6Address } from "../../reactor/addresses.ts";
import {
  ConnectingCancelledError,
  ConnectionRefusedError,
  ConnectTimeoutError,
  NoProtocol,
} from "../../reactor/errors.ts";
import { InMemoryReactor } from "../../reactor/drivers/memory/in_memory_reactor.ts";
import type { IProtocol } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import { HalfCloseableWire, type Wire, Wires } from "../../testing/fixtures/wire.ts";
import { IOPump } from "../../testing/io_pump.ts";
import { ManualEndpoint } from "../../testing/manual_endpoint.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../../testing/results.ts";
import {
  encodeSOCKS4Reply,
  encodeSOCKS4Request,
  encodeSOCKS5Credentials,
  encodeSOCKS5Reply,
  encodeSOCKS5Request,
  SOCKS4ClientEndpoint,
  SOCKS5ClientEndpoint,
  SOCKSError,
  SOCKSFactory,
} from "./mod.ts";

const bytes = (...parts: (number | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => typeof part === "number" ? [part] : [...part]));
const GRANTED = encodeSOCKS5Reply({ code: 0, host: "10.0.0.1", port: 4711 });

/** A SOCKS server that the test moves, and the wires of the application. */
class Setup implements Disposable {
  readonly clock = new Clock();
  readonly server = new ManualEndpoint({ pump: new IOPump({ clock: this.clock }) });
  readonly wires = new Wires();

  connect(endpoint: SOCKS4ClientEndpoint | SOCKS5ClientEndpoint): Deferred<Wire> {
    const connecting = endpoint.connect(this.wires);
    this.server.attempt().succeed();
    this.flush();
    return connecting;
  }

  /** Sends bytes from the server. */
  answer(...parts: (number | Uint8Array)[]): void {
    this.server.attempt().peer?.send(bytes(...parts));
    this.flush();
  }

  flush(): void {
    this.server.pump.flush();
  }

  /** The bytes that the server has received. */
  get sent(): number[] {
    return [...this.server.attempt().peer?.data ?? []];
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
  }
}

Deno.test("SOCKS5ClientEndpoint connects a protocol when the server has granted the request", () => {
  using setup = new Setup();
  const endpoint = new SOCKS5ClientEndpoint(setup.server, "example.org", 443);
  assertEquals(`${endpoint}`, "example.org:443 over 192.0.2.2:2222");
  const connecting = setup.connect(endpoint);
  assertEquals(setup.sent, [5, 1, 0]);
  setup.answer(5, 0);
  assertEquals(setup.sent.slice(3), [...encodeSOCKS5Request({ host: "example.org", port: 443 })]);
  assertNoResult(connecting);
  setup.answer(GRANTED);
  const wire = successResultOf(connecting);
  const target = new HostnameAddress("example.org", 443);
  assertEquals([wire.events, setup.wires.addresses], [["made"], [target]]);
  assertEquals(wire.transport.getPeer(), target);
  assert(/^connection to 192\.0\.2\.2:2222 for example\.org:443$/.test(`${wire.transport}`));
  setup.answer(0x68, 0x69);
  wire.transport.write("hello");
  setup.flush();
  assertEquals([wire.text, setup.server.attempt().peer?.text.slice(-5)], ["hi", "hello"]);
  setup.server.attempt().peer?.transport.loseConnection();
  setup.flush();
  assertEquals(wire.reason?.name, "ConnectionDone");
});

Deno.test("SOCKS5ClientEndpoint passes on what the target sends with the reply, for any split", () => {
  const all = bytes(5, 0, GRANTED, 0x68, 0x69);
  for (const size of [1, 3, 100]) {
    using setup = new Setup();
    const connecting = setup.connect(new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80));
    for (let at = 0; at < all.length; at += size) setup.answer(all.subarray(at, at + size));
    assertEquals(successResultOf(connecting).text, "hi");
    assertEquals(setup.wires.addresses, [new IPv4Address("TCP", "192.0.2.7", 80)]);
  }
});

Deno.test("SOCKS5ClientEndpoint sends the user name and the password if the server asks", () => {
  using setup = new Setup();
  const credentials = { username: "ada", password: "secret" };
  const connecting = setup.connect(new SOCKS5ClientEndpoint(setup.server, "::1", 80, credentials));
  assertEquals(setup.sent, [5, 2, 0, 2]);
  setup.answer(5, 2);
  assertEquals(setup.sent.slice(4), [...encodeSOCKS5Credentials("ada", "secret")]);
  setup.answer(1, 0);
  assertEquals(setup.sent.slice(-22), [...encodeSOCKS5Request({ host: "::1", port: 80 })]);
  setup.answer(GRANTED);
  successResultOf(connecting);
  assertEquals(setup.wires.addresses, [new IPv6Address("TCP", "::1", 80)]);
  using open = new Setup();
  open.connect(new SOCKS5ClientEndpoint(open.server, "192.0.2.7", 80, credentials))
    .addErrback(() => {});
  open.answer(5, 0);
  assertEquals(open.sent.slice(4), [...encodeSOCKS5Request({ host: "192.0.2.7", port: 80 })]);
});

Deno.test("SOCKS4ClientEndpoint connects through SOCKS 4 and 4a", () => {
  for (const host of ["192.0.2.7", "example.org"]) {
    using setup = new Setup();
    const endpoint = new SOCKS4ClientEndpoint(setup.server, host, 80, { userId: "ada" });
    const connecting = setup.connect(endpoint);
    assertEquals(setup.sent, [...encodeSOCKS4Request({ host, port: 80, userId: "ada" })]);
    setup.answer(encodeSOCKS4Reply({ code: 90 }), 0x68, 0x69);
    assertEquals(successResultOf(connecting).text, "hi");
  }
});

const FAILURES: [parts: (number | Uint8Array)[], reason: string, reply: number | null][] = [
  [[5, 0, encodeSOCKS5Reply({ code: 1 })], "its reply is 1, general failure", 1],
  [[5, 0, encodeSOCKS5Reply({ code: 2 })], "its reply is 2, not allowed by the server's rules", 2],
  [[5, 0, encodeSOCKS5Reply({ code: 5 })], "its reply is 5, connection refused", 5],
  [[5, 0, encodeSOCKS5Reply({ code: 99 })], "its reply is 99, an unknown code", 99],
  [
    [5, 0xff],
    "it accepts none of the client's methods of authentication; " +
    "it may require a user name and a password",
    null,
  ],
  [[5, 2], "it chose the method of authentication 2, which was not offered", null],
  [[5, 1], "it chose the method of authentication 1, which was not offered", null],
  [
    [...new TextEncoder().encode("HTTP/1.1 400")],
    "Cannot decode a SOCKS message: its first byte must be 5, got 72 (at byte 0 of the input)",
    null,
  ],
  [
    [5, 0, 5, 0, 0, 9],
    "Cannot decode a SOCKS message: its type of address must be IPv4 (1), a name (3) or IPv6 (4), " +
    "got 9 (at byte 5 of the input)",
    null,
  ],
];

for (const [parts, reason, reply] of FAILURES) {
  Deno.test(`SOCKS5ClientEndpoint.connect() fails: ${reason.slice(0, 50)}`, () => {
    using setup = new Setup();
    const connecting = setup.connect(new SOCKS5ClientEndpoint(setup.server, "example.org", 80));
    setup.answer(...parts);
    const error = failureResultOf(connecting);
    assertInstanceOf(error, SOCKSError);
    assertEquals(
      error.message,
      `Cannot connect to example.org:80 through the SOCKS server 192.0.2.2:2222: ${reason}`,
    );
    assertEquals([error.reply, error.address], [reply, "example.org:80"]);
    assertEquals([setup.wires.built, setup.server.attempt().isLost], [[], true]);
  });
}

Deno.test("SOCKS5ClientEndpoint.connect() fails if the server does not accept the password", () => {
  using setup = new Setup();
  const credentials = { username: "ada", password: "guess" };
  const endpoint = new SOCKS5ClientEndpoint(setup.server, "example.org", 80, credentials);
  const connecting = setup.connect(endpoint);
  setup.answer(5, 2, 1, 1);
  const { message } = failureResultOf(connecting, SOCKSError);
  assert(message.endsWith("it did not accept the user name and password"), message);
  assert(!message.includes("guess"));
});

Deno.test("SOCKS4ClientEndpoint.connect() fails with the reply code of SOCKS 4", () => {
  using setup = new Setup();
  const connecting = setup.connect(new SOCKS4ClientEndpoint(setup.server, "192.0.2.7", 80));
  setup.answer(encodeSOCKS4Reply({ code: 91 }));
  const error = failureResultOf(connecting, SOCKSError);
  assert(error.message.endsWith("its reply is 91, request rejected or failed"), error.message);
  assertEquals(error.reply, 91);
});

Deno.test("SOCKS5ClientEndpoint.connect() fails if the server closes before its reply", () => {
  using setup = new Setup();
  const connecting = setup.connect(new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80));
  setup.server.attempt().peer?.transport.loseConnection();
  setup.flush();
  const error = failureResultOf(connecting, SOCKSError);
  assert(error.message.endsWith("it closed the connection before its reply"), error.message);
});

Deno.test("SOCKS5ClientEndpoint.connect() fails with the error of the server's endpoint", () => {
  using setup = new Setup();
  const connecting = new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80).connect(setup.wires);
  setup.server.attempt().fail();
  assertInstanceOf(failureResultOf(connecting), ConnectionRefusedError);
});

Deno.test("SOCKS5ClientEndpoint.timeout limits the negotiation", () => {
  for (const [options, timeout] of [[{}, 30], [{ timeout: 4 }, 4]] as const) {
    using setup = new Setup();
    const endpoint = new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80, options);
    const connecting = setup.connect(endpoint);
    setup.answer(5, 0);
    setup.clock.advance(timeout - 0.1);
    assertNoResult(connecting);
    setup.clock.advance(0.1);
    const { message } = failureResultOf(connecting, ConnectTimeoutError);
    assert(message.endsWith(`it did not answer within ${timeout} s`), message);
    setup.flush();
    assert(setup.server.attempt().isLost);
  }
  using setup = new Setup();
  const done = setup.connect(new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80));
  setup.answer(5, 0, GRANTED);
  setup.clock.advance(1000);
  assert(successResultOf(done).transport.connected);
});

Deno.test("SOCKS5ClientEndpoint.connect() can be cancelled at any time, and by a signal", () => {
  for (const step of ["before the server", "in the negotiation"]) {
    for (const by of ["cancel", "signal"]) {
      using setup = new Setup();
      const endpoint = new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80);
      const controller = new AbortController();
      const connecting = endpoint.connect(setup.wires, { signal: controller.signal });
      if (step === "in the negotiation") setup.server.attempt().succeed();
      setup.flush();
      if (by === "cancel") connecting.cancel();
      else controller.abort();
      setup.flush();
      assertInstanceOf(failureResultOf(connecting), ConnectingCancelledError);
      assertEquals([setup.wires.built, setup.server.attempt().isOpen], [[], false]);
    }
  }
  using setup = new Setup();
  const endpoint = new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80);
  const late = endpoint.connect(setup.wires, { signal: AbortSignal.abort() });
  assertInstanceOf(failureResultOf(late), ConnectingCancelledError);
});

Deno.test("SOCKS5ClientEndpoint.connect() fails if the factory builds no protocol", () => {
  const error = new Error("broken");
  for (const expected of [NoProtocol, Error]) {
    using setup = new Setup();
    const factory = new Wires(() => {
      if (expected === NoProtocol) return null;
      throw error;
    });
    const endpoint = new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80);
    const connecting = endpoint.connect(factory);
    setup.server.attempt().succeed();
    setup.answer(5, 0, GRANTED);
    const failure = failureResultOf(connecting);
    if (expected === NoProtocol) assertInstanceOf(failure, NoProtocol);
    else assertStrictEquals(failure, error);
    setup.flush();
    assert(setup.server.attempt().peer?.ending === "closed");
  }
});

Deno.test("SOCKS5ClientEndpoint.connect() loses the connection if connectionMade throws", () => {
  using errors = new LoggedErrors();
  using setup = new Setup();
  const error = new Error("broken");
  const wires = new Wires({
    connectionMade: () => {
      throw error;
    },
  });
  const connecting = new SOCKS5ClientEndpoint(setup.server, "192.0.2.7", 80).connect(wires);
  setup.server.attempt().succeed();
  setup.answer(5, 0, GRANTED);
  assertStrictEquals(failureResultOf(connecting), error);
  assertEquals([wires.built[0]?.events, errors.take()], [["made", "lost"], [error]]);
});

for (
  const [what, make, problem] of [
    ["a port", (to) => new SOCKS5ClientEndpoint(to, "a", 0), "port must be an integer from 1"],
    ["a host", (to) => new SOCKS5ClientEndpoint(to, "", 80), "host of SOCKS"],
    [
      "a user name alone",
      (to) => new SOCKS5ClientEndpoint(to, "a", 80, { username: "x" }),
      "must be given together",
    ],
    [
      "an empty password",
      (to) => new SOCKS5ClientEndpoint(to, "a", 80, { username: "x", password: "" }),
      "password",
    ],
    ["a timeout", (to) => new SOCKS5ClientEndpoint(to, "a", 80, { timeout: -1 }), "timeout"],
    ["an IPv6 address in SOCKS 4", (to) => new SOCKS4ClientEndpoint(to, "::1", 80), "IPv6"],
  ] as [string, (to: ManualEndpoint) => unknown, string][]
) {
  Deno.test(`SOCKS endpoints refuse ${what}`, () => {
    using server = new ManualEndpoint();
    assertThrows(() => make(server), RangeError, problem);
  });
}

// With the server of this library

/** A SOCKS server and a target in memory. */
class Network {
  readonly clock = new Clock();
  readonly tls = new FakeTLS();
  readonly reactor: InMemoryReactor = new InMemoryReactor(this.clock, { tls: this.tls });
  readonly targets = new Wires(() => new HalfCloseableWire());

  constructor() {
    const authenticate = (username: string, password: string): boolean => username === password;
    this.reactor.listenTCP(80, this.targets);
    const authorize = (): boolean => true;
    this.reactor.listenTCP(1080, new SOCKSFactory(this.reactor, { authorize, authenticate }));
    this.reactor.listenTCP(1081, new SOCKSFactory(this.reactor, { authorize }));
    void this.reactor.run();
  }

  server(port: number): TCP4ClientEndpoint {
    return new TCP4ClientEndpoint(this.reactor, "127.0.0.1", port);
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      this.clock.advance(0);
      await Promise.resolve();
    }
  }
}

Deno.test("SOCKS endpoints connect through SOCKSFactory, also through several", async () => {
  const network = new Network();
  const login = { username: "ada", password: "ada" };
  const first = new SOCKS5ClientEndpoint(network.server(1080), "127.0.0.1", 1081, login);
  const endpoints = [
    new SOCKS4ClientEndpoint(network.server(1081), "localhost", 80),
    new SOCKS5ClientEndpoint(network.server(1081), "localhost", 80),
    new SOCKS5ClientEndpoint(network.server(1080), "127.0.0.1", 80, login),
    new SOCKS5ClientEndpoint(first, "127.0.0.1", 80),
    new SOCKS4ClientEndpoint(first, "localhost", 80),
  ];
  for (const [index, endpoint] of endpoints.entries()) {
    const client = new HalfCloseableWire();
    const clients = new Wires(() => client);
    const connecting = endpoint.connect(clients);
    await network.settle();
    assertStrictEquals(successResultOf(connecting), client);
    client.transport.write("question");
    client.transport.loseWriteConnection();
    await network.settle();
    const target = await network.targets.wire(index);
    assertEquals([target.text, target.events], ["question", ["made", "data", "read lost"]]);
    target.transport.write("answer");
    target.transport.loseWriteConnection();
    await network.settle();
    assertEquals([client.text, client.events.includes("read lost")], ["answer", true]);
    assertEquals(clients.events, ["start", "stop"]);
  }
});

Deno.test("wrapClientTLS() over SOCKS5ClientEndpoint starts TLS with the target", async () => {
  const network = new Network();
  const plain = new SOCKS5ClientEndpoint(network.server(1081), "localhost", 80);
  const wires = new Wires();
  const connecting: Deferred<IProtocol> = wrapClientTLS({ serverName: "localhost" }, plain)
    .connect(wires);
  await network.settle();
  assertEquals(network.tls.engine.calls, ["start"]);
  network.tls.engine.encrypt("ClientHello");
  await network.settle();
  assertEquals(network.targets.built[0]?.text, "ClientHello");
  network.tls.engine.secure();
  await network.settle();
  successResultOf(connecting);
  assertEquals(wires.built[0]?.transport.secure, true);
});
