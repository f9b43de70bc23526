/**
 * Connections to host names: with attempts that the test completes, on a network in memory, and
 * with real sockets. The race itself is tested in `reactor/names/happy_eyeballs_test.ts`.
 *
 * Twisted's `internet/test/test_endpoints.py`:
 *
 * - `HostnameEndpointsOneIPv4Tests`, `HostnameEndpointsOneIPv6Tests`, and
 *   `_HostnameEndpointMemoryReactorMixin` with `HostnameEndpointMemoryIPv4ReactorTests` and
 *   `HostnameEndpointMemoryIPv6ReactorTests`: all but `test_deprecation` and `test_errorsLogged`,
 *   which are about reactors without a resolver. The error of a single address comes with the
 *   host's name, in an error of the same class.
 * - `HostnameEndpointReprTests`: all but the tests of bytes, which a name cannot be here.
 *   `HostnameEndpointBindAddressTypes`: the compiler checks the types of `bindAddress`; here is a
 *   test that it reaches the reactor.
 * - `HostnameEndpointIDNATests`: `test_deferBadEncodingToConnect`; the others,
 *   `HostnameEndpointsFasterConnectionTests` and `HostnameEndpointsGAIFailureTests` are with the
 *   race.
 * - `TCP6EndpointsTests`: its client here, its server's arguments in `from_string_test.ts`.
 *   `TCP6EndpointNameResolutionTests`: all but `test_freeFunctionDeferToThread`. Here all addresses
 *   are tried, and not only the first.
 * - `SimpleHostnameResolverTests`, `HostnameEndpointFallbackNameResolutionTests`: about a fallback
 *   that is not needed here.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { Deferred } from "../defer/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { HostnameAddress, IPv6Address } from "../reactor/addresses.ts";
import { portOf, tcpTest } from "../testing/fixtures/tcp_fixture.ts";
import { Wire, Wires } from "../testing/fixtures/wire.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import {
  CannotListenError,
  ConnectError,
  ConnectingCancelledError,
  ConnectionRefusedError,
  ConnectTimeoutError,
  DNSLookupError,
  NoProtocol,
} from "../reactor/errors.ts";
import { TableNameResolver } from "../reactor/names/table_name_resolver.ts";
import { Clock } from "../task/mod.ts";
import {
  type FakeTCPConnector,
  InMemoryReactor,
  LoggedErrors,
  MemoryReactorClock,
} from "../testing/mod.ts";
import {
  clientFromString,
  type ConnectToHostOptions,
  HostnameEndpoint,
  type IStreamClientEndpoint,
  TCP6ClientEndpoint,
  TCP6ServerEndpoint,
} from "./mod.ts";

const V6 = "2001:db8::6";
const V4 = "192.0.2.4";
const TABLE = new TableNameResolver({ "both.test": [V4, V6], "six.test": [V6], "four.test": [V4] });

/** Returns a reactor whose attempts to connect stay pending until the test completes them. */
function recordingReactor(): MemoryReactorClock {
  const reactor = new MemoryReactorClock();
  reactor.installNameResolver(TABLE);
  return reactor;
}

/** Returns the addresses of all attempts. */
function addressesOf({ tcpClients }: MemoryReactorClock): string[] {
  return tcpClients.map((client) => String(client.getDestination()));
}

/** Returns whether each attempt was stopped. */
function stoppedOf({ tcpClients }: MemoryReactorClock): boolean[] {
  return tcpClients.map(({ stoppedConnecting }) => stoppedConnecting);
}

/** Returns an attempt. */
function attempt({ tcpClients }: MemoryReactorClock, index: number): FakeTCPConnector {
  const connector = tcpClients[index];
  assert(connector !== undefined, `there is no attempt ${index}`);
  return connector;
}

/** Throws unless no attempt, no connection, no timer and no trigger is left. */
function checkIdle(reactor: MemoryReactorClock): void {
  assertEquals(reactor.getDelayedCalls(), []);
  assertEquals(reactor.tcpClients.filter(({ state }) => state !== "disconnected"), []);
  assertEquals(reactor.triggers, []);
}

/** Collects the result of connecting. */
function outcomeOf(connecting: Deferred<Wire>): (Wire | Error)[] {
  const outcomes: (Wire | Error)[] = [];
  connecting.addCallbacks((wire) => void outcomes.push(wire), (error) => void outcomes.push(error));
  return outcomes;
}

/** A reactor, a factory, and the result of connecting to a host. */
interface Begun {
  reactor: MemoryReactorClock;
  factory: Wires;
  connecting: Deferred<Wire>;
  outcomes: (Wire | Error)[];
}

