/**
 * A connector over a dial that the test controls. With real sockets:
 * `testing/conformance/tcp_connecting.ts`.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { addObserver, msg } from "../../log/mod.ts";
import { ClientFactory, Protocol } from "../../protocol/mod.ts";
import { IPv4Address } from "../addresses.ts";
import { Peer, TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { connectionLimits } from "./connection_limits.ts";
import type { DialSink } from "./dial.ts";
import { Connector } from "./connector.ts";
import {
  ConnectError,
  ConnectionDone,
  ConnectionRefusedError,
  ConnectTimeoutError,
  NotConnectingError,
  UserError,
} from "../errors.ts";
import type { Address, IConnector } from "../interfaces/mod.ts";
import { memoryPipe } from "../drivers/memory/memory_driver.ts";

class TestFactory extends ClientFactory<Protocol> {
  readonly events: string[] = [];
  readonly reasons: Error[] = [];
  readonly built: Protocol[] = [];

  override startFactory(): void {
    this.events.push("start");
  }

  override stopFactory(): void {
    this.events.push("stop");
  }

  override startedConnecting(connector: IConnector): void {
    this.events.push(`connecting: ${connector.state}`);
  }

  override buildProtocol(addr: Address): Protocol | null {
    this.events.push(`build for ${addr}`);
    const protocol = new Protocol();
    protocol.connectionLost = () => this.events.push("protocol lost");
    this.built.push(protocol);
    return protocol;
  }

  override clientConnectionFailed(connector: IConnector, reason: Error): void {
    this.events.push(`failed: ${connector.state}`);
    this.reasons.push(reason);
  }

  override clientConnectionLost(connector: IConnector, reason: Error): void {
    this.events.push(`lost: ${connector.state}`);
    this.reasons.push(reason);
  }
}

const destination = new IPv4Address("TCP", "192.0.2.2", 2222);

/** A connector and its dials, which the test controls. */
class ConnectionFixture {
  readonly host = new TestHost();
  readonly dials: DialSink[] = [];
  cancelled = 0;
  readonly factory: TestFactory;
  readonly connector: Connector;

  constructor({ factory = new TestFactory(), timeout = 30, running = true } = {}) {
    this.host.isRunning = running;
    this.factory = factory;
    this.connector = new Connector(
      this.host,
      factory,
      destination,
      connectionLimits({}),
      timeout,
      (sink) => {
        this.dials.push(sink);
        return () => void this.cancelled++;
      },
    );
  }

  get dial(): DialSink {
    const dial = this.dials.at(-1);
    if (dial === undefined) throw new Error("Nothing was dialled");
    return dial;
  }

  /** Lets the last dial succeed. */
  succeed(): Peer {
    const [end, other] = memoryPipe({ schedule: (step) => this.host.steps.push(step) });
    const peer = new Peer(other);
    other.startReading();
    this.dial.connected(end);
    this.dial.released();
    this.host.settle();
    return peer;
  }

  fail(): void {
    this.dial.failed(new ConnectionRefusedError("refused"));
    this.dial.released();
    this.host.settle();
  }
}

Deno.test("Connector notifies its factory of the start, the connection and the loss", () => {
  const { connector, factory, host, succeed } = destructurable(new ConnectionFixture());
  connector.connect();
  assertEquals(connector.state, "connecting");
  const peer = succeed();
  assertEquals(connector.state, "connected");
  assertStrictEquals(connector.getDestination(), destination);
  peer.driver.close();
  host.settle();
  assertEquals(factory.events, [
    "start",
    "connecting: connecting",
    "build for 192.0.2.2:2222",
    "protocol lost",
    "lost: disconnected",
    "stop",
  ]);
  assertInstanceOf(factory.reasons[0], ConnectionDone);
  assertEquals(host.resources.size, 0);
});

