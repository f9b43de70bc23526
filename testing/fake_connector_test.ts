import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { connectProtocol, TCP4ClientEndpoint, UNIXClientEndpoint } from "../endpoints/mod.ts";
import { ClientFactory, Protocol } from "../protocol/mod.ts";
import { IPv4Address, UNIXAddress } from "../reactor/addresses.ts";
import {
  ConnectingCancelledError,
  ConnectionAborted,
  ConnectionDone,
  ConnectionRefusedError,
  ConnectTimeoutError,
  NoProtocol,
  NotConnectingError,
  UserError,
} from "../reactor/errors.ts";
import type { IConnector } from "../reactor/interfaces/mod.ts";
import {
  AccumulatingProtocol,
  assertNoResult,
  failureResultOf,
  type FakeTCPConnector,
  MemoryReactor,
  StringTransport,
  StringTransportWithDisconnection,
  successResultOf,
} from "./mod.ts";

/** A factory that records its calls. */
class NotedFactory extends ClientFactory<AccumulatingProtocol> {
  override protocol = AccumulatingProtocol;
  readonly calls: string[] = [];
  readonly reasons: Error[] = [];

  override startFactory(): void {
    this.calls.push("start");
  }

  override stopFactory(): void {
    this.calls.push("stop");
  }

  override startedConnecting(connector: IConnector): void {
    this.calls.push(connector.state);
  }

  override clientConnectionFailed(connector: IConnector, reason: Error): void {
    this.calls.push(`failed ${connector.state}`);
    this.reasons.push(reason);
  }

  override clientConnectionLost(connector: IConnector, reason: Error): void {
    this.calls.push(`lost ${connector.state}`);
    this.reasons.push(reason);
  }
}

function connecting(options: { signal?: AbortSignal } = {}): {
  factory: NotedFactory;
  connector: FakeTCPConnector;
} {
  const factory = new NotedFactory();
  const connector = new MemoryReactor().connectTCP("192.0.2.1", 80, factory, options);
  return { factory, connector };
}

Deno.test("FakeConnector stays connecting until the test completes the attempt", () => {
  const { factory, connector } = connecting();
  assertEquals([connector.state, connector.attempts], ["connecting", 1]);
  assertEquals(factory.calls, ["start", "connecting"]);
  assertEquals(connector.getDestination(), new IPv4Address("TCP", "192.0.2.1", 80));
  assertEquals(String(connector), "FakeTCPConnector to 192.0.2.1:80 (connecting)");
});

Deno.test("FakeConnector.succeed() connects a protocol of the factory to a StringTransport", () => {
  const { connector } = connecting();
  const connection = connector.succeed();
  assertStrictEquals(connector.connection, connection);
  assertEquals([connector.state, connection.isLost], ["connected", false]);
  const { protocol, transport } = connection;
  assertInstanceOf(protocol, AccumulatingProtocol);
  assertStrictEquals(protocol.transport, transport);
  assertEquals(transport.getPeer(), new IPv4Address("TCP", "192.0.2.1", 80));
  protocol.transport.write("question");
  connection.receive("answer");
  connection.receive(new Uint8Array([33]));
  assertEquals([transport.text(), protocol.text()], ["question", "answer!"]);
});

Deno.test("FakeConnection.lose() calls connectionLost() and then clientConnectionLost()", () => {
  const { connector, factory } = connecting();
  const connection = connector.succeed();
  connection.lose();
  connection.lose();
  assertEquals(factory.calls, ["start", "connecting", "lost disconnected", "stop"]);
  assertInstanceOf(factory.reasons[0], ConnectionDone);
  assertEquals([connection.isLost, connection.transport.connected], [true, false]);
  assertEquals([connector.connection, connector.state], [null, "disconnected"]);
  assertThrows(() => connection.receive("late"), Error, "its connection is lost");
});

Deno.test("FakeConnection.lose() has the reason of abortConnection() by default", () => {
  const { connector, factory } = connecting();
  const { protocol, transport } = connector.succeed();
  assertInstanceOf(protocol, AccumulatingProtocol);
  protocol.transport.abortConnection();
  assertEquals(protocol.closed, false);
  connector.connection?.lose();
  assertInstanceOf(protocol.closedReason, ConnectionAborted);
  assertStrictEquals(protocol.closedReason, transport.abortReason);
  assertStrictEquals(factory.reasons[0], protocol.closedReason);
});