function begin(host = "both.test", options: ConnectToHostOptions = {}): Begun {
  const reactor = recordingReactor();
  const factory = new Wires();
  const endpoint: IStreamClientEndpoint = new HostnameEndpoint(reactor, host, 80, options);
  const connecting = endpoint.connect(factory);
  return { reactor, factory, connecting, outcomes: outcomeOf(connecting) };
}

Deno.test("HostnameEndpoint.connect() fires with the first connection, and cancels other attempts", () => {
  const { reactor, factory, outcomes } = begin();
  reactor.advance(0.25);
  assertEquals(addressesOf(reactor), [`[${V6}]:80`, `${V4}:80`]);
  attempt(reactor, 1).succeed();
  const [wire] = outcomes;
  assertInstanceOf(wire, Wire);
  assertEquals(wire.events, ["made"]);
  assertEquals(factory.built.length, 1);
  assertStrictEquals(factory.built[0], wire);
  assertEquals(stoppedOf(reactor), [true, false]);
  assertEquals(reactor.getDelayedCalls(), []);
  assertEquals(reactor.tcpClients.map(({ state }) => state), ["disconnected", "connected"]);
});

for (const [host, address] of [["four.test", `${V4}:80`], ["six.test", `[${V6}]:80`]]) {
  Deno.test(`HostnameEndpoint.connect() connects to the only address of ${host}`, () => {
    const { reactor, outcomes } = begin(host);
    reactor.advance(1);
    assertEquals(addressesOf(reactor), [address]);
    attempt(reactor, 0).succeed();
    assertInstanceOf(outcomes[0], Wire);
    assertEquals(reactor.getDelayedCalls(), []);
  });
}

Deno.test("HostnameEndpoint passes only connection options to the reactor", () => {
  const { reactor } = begin("both.test", {
    attemptDelay: 1,
    resolutionDelay: 2,
    timeout: 5,
    bindAddress: "192.0.2.1",
    linger: 3,
  });
  reactor.advance(1);
  const options = { timeout: 5, bindAddress: "192.0.2.1", linger: 3 };
  assertEquals(reactor.tcpClients.map((each) => each.options), [options, options]);
});

Deno.test("HostnameEndpoint starts and stops the factory once, for any number of attempts", () => {
  const { reactor, factory, outcomes } = begin();
  attempt(reactor, 0).fail();
  attempt(reactor, 1).fail();
  const [error] = outcomes;
  assertInstanceOf(error, ConnectionRefusedError);
  assertEquals(
    error.message,
    "Cannot connect to both.test:80: all attempts failed. " +
      `Connecting to [${V6}]:80 was refused. Connecting to ${V4}:80 was refused`,
  );
  assertEquals(factory.events, ["start", "stop"]);
  checkIdle(reactor);
});

Deno.test("HostnameEndpoint stops the factory when the connection is lost", () => {
  const { reactor, factory, outcomes } = begin();
  attempt(reactor, 0).fail();
  const connection = attempt(reactor, 1).succeed();
  assertEquals(factory.events, ["start"]);
  const [wire] = outcomes;
  assertInstanceOf(wire, Wire);
  connection.lose();
  assertEquals(wire.events, ["made", "lost"]);
  assertEquals(factory.events, ["start", "stop"]);
  checkIdle(reactor);
});

Deno.test("HostnameEndpoint.connect() lists the ConnectTimeoutError of an attempt as a reason", () => {
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock, { nameResolver: TABLE });
  reactor.run();
  // One connection is accepted, and one waits in the backlog. Further attempts get no answer.
  reactor.listenTCP(80, new Wires(), { interface: V6, backlog: 1, maxConnections: 1 });
  for (let i = 0; i < 3; i++) reactor.connectTCP(V6, 80, new Wires());
  clock.advance(0);
  const others = reactor.getDelayedCalls();
  const endpoint = new HostnameEndpoint(reactor, "both.test", 80, { timeout: 2 });
  const outcomes = outcomeOf(endpoint.connect(new Wires()));
  clock.advance(2);
  const [error] = outcomes;
  assertInstanceOf(error, ConnectError);
  assert(!(error instanceof ConnectTimeoutError));
  assertInstanceOf(error.cause, AggregateError);
  const [first, second] = error.cause.errors;
  assertInstanceOf(first, ConnectionRefusedError);
  assertInstanceOf(second, ConnectTimeoutError);
  assertEquals(second.message, `Connecting to [${V6}]:80 took longer than 2 s`);
  assertEquals(reactor.getDelayedCalls(), others);
  reactor.stop();
  clock.advance(0);
});

