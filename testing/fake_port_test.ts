import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Factory, LineReceiver, Protocol } from "../protocol/mod.ts";
import { IPv4Address, UNIXAddress } from "../reactor/addresses.ts";
import { ConnectionDone, DrainTimeout } from "../reactor/errors.ts";
import {
  AccumulatingProtocol,
  assertNoResult,
  failureResultOf,
  ManualServerEndpoint,
  MemoryReactor,
  MemoryReactorClock,
  StringTransportWithDisconnection,
  successResultOf,
} from "./mod.ts";

class Echo extends LineReceiver {
  override textReceived(line: string): void {
    this.sendLine(line);
  }
}

/** A protocol that closes its connection when its port is drained. */
class Draining extends AccumulatingProtocol {
  drains = 0;

  drainRequested(): void {
    this.drains++;
  }
}

Deno.test("FakePort.connect() connects a protocol of the factory to a StringTransport", () => {
  const port = new MemoryReactor().listenTCP(2000, Factory.forProtocol(Echo));
  const connection = port.connect();
  connection.receive("hello\r\n");
  assertEquals(connection.transport.text(), "hello\r\n");
  assertEquals(connection.transport.getHost(), new IPv4Address("TCP", "0.0.0.0", 2000));
  assertEquals(connection.transport.getPeer(), new IPv4Address("TCP", "192.168.1.1", 54321));
  assertEquals([port.connections, port.stats.accepted], [[connection], 1]);
  connection.lose();
  assertEquals(port.connections, []);
});

Deno.test("FakePort.connect() accepts a transport that loses the connection at once", () => {
  const port = new MemoryReactor().listenUNIX("/run/s", Factory.forProtocol(AccumulatingProtocol));
  const { protocol } = port.connect(new StringTransportWithDisconnection());
  assertInstanceOf(protocol, AccumulatingProtocol);
  protocol.transport.loseConnection();
  assertInstanceOf(protocol.closedReason, ConnectionDone);
  assertEquals(port.connections, []);
  assertEquals(port.connect().transport.getPeer(), new UNIXAddress(""));
});

Deno.test("FakePort.connect() leaves no connection open if the factory refuses or fails", () => {
  const factory = Factory.forProtocol(Echo);
  const port = new MemoryReactor().listenTCP(2000, factory);
  factory.buildProtocol = () => null;
  assertEquals([port.connect().isLost, port.connections], [true, []]);
  factory.buildProtocol = () => {
    throw new RangeError("not today");
  };
  assertThrows(() => port.connect(), RangeError, "not today");
  assertEquals(port.connections, []);
});

Deno.test("FakePort.stopListening() stops the factory at once, and startListening() starts it", () => {
  const events: string[] = [];
  class Noted extends Factory {
    override startFactory(): void {
      events.push("start");
    }
    override stopFactory(): void {
      events.push("stop");
    }
  }
  const port = new MemoryReactor().listenTCP(2000, new Noted());
  assertThrows(() => port.startListening(), Error, "the port is listening already");
  successResultOf(port.stopListening());
  successResultOf(port.stopListening());
  assertEquals([events, port.isListening], [["start", "stop"], false]);
  assertEquals(String(port), "FakeTCPPort on 0.0.0.0:2000 (closed)");
  assertThrows(() => port.connect(), Error, "the port does not listen");
  port.startListening();
  assertEquals([events.length, port.isListening], [3, true]);
});

Deno.test("FakePort.stopListening() fails with the error of doStop()", () => {
  class Failing extends Factory {
    override stopFactory(): void {
      throw new RangeError("not today");
    }
  }
  const port = new MemoryReactor().listenTCP(2000, new Failing());
  assertEquals(failureResultOf(port.stopListening(), RangeError).message, "not today");
});

Deno.test("FakePort is closed by await using", async () => {
  const reactor = new MemoryReactor();
  {
    await using _port = reactor.listenTCP(2000, Factory.forProtocol(Echo));
    assertEquals(reactor.tcpServers[0]?.isListening, true);
  }
  assertEquals(reactor.tcpServers[0]?.isListening, false);
});

Deno.test("FakePort.drain() requests the drain and fires when the last connection is lost", () => {
  const port = new MemoryReactor().listenTCP(2000, Factory.forProtocol(Draining));
  const [one, two] = [port.connect(), port.connect()];
  const drained = port.drain(30);
  assertEquals(port.isListening, false);
  assertInstanceOf(one.protocol, Draining);
  assertEquals(one.protocol.drains, 1);
  one.lose();
  assertNoResult(drained);
  two.lose();
  assertEquals(successResultOf(drained), 0);
});

Deno.test("FakePort.drain() aborts the open connections at its deadline on a clock", () => {
  const reactor = new MemoryReactorClock();
  const port = reactor.listenTCP(2000, Factory.forProtocol(Draining));
  const { protocol, transport } = port.connect();
  const drained = port.drain(30);
  reactor.advance(30);
  assertEquals(successResultOf(drained), 1);
  assertInstanceOf(protocol, Draining);
  assertInstanceOf(protocol.closedReason, DrainTimeout);
  assertStrictEquals(protocol.closedReason, transport.abortReason);
  assertEquals(reactor.getDelayedCalls(), []);
});

Deno.test("FakePort of listenTLS() has secure connections", () => {
  const port = new MemoryReactor().listenTLS(443, Factory.forProtocol(Protocol), {});
  assertEquals([port.secure, port.connect().transport.secure], [true, true]);
});

Deno.test("FakePort.completeClosing() completes a closing that the port holds", () => {
  const endpoint = new ManualServerEndpoint({ holdsClosing: true });
  const factory = Factory.forProtocol(AccumulatingProtocol);
  endpoint.listen(factory);
  const port = endpoint.attempt().succeed();
  assertThrows(() => port.completeClosing(), Error, "it is not closing");
  const closings = [port.stopListening(), port.stopListening()];
  for (const each of closings) assertNoResult(each);
  assertEquals([port.isListening, port.isClosing, factory.numPorts], [false, true, 1]);
  assertEquals([port.stopCalls, String(port)], [2, "FakePort on 192.0.2.1:2000 (closing)"]);
  assertThrows(() => port.startListening(), Error, "the port is closing");
  port.completeClosing();
  for (const each of closings) assertEquals(successResultOf(each), undefined);
  assertEquals([port.isClosing, factory.numPorts], [false, 0]);
  assertEquals(successResultOf(port.stopListening()), undefined);
});

Deno.test("FakePort.completeClosing() may fail the closing, and the drain", () => {
  const boom = new RangeError("boom");
  const endpoint = new ManualServerEndpoint({ holdsClosing: true });
  for (const close of ["stopListening", "drain"] as const) {
    endpoint.listen(Factory.forProtocol(AccumulatingProtocol));
    const port = endpoint.attempt().succeed();
    const closing = close === "drain" ? port.drain(30) : port.stopListening();
    assertNoResult(closing);
    port.completeClosing(boom);
    assertStrictEquals(failureResultOf(closing), boom);
    assertEquals([port.stopCalls, port.drainCalls], close === "drain" ? [0, [30]] : [1, []]);
  }
});

Deno.test("FakePort.drain() fires once the closing that the port holds is complete", () => {
  const endpoint = new ManualServerEndpoint({ holdsClosing: true });
  endpoint.listen(Factory.forProtocol(AccumulatingProtocol));
  const port = endpoint.attempt().succeed();
  const drained = port.drain(30);
  assertNoResult(drained);
  port.completeClosing();
  assertEquals(successResultOf(drained), 0);
});