Deno.test("Connector adds the word client to the log prefix of its protocol", () => {
  const factory = new TestFactory();
  const logged: (string | undefined)[] = [];
  using _observing = addObserver(({ system }) => logged.push(system), { replay: false });
  const { connector, succeed, host } = destructurable(new ConnectionFixture({ factory }));
  factory.buildProtocol = () => {
    const protocol = new Protocol();
    protocol.logPrefix = () => "Custom Client";
    protocol.connectionMade = protocol.dataReceived = () => msg("here");
    return protocol;
  };
  connector.connect();
  const peer = succeed();
  peer.send("x");
  host.settle();
  assertEquals(logged, ["Custom Client,client", "Custom Client,client"]);
});

Deno.test("Connector notifies its factory of a failed attempt", () => {
  const { connector, factory, host, fail } = destructurable(new ConnectionFixture());
  connector.connect();
  fail();
  assertEquals(factory.events, [
    "start",
    "connecting: connecting",
    "failed: disconnected",
    "stop",
  ]);
  assertInstanceOf(factory.reasons[0], ConnectionRefusedError);
  assertEquals([host.resources.size, host.reactor.getDelayedCalls()], [0, []]);
});

Deno.test("Connector.connect() after a failure or a loss does not restart the factory", () => {
  const factory = new TestFactory();
  const fixture = new ConnectionFixture({ factory });
  let left = 2;
  factory.clientConnectionFailed = (connector) => {
    factory.events.push("failed");
    connector.connect();
  };
  factory.clientConnectionLost = (connector) => {
    factory.events.push("lost");
    if (left-- > 0) connector.connect();
  };
  fixture.connector.connect();
  fixture.fail();
  for (let i = 0; i < 3; i++) {
    fixture.succeed().driver.close();
    fixture.host.settle();
  }
  assertEquals(fixture.dials.length, 4);
  assertEquals(factory.events.filter((event) => /^(start|stop)$/.test(event)), ["start", "stop"]);
  assertEquals(factory.events.at(-1), "stop");
  assertEquals(factory.built.length, 3);
});

Deno.test("Connector.connect() throws while connecting or connected", () => {
  const fixture = new ConnectionFixture();
  fixture.connector.connect();
  assertThrows(
    () => fixture.connector.connect(),
    Error,
    "Cannot connect to 192.0.2.2:2222: the connector is connecting",
  );
  fixture.succeed();
  assertThrows(() => fixture.connector.connect(), Error, "the connector is connected");
});

Deno.test("Connector.stopConnecting() fails the attempt at once with UserError and cancels the dial", () => {
  const fixture = new ConnectionFixture();
  fixture.connector.connect();
  fixture.connector.stopConnecting();
  assertEquals(fixture.factory.events.slice(2), ["failed: disconnected", "stop"]);
  const [reason] = fixture.factory.reasons;
  assertInstanceOf(reason, UserError);
  assertEquals(reason.message, "Connecting to 192.0.2.2:2222 was stopped");
  assertEquals(fixture.cancelled, 1);
  assertEquals(fixture.host.resources.size, 1); // until the dial is released
  fixture.fail();
  assertEquals(fixture.factory.reasons.length, 1);
  assertEquals([fixture.host.resources.size, fixture.host.reactor.getDelayedCalls()], [0, []]);
});

Deno.test("Connector closes the connection of a dial that succeeds after it was cancelled", () => {
  const fixture = new ConnectionFixture();
  fixture.connector.connect();
  fixture.connector.stopConnecting();
  const peer = fixture.succeed();
  assertEquals(peer.end, "ECONNRESET");
  assertEquals(fixture.factory.built, []);
  assertEquals(fixture.host.resources.size, 0);
});

Deno.test("Connector.stopConnecting() before the reactor runs prevents the dial", () => {
  const factory = new TestFactory();
  factory.startedConnecting = (connector) => connector.stopConnecting();
  const fixture = new ConnectionFixture({ factory });
  fixture.connector.connect();
  assertEquals(fixture.dials.length, 0);
  assertEquals(factory.events, ["start", "failed: disconnected", "stop"]);
  const waiting = new ConnectionFixture({ running: false });
  waiting.connector.connect();
  assertEquals(waiting.dials.length, 0);
  waiting.connector.stopConnecting();
  waiting.host.run();
  assertEquals(waiting.dials.length, 0);
  assertInstanceOf(waiting.factory.reasons[0], UserError);
});

