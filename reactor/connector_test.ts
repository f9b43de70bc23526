/** A connector, over a dial that the test works by hand. With real sockets: `conformance/tcp.ts`. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { addObserver, msg } from "../log/mod.ts";
import { ClientFactory, Protocol } from "../protocol/mod.ts";
import { IPv4Address } from "./addresses.ts";
import { Peer, TestHost } from "./conformance/connection_bed.ts";
import { LoggedErrors } from "./conformance/logged_errors.ts";
import { connectionLimits } from "./connection_limits.ts";
import { Connector, type DialSink } from "./connector.ts";
import {
  ConnectError,
  ConnectionDone,
  ConnectionRefusedError,
  NotConnectingError,
  TimeoutError,
  UserError,
} from "./errors.ts";
import type { IAddress, IConnector } from "./interfaces.ts";
import { memoryPipe } from "./memory_driver.ts";

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

  override buildProtocol(addr: IAddress): Protocol | null {
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

/** A connector that the test answers for. */
class Bed {
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

  /** The last dial succeeds. */
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

Deno.test("A connection, from the attempt to its loss", () => {
  const { connector, factory, host, succeed } = bound(new Bed());
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

Deno.test("What a client's protocol logs says that it is a client's", () => {
  const factory = new TestFactory();
  const logged: (string | undefined)[] = [];
  using _observing = addObserver(({ system }) => logged.push(system), { replay: false });
  const { connector, succeed, host } = bound(new Bed({ factory }));
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

Deno.test("An attempt that fails", () => {
  const { connector, factory, host, fail } = bound(new Bed());
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

Deno.test("connect() again when the connection failed or was lost: the factory is not stopped in between", () => {
  const factory = new TestFactory();
  const bed = new Bed({ factory });
  let left = 2;
  factory.clientConnectionFailed = (connector) => {
    factory.events.push("failed");
    connector.connect();
  };
  factory.clientConnectionLost = (connector) => {
    factory.events.push("lost");
    if (left-- > 0) connector.connect();
  };
  bed.connector.connect();
  bed.fail();
  for (let i = 0; i < 3; i++) {
    bed.succeed().driver.close();
    bed.host.settle();
  }
  assertEquals(bed.dials.length, 4);
  assertEquals(factory.events.filter((event) => /^(start|stop)$/.test(event)), ["start", "stop"]);
  assertEquals(factory.events.at(-1), "stop");
  assertEquals(factory.built.length, 3);
});

Deno.test("connect() while connecting or connected throws", () => {
  const bed = new Bed();
  bed.connector.connect();
  assertThrows(
    () => bed.connector.connect(),
    Error,
    "Cannot connect to 192.0.2.2:2222: the connector is connecting",
  );
  bed.succeed();
  assertThrows(() => bed.connector.connect(), Error, "the connector is connected");
});

Deno.test("stopConnecting() fails the attempt with a UserError, at once, and cancels the dial", () => {
  const bed = new Bed();
  bed.connector.connect();
  bed.connector.stopConnecting();
  assertEquals(bed.factory.events.slice(2), ["failed: disconnected", "stop"]);
  const [reason] = bed.factory.reasons;
  assertInstanceOf(reason, UserError);
  assertEquals(reason.message, "Connecting to 192.0.2.2:2222 was stopped");
  assertEquals(bed.cancelled, 1);
  assertEquals(bed.host.resources.size, 1); // until the dial has let go
  bed.fail();
  assertEquals(bed.factory.reasons.length, 1);
  assertEquals([bed.host.resources.size, bed.host.reactor.getDelayedCalls()], [0, []]);
});

Deno.test("A dial that succeeds although it was cancelled is closed again", () => {
  const bed = new Bed();
  bed.connector.connect();
  bed.connector.stopConnecting();
  const peer = bed.succeed();
  assertEquals(peer.end, "ECONNRESET");
  assertEquals(bed.factory.built, []);
  assertEquals(bed.host.resources.size, 0);
});

Deno.test("stopConnecting() in startedConnecting(), and before the reactor runs: nothing is dialled", () => {
  const factory = new TestFactory();
  factory.startedConnecting = (connector) => connector.stopConnecting();
  const bed = new Bed({ factory });
  bed.connector.connect();
  assertEquals(bed.dials.length, 0);
  assertEquals(factory.events, ["start", "failed: disconnected", "stop"]);
  const waiting = new Bed({ running: false });
  waiting.connector.connect();
  assertEquals(waiting.dials.length, 0);
  waiting.connector.stopConnecting();
  waiting.host.run();
  assertEquals(waiting.dials.length, 0);
  assertInstanceOf(waiting.factory.reasons[0], UserError);
});

Deno.test("stopConnecting() without an attempt throws", () => {
  const bed = new Bed();
  assertThrows(
    () => bed.connector.stopConnecting(),
    NotConnectingError,
    "Cannot stop connecting to 192.0.2.2:2222: the connector is disconnected",
  );
  bed.connector.connect();
  bed.succeed();
  assertThrows(() => bed.connector.stopConnecting(), NotConnectingError, "is connected");
});

Deno.test("disconnect() ends the attempt or loses the connection, and else does nothing", () => {
  const bed = new Bed();
  bed.connector.disconnect();
  bed.connector.connect();
  bed.connector.disconnect();
  assertInstanceOf(bed.factory.reasons[0], UserError);
  bed.connector.connect();
  const peer = bed.succeed();
  bed.factory.built[0]?.transport.write("last");
  bed.connector.disconnect();
  bed.host.settle();
  assertEquals([peer.text, peer.end], ["last", "ended"]);
  assertInstanceOf(bed.factory.reasons[1], ConnectionDone);
  bed.connector.disconnect();
});

Deno.test("disconnect() in buildProtocol() and in connectionMade()", () => {
  for (const where of ["buildProtocol", "connectionMade"]) {
    const factory = new TestFactory();
    const protocol = new Protocol();
    const bed = new Bed({ factory });
    factory.buildProtocol = () => {
      if (where === "buildProtocol") bed.connector.disconnect();
      return protocol;
    };
    protocol.connectionMade = () => {
      if (where === "connectionMade") bed.connector.disconnect();
    };
    bed.connector.connect();
    assertEquals(bed.succeed().end, "ended", where);
    assertEquals(bed.connector.state, "disconnected");
    assertInstanceOf(factory.reasons[0], ConnectionDone);
    // The next one is wanted again.
    factory.buildProtocol = () => new Protocol();
    bed.connector.connect();
    assertEquals(bed.succeed().end, "");
  }
});

Deno.test("An attempt that takes too long fails with a TimeoutError", () => {
  const bed = new Bed({ timeout: 5 });
  bed.connector.connect();
  bed.host.advance(4.9);
  assertEquals(bed.connector.state, "connecting");
  bed.host.advance(0.1);
  const [reason] = bed.factory.reasons;
  assertInstanceOf(reason, TimeoutError);
  assertEquals(reason.message, "Connecting to 192.0.2.2:2222 took longer than 5 s");
  assertEquals([reason.code, reason.syscall, reason.address], [
    "ETIMEDOUT",
    "connect",
    "192.0.2.2:2222",
  ]);
  assertEquals(bed.cancelled, 1);
});

Deno.test("The timeout counts from connect(), also while the reactor does not run, and is gone with the attempt", () => {
  const bed = new Bed({ timeout: 5, running: false });
  bed.connector.connect();
  bed.host.advance(5);
  assertInstanceOf(bed.factory.reasons[0], TimeoutError);
  bed.host.run();
  assertEquals(bed.dials, []);
  bed.connector.connect();
  bed.succeed();
  assertEquals(bed.host.reactor.getDelayedCalls(), []);
  assertEquals(bed.cancelled, 0); // what has succeeded is not cancelled
});

Deno.test("With a timeout of Infinity an attempt waits for ever", () => {
  const bed = new Bed({ timeout: Infinity });
  bed.connector.connect();
  assertEquals(bed.host.reactor.getDelayedCalls(), []);
});

Deno.test("buildProtocol() that returns null turns the connection away: ConnectionDone", () => {
  const factory = new TestFactory();
  factory.buildProtocol = () => null;
  const bed = new Bed({ factory });
  bed.connector.connect();
  assertEquals(bed.succeed().end, "ended");
  assertInstanceOf(factory.reasons[0], ConnectionDone);
  assertEquals(factory.events.slice(2), ["lost: disconnected", "stop"]);
  assertEquals(bed.host.resources.size, 0);
});

Deno.test("buildProtocol() that throws is logged, and loses the connection with its error", () => {
  using errors = new LoggedErrors();
  const factory = new TestFactory();
  const error = new RangeError("boom");
  factory.buildProtocol = () => {
    throw error;
  };
  const bed = new Bed({ factory });
  bed.connector.connect();
  assertEquals(bed.succeed().end, "ECONNRESET");
  assertStrictEquals(factory.reasons[0], error);
  assertEquals(errors.take(), [error]);
  assertEquals(bed.connector.state, "disconnected");
});

for (
  const method of [
    "startedConnecting",
    "clientConnectionFailed",
    "clientConnectionLost",
    "stopFactory",
  ] as const
) {
  Deno.test(`${method}() that throws is logged, and the connector goes on`, () => {
    using errors = new LoggedErrors();
    const factory = new TestFactory();
    const error = new RangeError("boom");
    factory[method] = () => {
      throw error;
    };
    const bed = new Bed({ factory });
    bed.connector.connect();
    if (method === "clientConnectionFailed") bed.fail();
    else bed.succeed().driver.close();
    bed.host.settle();
    const [event, ...more] = errors.takeEvents();
    assertStrictEquals(event?.failure, error);
    const called = method === "stopFactory" ? "doStop" : method;
    assertEquals(event?.why, `While calling ${called} for 192.0.2.2:2222`);
    assertEquals(more, []);
    assertEquals(factory.numPorts, 0);
    assertEquals(bed.host.resources.size, 0);
    assertEquals(bed.connector.state, "disconnected");
  });
}

Deno.test("startFactory() that throws: connect() does too, and may be called again", () => {
  const factory = new TestFactory();
  const bed = new Bed({ factory });
  factory.startFactory = () => {
    throw new RangeError("boom");
  };
  assertThrows(() => bed.connector.connect(), RangeError, "boom");
  assertEquals([bed.connector.state, factory.numPorts], ["disconnected", 0]);
  factory.startFactory = () => {};
  bed.connector.connect();
  assertEquals(bed.succeed().end, "");
  assertEquals(factory.numPorts, 1);
});

Deno.test("The shutdown fails an attempt with a ConnectError", () => {
  const bed = new Bed();
  bed.connector.connect();
  bed.host.resources.shutDown();
  assertInstanceOf(bed.factory.reasons[0], ConnectError);
  assert(!(bed.factory.reasons[0] instanceof UserError));
  assertEquals(bed.cancelled, 1);
  bed.fail();
  assertEquals(bed.host.resources.size, 0);
});

Deno.test("When the reactor crashes, an attempt ends, so that it does not hold the process", () => {
  const bed = new Bed();
  bed.connector.connect();
  bed.host.resources.unref();
  assertEquals(bed.cancelled, 1);
  bed.fail();
  assertInstanceOf(bed.factory.reasons[0], ConnectionRefusedError);
});

/** The bed with its methods bound, to be taken apart. */
function bound(bed: Bed): {
  connector: Connector;
  factory: TestFactory;
  host: TestHost;
  succeed: () => Peer;
  fail: () => void;
} {
  const { connector, factory, host } = bed;
  return { connector, factory, host, succeed: () => bed.succeed(), fail: () => bed.fail() };
}