Deno.test("HostnameEndpoint calls a buildProtocol() that fails only once", () => {
  for (const boom of [null, new RangeError("boom")]) {
    const reactor = recordingReactor();
    const factory = new Wires(() => {
      if (boom !== null) throw boom;
      return null;
    });
    const outcomes = outcomeOf(new HostnameEndpoint(reactor, "both.test", 80).connect(factory));
    reactor.advance(0.25);
    attempt(reactor, 0).succeed();
    assertInstanceOf(outcomes[0], boom === null ? NoProtocol : RangeError);
    assertEquals(factory.addresses.length, 1);
    assertEquals(stoppedOf(reactor), [false, true]);
    assertEquals(factory.events, ["start", "stop"]);
    checkIdle(reactor);
  }
});

Deno.test("HostnameEndpoint.connect() fails with an error of connectionMade()", () => {
  using errors = new LoggedErrors();
  const boom = new RangeError("boom");
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock, { nameResolver: TABLE });
  reactor.run();
  const ports = [V6, V4].map((host) =>
    reactor.listenTCP(80, Factory.forProtocol(Protocol), { interface: host })
  );
  const factory = new Wires({
    connectionMade: () => {
      throw boom;
    },
  });
  const outcomes = outcomeOf(new HostnameEndpoint(reactor, "both.test", 80).connect(factory));
  clock.advance(0);
  assertEquals(outcomes, [boom]);
  assertEquals(errors.take(), [boom]);
  clock.advance(10);
  assertEquals(ports.map(({ stats }) => stats.accepted), [1, 0]);
  assertEquals(reactor.getDelayedCalls(), []);
  assertEquals(reactor.network.connectionCount, 0);
  reactor.stop();
  clock.advance(0);
});

for (
  const [when, seconds, attempts] of [
    ["the first attempt", 0.1, 1],
    ["all attempts", 0.3, 2],
  ] as const
) {
  Deno.test(`HostnameEndpoint.connect() cancelled during ${when} leaves no attempt and no timer`, () => {
    const { reactor, factory, connecting, outcomes } = begin();
    reactor.advance(seconds);
    connecting.cancel();
    const [error] = outcomes;
    assertInstanceOf(error, ConnectingCancelledError);
    assert(error.destination.equals(new HostnameAddress("both.test", 80)));
    assertEquals(stoppedOf(reactor), Array(attempts).fill(true));
    assertEquals(factory.events, ["start", "stop"]);
    checkIdle(reactor);
  });
}

Deno.test("HostnameEndpoint.connect() cancelled in a method of the protocol closes the connection", () => {
  for (const where of ["buildProtocol", "connectionMade"]) {
    const reactor = recordingReactor();
    const factory: Wires = new Wires(() => {
      if (where === "buildProtocol") connecting.cancel();
      return new Wire({ connectionMade: () => connecting.cancel() });
    });
    const connecting = new HostnameEndpoint(reactor, "both.test", 80).connect(factory);
    const outcomes = outcomeOf(connecting);
    reactor.advance(0.25);
    const connection = attempt(reactor, 0).succeed();
    assertInstanceOf(outcomes[0], ConnectingCancelledError);
    assertEquals(stoppedOf(reactor), [false, true]);
    assertEquals(connection.isLost, where === "buildProtocol");
    assert(connection.isLost || connection.transport.disconnecting);
    connection.lose();
    assertEquals(factory.events, ["start", "stop"]);
    checkIdle(reactor);
  }
});

Deno.test("HostnameEndpoint.connect() fails for an invalid name or one without an address", () => {
  for (
    const [host, ErrorClass, message] of [
      ["none.test", DNSLookupError, "Cannot connect to none.test:80: the name has no address"],
      [
        "no name",
        RangeError,
        'Cannot use "no name" as a host name: it is neither a valid host name nor an IP address',
      ],
    ] as const
  ) {
    const { reactor, factory, outcomes } = begin(host);
    const [error] = outcomes;
    assertInstanceOf(error, ErrorClass);
    assertEquals(error.message, message);
    assertEquals(factory.events, ["start", "stop"]);
    checkIdle(reactor);
  }
});

Deno.test("HostnameEndpoint.connect() fails for a port out of range", () => {
  const reactor = recordingReactor();
  const outcomes = outcomeOf(new HostnameEndpoint(reactor, "both.test", 0).connect(new Wires()));
  assertInstanceOf(outcomes[0], RangeError);
});