Deno.test("Connector.stopConnecting() throws without an attempt", () => {
  const fixture = new ConnectionFixture();
  assertThrows(
    () => fixture.connector.stopConnecting(),
    NotConnectingError,
    "Cannot stop connecting to 192.0.2.2:2222: the connector is disconnected",
  );
  fixture.connector.connect();
  fixture.succeed();
  assertThrows(() => fixture.connector.stopConnecting(), NotConnectingError, "is connected");
});

Deno.test("Connector.disconnect() cancels the attempt or closes the connection", () => {
  const fixture = new ConnectionFixture();
  fixture.connector.disconnect();
  fixture.connector.connect();
  fixture.connector.disconnect();
  assertInstanceOf(fixture.factory.reasons[0], UserError);
  fixture.connector.connect();
  const peer = fixture.succeed();
  fixture.factory.built[0]?.transport.write("last");
  fixture.connector.disconnect();
  fixture.host.settle();
  assertEquals([peer.text, peer.end], ["last", "ended"]);
  assertInstanceOf(fixture.factory.reasons[1], ConnectionDone);
  fixture.connector.disconnect();
});

Deno.test("Connector.disconnect() works within buildProtocol() and connectionMade()", () => {
  for (const where of ["buildProtocol", "connectionMade"]) {
    const factory = new TestFactory();
    const protocol = new Protocol();
    const fixture = new ConnectionFixture({ factory });
    factory.buildProtocol = () => {
      if (where === "buildProtocol") fixture.connector.disconnect();
      return protocol;
    };
    protocol.connectionMade = () => {
      if (where === "connectionMade") fixture.connector.disconnect();
    };
    fixture.connector.connect();
    assertEquals(fixture.succeed().end, "ended", where);
    assertEquals(fixture.connector.state, "disconnected");
    assertInstanceOf(factory.reasons[0], ConnectionDone);
    // A new connection is no longer to be closed.
    factory.buildProtocol = () => new Protocol();
    fixture.connector.connect();
    assertEquals(fixture.succeed().end, "");
  }
});

Deno.test("Connector fails an attempt with ConnectTimeoutError after the timeout", () => {
  const fixture = new ConnectionFixture({ timeout: 5 });
  fixture.connector.connect();
  fixture.host.advance(4.9);
  assertEquals(fixture.connector.state, "connecting");
  fixture.host.advance(0.1);
  const [reason] = fixture.factory.reasons;
  assertInstanceOf(reason, ConnectTimeoutError);
  assertEquals(reason.message, "Connecting to 192.0.2.2:2222 took longer than 5 s");
  assertEquals([reason.code, reason.syscall, reason.address], [
    "ETIMEDOUT",
    "connect",
    "192.0.2.2:2222",
  ]);
  assertEquals(fixture.cancelled, 1);
});

Deno.test("Connector starts the timeout at connect(), also before the reactor runs", () => {
  const fixture = new ConnectionFixture({ timeout: 5, running: false });
  fixture.connector.connect();
  fixture.host.advance(5);
  assertInstanceOf(fixture.factory.reasons[0], ConnectTimeoutError);
  fixture.host.run();
  assertEquals(fixture.dials, []);
  fixture.connector.connect();
  fixture.succeed();
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
  assertEquals(fixture.cancelled, 0); // a dial that has succeeded is not cancelled
});

Deno.test("Connector with a timeout of Infinity waits without limit", () => {
  const fixture = new ConnectionFixture({ timeout: Infinity });
  fixture.connector.connect();
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
});