Deno.test("FakeConnector.succeed() accepts a transport that loses the connection at once", () => {
  const { connector, factory } = connecting();
  const transport = new StringTransportWithDisconnection();
  const { protocol } = connector.succeed(transport);
  assertInstanceOf(protocol, AccumulatingProtocol);
  protocol.transport.loseConnection();
  assertEquals(protocol.closed, true);
  assertEquals(factory.calls.slice(-2), ["lost disconnected", "stop"]);
});

Deno.test("FakeConnector.succeed() closes the connection if the factory builds no protocol", () => {
  class Refusing extends NotedFactory {
    override buildProtocol(): null {
      return null;
    }
  }
  const factory = new Refusing();
  const connection = new MemoryReactor().connectTCP("192.0.2.1", 80, factory).succeed();
  assertEquals([connection.protocol, connection.isLost], [null, true]);
  assertInstanceOf(factory.reasons[0], ConnectionDone);
  assertEquals(connection.transport.connected, false);
});

Deno.test("FakeConnector.succeed() throws the error of buildProtocol() and loses the connection", () => {
  class Failing extends NotedFactory {
    override buildProtocol(): never {
      throw new RangeError("not today");
    }
  }
  const factory = new Failing();
  const connector = new MemoryReactor().connectTCP("192.0.2.1", 80, factory);
  assertThrows(() => connector.succeed(), RangeError, "not today");
  assertEquals([connector.state, factory.reasons[0]?.message], ["disconnected", "not today"]);
});

Deno.test("FakeConnector.fail() calls clientConnectionFailed() with the error", () => {
  const { connector, factory } = connecting();
  connector.fail();
  assertEquals(factory.calls, ["start", "connecting", "failed disconnected", "stop"]);
  assertInstanceOf(factory.reasons[0], ConnectionRefusedError);
  connector.connect();
  const error = new RangeError("far");
  connector.fail(error);
  assertStrictEquals(factory.reasons[1], error);
  assertEquals(connector.attempts, 2);
});

Deno.test("FakeConnector.fail() and succeed() throw without a pending attempt", () => {
  const { connector } = connecting();
  connector.succeed();
  assertThrows(
    () => connector.succeed(),
    Error,
    "Cannot complete an attempt to connect to 192.0.2.1:80: the connector is connected",
  );
  assertThrows(() => connector.fail(), Error, "the connector is connected");
  assertThrows(() => connector.connect(), Error, "the connector is connected");
});

Deno.test("FakeConnector keeps the factory started while it connects again", () => {
  class Persistent extends NotedFactory {
    override clientConnectionFailed(connector: IConnector, reason: Error): void {
      super.clientConnectionFailed(connector, reason);
      connector.connect();
    }
  }
  const factory = new Persistent();
  const connector = new MemoryReactor().connectTCP("192.0.2.1", 80, factory);
  connector.fail();
  assertEquals([connector.state, connector.attempts, factory.numPorts], ["connecting", 2, 1]);
  assertEquals(factory.calls, ["start", "connecting", "failed disconnected", "connecting"]);
});

Deno.test("FakeConnector.stopConnecting() records the call and fails the attempt", () => {
  const { connector, factory } = connecting();
  assertEquals(connector.stoppedConnecting, false);
  connector.stopConnecting();
  assertEquals([connector.stoppedConnecting, connector.disconnectCalled], [true, false]);
  assertInstanceOf(factory.reasons[0], UserError);
  assertThrows(() => connector.stopConnecting(), NotConnectingError, "is disconnected");
});

Deno.test("FakeConnector.disconnect() stops an attempt, and closes a connection", () => {
  const { connector } = connecting();
  connector.disconnect();
  assertEquals([connector.disconnectCalled, connector.stoppedConnecting], [true, true]);
  const other = connecting().connector;
  const { transport } = other.succeed();
  other.disconnect();
  assertEquals([other.disconnectCalled, transport.disconnecting], [true, true]);
  assertEquals([other.stoppedConnecting, other.state], [false, "connected"]);
});

Deno.test("FakeConnector fails the attempt when its signal aborts", async () => {
  const controller = new AbortController();
  const { connector, factory } = connecting({ signal: controller.signal });
  controller.abort(new Error("the user has left"));
  assertInstanceOf(factory.reasons[0], ConnectingCancelledError);
  assertEquals(connector.state, "disconnected");
  const late = connecting({ signal: AbortSignal.abort() });
  assertEquals(late.connector.state, "connecting");
  await null;
  assertEquals(late.connector.state, "disconnected");
});