for (
  const [host, text] of [
    ["example.com", "example.com:80"],
    ["bücher.ch", "xn--bcher-kva.ch:80"],
    ["::1", "[::1]:80"],
    ["no name", '"no name":80'],
  ] as const
) {
  Deno.test(`HostnameEndpoint.toString() of ${host} is ${text}`, () => {
    assertEquals(String(new HostnameEndpoint(recordingReactor(), host, 80)), text);
  });
}

Deno.test("TCP6ClientEndpoint tries only IPv6 addresses", () => {
  for (const host of ["both.test", V6]) {
    const reactor = recordingReactor();
    const options = { timeout: 10, bindAddress: ["2001:db8::1", 49595] } as const;
    const outcomes = outcomeOf(
      new TCP6ClientEndpoint(reactor, host, 80, options).connect(new Wires()),
    );
    reactor.advance(1);
    assertEquals(addressesOf(reactor), [`[${V6}]:80`]);
    assertEquals(attempt(reactor, 0).options, options);
    attempt(reactor, 0).succeed();
    assertInstanceOf(outcomes[0], Wire);
  }
  const outcomes = ["four.test", V4].map((host) =>
    outcomeOf(new TCP6ClientEndpoint(recordingReactor(), host, 80).connect(new Wires()))[0]
  );
  assertInstanceOf(outcomes[0], DNSLookupError);
  assertInstanceOf(outcomes[1], RangeError);
});

// --- Real sockets ----------------------------------------------------------------------------

const test = tcpTest("Endpoints by name", () => new DenoReactor());

Deno.test(
  test("HostnameEndpoint connects to the next address if the first one refuses", async (fixture) => {
    fixture.run();
    fixture.reactor.installNameResolver(
      new TableNameResolver({ "both.test": ["127.0.0.1", "::1"] }),
    );
    const listener = fixture.rawListen();
    const { port } = listener.addr as Deno.NetAddr;
    const connecting = new HostnameEndpoint(fixture.reactor, "both.test", port).connect(
      new Wires(),
    );
    const peer = await fixture.rawAccept(listener);
    const wire = await connecting;
    assertEquals(String(wire.transport.getPeer()), `127.0.0.1:${port}`);
    await peer.conn.write(new TextEncoder().encode("hello"));
    await wire.has(5);
    assertEquals(wire.text, "hello");
  }),
);

Deno.test(test("HostnameEndpoint prefers IPv6 if the server accepts on it", async (fixture) => {
  fixture.run();
  fixture.reactor.installNameResolver(new TableNameResolver({ "both.test": ["127.0.0.1", "::1"] }));
  const server = new TCP6ServerEndpoint(fixture.reactor, 0, { interface: "::1" });
  const factory = new Wires();
  const port = await server.listen(factory);
  const number = portOf(port.getHost());
  assert(port.getHost().equals(new IPv6Address("TCP", "::1", number)));
  const wire = await new HostnameEndpoint(fixture.reactor, "both.test", number).connect(
    new Wires(),
  );
  assertEquals(String(wire.transport.getPeer()), `[::1]:${number}`);
  await factory.wire();
  assertEquals(factory.built.length, 1);
}));

Deno.test(
  test("TCP6ServerEndpoint.listen() on a port in use fails with CannotListenError", async (fixture) => {
    const taken = fixture.closeAfter(Deno.listen({ hostname: "::1", port: 0 })).addr.port;
    const endpoint = new TCP6ServerEndpoint(fixture.reactor, taken, { interface: "::1" });
    const error = await assertRejects(() => endpoint.listen(new Wires()), CannotListenError);
    assertEquals([error.code, error.address], ["EADDRINUSE", `[::1]:${taken}`]);
  }),
);

Deno.test(
  test("HostnameEndpoint, TCP6ClientEndpoint and clientFromString() connect to localhost", async (fixture) => {
    fixture.run();
    const factory = new Wires();
    const number = portOf(
      (await new TCP6ServerEndpoint(fixture.reactor, 0).listen(factory)).getHost(),
    );
    const endpoints = [
      new HostnameEndpoint(fixture.reactor, "localhost", number),
      new TCP6ClientEndpoint(fixture.reactor, "::1", number),
      clientFromString(fixture.reactor, String.raw`tcp6:\:\:1:${number}`),
    ];
    for (const [index, endpoint] of endpoints.entries()) {
      const wire = await endpoint.connect(new Wires());
      await factory.wire(index);
      wire.transport.loseConnection();
      await wire.lost();
    }
  }),
);