Deno.test("Connector closes a connection with ConnectionDone if buildProtocol() returns null", () => {
  const factory = new TestFactory();
  factory.buildProtocol = () => null;
  const fixture = new ConnectionFixture({ factory });
  fixture.connector.connect();
  assertEquals(fixture.succeed().end, "ended");
  assertInstanceOf(factory.reasons[0], ConnectionDone);
  assertEquals(factory.events.slice(2), ["lost: disconnected", "stop"]);
  assertEquals(fixture.host.resources.size, 0);
});

Deno.test("Connector logs an exception of buildProtocol() and closes the connection with it", () => {
  using errors = new LoggedErrors();
  const factory = new TestFactory();
  const error = new RangeError("boom");
  factory.buildProtocol = () => {
    throw error;
  };
  const fixture = new ConnectionFixture({ factory });
  fixture.connector.connect();
  assertEquals(fixture.succeed().end, "ECONNRESET");
  assertStrictEquals(factory.reasons[0], error);
  assertEquals(errors.take(), [error]);
  assertEquals(fixture.connector.state, "disconnected");
});

for (
  const method of [
    "startedConnecting",
    "clientConnectionFailed",
    "clientConnectionLost",
    "stopFactory",
  ] as const
) {
  Deno.test(`Connector logs an exception of ${method}() and continues`, () => {
    using errors = new LoggedErrors();
    const factory = new TestFactory();
    const error = new RangeError("boom");
    factory[method] = () => {
      throw error;
    };
    const fixture = new ConnectionFixture({ factory });
    fixture.connector.connect();
    if (method === "clientConnectionFailed") fixture.fail();
    else fixture.succeed().driver.close();
    fixture.host.settle();
    const [event, ...more] = errors.takeEvents();
    assertStrictEquals(event?.failure, error);
    const called = method === "stopFactory" ? "doStop" : method;
    assertEquals(event?.why, `Error while calling ${called} for 192.0.2.2:2222`);
    assertEquals(more, []);
    assertEquals(factory.numPorts, 0);
    assertEquals(fixture.host.resources.size, 0);
    assertEquals(fixture.connector.state, "disconnected");
  });
}

Deno.test("Connector.connect() throws the exception of startFactory() and may be called again", () => {
  const factory = new TestFactory();
  const fixture = new ConnectionFixture({ factory });
  factory.startFactory = () => {
    throw new RangeError("boom");
  };
  assertThrows(() => fixture.connector.connect(), RangeError, "boom");
  assertEquals([fixture.connector.state, factory.numPorts], ["disconnected", 0]);
  factory.startFactory = () => {};
  fixture.connector.connect();
  assertEquals(fixture.succeed().end, "");
  assertEquals(factory.numPorts, 1);
});

Deno.test("Connector fails its attempt with ConnectError when the reactor stops", () => {
  const fixture = new ConnectionFixture();
  fixture.connector.connect();
  fixture.host.resources.shutDown();
  const [reason] = fixture.factory.reasons;
  assertInstanceOf(reason, ConnectError);
  assert(!(reason instanceof UserError));
  const to = String(fixture.connector.getDestination());
  assertEquals(reason.message, `Connecting to ${to} was cancelled: the reactor has stopped`);
  assertEquals(reason.address, to);
  assertEquals(fixture.cancelled, 1);
  fixture.fail();
  assertEquals(fixture.host.resources.size, 0);
});

Deno.test("Connector cancels its attempt when the reactor crashes, so that the process can end", () => {
  const fixture = new ConnectionFixture();
  fixture.connector.connect();
  fixture.host.resources.unref();
  assertEquals(fixture.cancelled, 1);
  fixture.fail();
  assertInstanceOf(fixture.factory.reasons[0], ConnectionRefusedError);
});

/** Returns the fixture with its methods bound, so that they can be destructured. */
function destructurable(fixture: ConnectionFixture): {
  connector: Connector;
  factory: TestFactory;
  host: TestHost;
  succeed: () => Peer;
  fail: () => void;
} {
  const { connector, factory, host } = fixture;
  return { connector, factory, host, succeed: () => fixture.succeed(), fail: () => fixture.fail() };
}