Deno.test("FakeConnector ignores its signal once the connection is made", () => {
  const controller = new AbortController();
  const { connector, factory } = connecting({ signal: controller.signal });
  connector.succeed();
  controller.abort();
  assertEquals([connector.state, factory.reasons], ["connected", []]);
});

Deno.test("FakeConnector of connectTLS() has a secure connection and notifies the protocol", () => {
  const calls: string[] = [];
  class Secured extends Protocol {
    override connectionMade(): void {
      calls.push(`made ${this.transport.secure}`);
    }
    handshakeCompleted(): void {
      calls.push("handshake");
    }
  }
  const factory = ClientFactory.forProtocol(Secured);
  const connector = new MemoryReactor().connectTLS("example.org", 443, factory);
  const { transport } = connector.succeed();
  assertEquals(calls, ["made true", "handshake"]);
  assertEquals([transport.tlsStarted, connector.secure], [true, true]);
  assertEquals(transport.getPeer(), new IPv4Address("TCP", "192.168.1.1", 443));
});

Deno.test("FakeConnection.completeHandshake() completes the TLS that the protocol has started", () => {
  const calls: string[] = [];
  class Upgrading extends Protocol {
    override dataReceived(): void {
      this.transport.startTLS({ serverName: "example.org" });
    }
    handshakeCompleted(): void {
      calls.push(String(this.transport.negotiatedProtocol));
    }
  }
  const factory = ClientFactory.forProtocol(Upgrading);
  const connection = new MemoryReactor().connectTCP("192.0.2.1", 80, factory).succeed();
  assertThrows(() => connection.completeHandshake(), Error, "the protocol has not started TLS");
  connection.receive("220 ready");
  connection.completeHandshake({ negotiatedProtocol: "h2" });
  assertEquals([calls, connection.transport.secure], [["h2"], true]);
});

Deno.test("FakeConnector completes the Deferred of an endpoint", () => {
  const reactor = new MemoryReactor();
  const endpoint = new TCP4ClientEndpoint(reactor, "192.0.2.1", 80, { timeout: 5 });
  const connected = connectProtocol(endpoint, new AccumulatingProtocol());
  assertNoResult(connected);
  const [connector] = reactor.tcpClients;
  assertEquals([connector?.host, connector?.port, connector?.options.timeout], [
    "192.0.2.1",
    80,
    5,
  ]);
  const connection = connector?.succeed();
  const protocol = successResultOf(connected);
  // The endpoint's wrapper has been replaced by the protocol.
  assertStrictEquals(connection?.protocol, protocol);
  connection?.receive("hello");
  connection?.lose();
  assertEquals([protocol.text(), protocol.closed], ["hello", true]);
});

Deno.test("FakeConnector fails the Deferred of an endpoint", () => {
  const reactor = new MemoryReactor();
  const endpoint = new UNIXClientEndpoint(reactor, "/run/socket");
  const refused = connectProtocol(endpoint, new Protocol());
  reactor.unixClients[0]?.fail(new ConnectTimeoutError("too late"));
  failureResultOf(refused, ConnectTimeoutError);
  const cancelled = connectProtocol(endpoint, new Protocol());
  cancelled.cancel();
  failureResultOf(cancelled, ConnectingCancelledError);
  assertEquals(reactor.unixClients[1]?.stoppedConnecting, true);
  const factory = ClientFactory.forProtocol(Protocol);
  factory.buildProtocol = () => null;
  const rejected = endpoint.connect(factory);
  reactor.unixClients[2]?.succeed();
  failureResultOf(rejected, NoProtocol);
});

Deno.test("FakeConnector leaves a test free to connect a protocol by hand, as in Twisted", () => {
  const reactor = new MemoryReactor();
  const endpoint = new TCP4ClientEndpoint(reactor, "192.0.2.1", 80);
  const connected = connectProtocol(endpoint, new Protocol());
  const [client] = reactor.tcpClients;
  assert(client !== undefined);
  const protocol = client.factory.buildProtocol(client.getDestination());
  const transport = new StringTransport();
  protocol?.makeConnection(transport);
  assertStrictEquals(successResultOf(connected).transport, transport);
});

Deno.test("FakeUNIXConnector has its path and UNIX addresses", () => {
  const factory = ClientFactory.forProtocol(Protocol);
  const connector = new MemoryReactor().connectUNIX("/run/socket", factory, { checkPID: true });
  assertEquals([connector.path, connector.options.checkPID], ["/run/socket", true]);
  const { transport } = connector.succeed();
  assertEquals(transport.getPeer(), new UNIXAddress("/run/socket"));
  assertEquals(transport.getHost(), new UNIXAddress(""));
});