Deno.test(
  test("HostnameEndpoint.connect() names both addresses in one error when both refuse", async (fixture) => {
    fixture.run();
    fixture.reactor.installNameResolver(
      new TableNameResolver({ "both.test": ["127.0.0.1", "::1"] }),
    );
    const listener = fixture.rawListen();
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const endpoint = new HostnameEndpoint(fixture.reactor, "both.test", port);
    const error = await assertRejects(() => endpoint.connect(new Wires()), ConnectionRefusedError);
    assertEquals([error.code, error.syscall], ["ECONNREFUSED", "connect"]);
    for (const address of [`[::1]:${port}`, `127.0.0.1:${port}`, `both.test:${port}`]) {
      assert(error.message.includes(address), error.message);
    }
    assertEquals(fixture.reactor.getDelayedCalls(), []);
  }),
);

Deno.test(
  test("HostnameEndpoint.connect({ signal }) ends an unanswered attempt, and leaves no socket", async (fixture) => {
    fixture.run();
    fixture.reactor.installNameResolver(new TableNameResolver({ "four.test": ["127.0.0.1"] }));
    const listener = fixture.rawListen({ tcpBacklog: 1 });
    const { port } = listener.addr as Deno.NetAddr;
    await fixture.rawConnect(port);
    await fixture.rawConnect(port); // the next one gets no answer
    const aborting = new AbortController();
    const connecting = new HostnameEndpoint(fixture.reactor, "four.test", port).connect(new Wires())
      .addSignal(aborting.signal);
    const failing = assertRejects(() => connecting, ConnectingCancelledError);
    aborting.abort();
    await failing;
    assertEquals(fixture.reactor.getDelayedCalls(), []);
  }),
);

Deno.test(
  test("HostnameEndpoint.connect() fails during the lookup when the reactor stops", async (fixture) => {
    const { reactor } = fixture;
    fixture.run();
    const looking = new Deferred<string[]>();
    reactor.installNameResolver({ resolveHostName: () => looking });
    const wires = new Wires();
    const connecting = new HostnameEndpoint(reactor, "slow.test", 80).connect(wires);
    const failing = assertRejects(() => connecting, ConnectError, "the reactor has stopped");
    await fixture.stop();
    await failing;
    assertEquals(wires.events, ["start", "stop"]);
  }),
);

Deno.test(
  test("HostnameEndpoint.connect() leaves no shutdown trigger when it has completed", async (fixture) => {
    const { reactor } = fixture;
    fixture.run();
    const added: unknown[] = [];
    const add = reactor.addSystemEventTrigger.bind(reactor);
    reactor.addSystemEventTrigger = (...args) => {
      const id = add(...args);
      added.push(id);
      return id;
    };
    const remove = reactor.removeSystemEventTrigger.bind(reactor);
    reactor.removeSystemEventTrigger = (id) => {
      remove(id);
      added.splice(added.indexOf(id), 1);
    };
    const listener = fixture.rawListen();
    const connect = () =>
      new HostnameEndpoint(reactor, "127.0.0.1", listener.addr.port).connect(new Wires());
    const connecting = connect();
    assertEquals(added.length, 1);
    await connecting;
    listener.close();
    await assertRejects(connect, ConnectionRefusedError);
    assertEquals(added, []);
  }),
);

Deno.test(
  test("HostnameEndpoint does not stop a factory that could not be started", async (fixture) => {
    const events: string[] = [];
    class Broken extends Wires {
      override doStart(): void {
        events.push("start");
        throw new RangeError("boom");
      }
      override doStop(): void {
        events.push("stop");
      }
    }
    const endpoint = new HostnameEndpoint(fixture.reactor, "127.0.0.1", 80);
    await assertRejects(() => endpoint.connect(new Broken()), RangeError, "boom");
    assertEquals(events, ["start"]);
  }),
);

Deno.test(
  test("HostnameEndpoint logs an error of doStop(), which does not change the outcome", async (fixture) => {
    fixture.run();
    const bug = new RangeError("a bug in doStop()");
    class Unstoppable extends Wires {
      override doStop(): void {
        throw bug;
      }
    }
    const listener = fixture.rawListen();
    const connect = () =>
      new HostnameEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port)
        .connect(new Unstoppable());
    const wire = await connect();
    assertEquals(fixture.errors.take(), [bug]);
    wire.transport.loseConnection();
    await wire.lost();
    assertEquals(fixture.errors.take(), [bug]);

    listener.close();
    await assertRejects(connect, ConnectionRefusedError);
    assertEquals(fixture.errors.take(), [bug, bug]);
  }),
);
