/**
 * Draining a port, over an acceptor that the test controls. With real signals:
 * `examples/examples_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { CancelledError } from "../../defer/mod.ts";
import { addObserver } from "../../log/mod.ts";
import { Protocol } from "../../protocol/mod.ts";
import { TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { listen, type PortFixture, TestFactory } from "../../testing/fixtures/port_fixture.ts";
import { ConnectionAborted, ConnectionDone, DrainTimeout } from "../errors.ts";
import type { IDelayedCall, IDrainableProtocol } from "../interfaces/mod.ts";
import type { StreamDriver } from "./stream_driver.ts";
import { TLSDriver } from "../tls/tls_driver.ts";

/** Records the reason of its loss. */
class Noted extends Protocol {
  reason: Error | null = null;

  override connectionLost(reason: Error): void {
    this.reason = reason;
  }
}

/** Writes a goodbye and closes its connection when its port is drained. */
class Polite extends Noted implements IDrainableProtocol {
  drainRequests = 0;

  drainRequested(): void {
    this.drainRequests++;
    this.transport.write("bye");
    this.transport.loseConnection();
  }
}

/** Returns a port with open connections, whose protocols are of the given class. */
function connected<P extends Noted>(
  protocolClass: new () => P,
  count: number,
): PortFixture & { protocols: P[]; ends: () => string[]; texts: () => string[] } {
  const factory = new TestFactory();
  const protocols: P[] = [];
  factory.buildProtocol = () => {
    const protocol = new protocolClass();
    protocols.push(protocol);
    return protocol;
  };
  const fixture = listen({}, factory);
  const peers = Array.from({ length: count }, () => fixture.acceptor.connect());
  return {
    ...fixture,
    protocols,
    ends: () => peers.map((peer) => peer?.end ?? "refused"),
    texts: () => peers.map((peer) => peer?.text ?? ""),
  };
}

Deno.test("StreamPort.drain() stops accepting and fires when the last connection is lost", () => {
  const { port, protocols, acceptor, host } = connected(Noted, 2);
  const fired: number[] = [];
  port.drain(30).addCallback((aborted) => void fired.push(aborted));
  assertEquals(acceptor.calls, ["close"]);
  acceptor.release();
  host.advance(29);
  protocols[0]?.transport.loseConnection();
  host.settle();
  assertEquals(fired, []);
  protocols[1]?.transport.loseConnection();
  host.settle();
  assertEquals(fired, [0]);
  assertEquals(protocols.map(({ reason }) => reason?.name), ["ConnectionDone", "ConnectionDone"]);
  assertEquals(host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("StreamPort.drain() waits until the listening address is free", () => {
  const { port, acceptor } = listen();
  const fired: number[] = [];
  port.drain(30).addCallback((aborted) => void fired.push(aborted));
  assertEquals(fired, []);
  acceptor.release();
  assertEquals(fired, [0]);
});

Deno.test("StreamPort.drain() aborts open connections at the deadline and fires with their number", () => {
  const { port, protocols, acceptor, host, ends } = connected(Noted, 3);
  const fired: number[] = [];
  port.drain(30).addCallback((aborted) => void fired.push(aborted));
  acceptor.release();
  protocols[0]?.transport.loseConnection();
  host.settle();
  host.advance(29.9);
  assertEquals(fired, []);
  host.advance(0.1);
  assertEquals(fired, [2]);
  assertEquals(ends(), ["ended", "ECONNRESET", "ECONNRESET"]);
  const reason = protocols[1]?.reason;
  assertInstanceOf(reason, DrainTimeout);
  assertInstanceOf(reason, ConnectionAborted);
  assertEquals(
    [reason.message, reason.seconds],
    [
      "Connection to 192.0.2.1:3000 was aborted: it was still open 30 s after its port began to drain",
      30,
    ],
  );
});

Deno.test("StreamPort.drain() also aborts a failed handshake that is still closing at the deadline", () => {
  const host = new TestHost();
  const tls = new FakeTLS();
  const secure = (driver: StreamDriver) =>
    new TLSDriver(driver, tls, host.reactor, { linger: Infinity });
  const { port, acceptor } = listen({}, new TestFactory(), host, secure);
  acceptor.connect()?.driver.stopReading();
  tls.engine.encrypt("x".repeat(200_000));
  tls.engine.sink.tlsFailed(new Error("planned"));
  host.settle();
  const drained: number[] = [];
  port.drain(5).addCallback((aborted) => drained.push(aborted));
  acceptor.release();
  host.advance(4.9);
  assertEquals(drained, []);
  host.advance(0.1);
  assertEquals(drained, [0]);
  assertEquals(host.resources.size, 0);
});

Deno.test("StreamPort.drain() calls drainRequested() once and sends what it writes", () => {
  const { port, protocols, acceptor, host, texts } = connected(Polite, 2);
  const fired: number[] = [];
  port.drain(Infinity).addCallback((aborted) => void fired.push(aborted));
  acceptor.release();
  host.settle();
  assertEquals(fired, [0]);
  assertEquals(protocols.map(({ drainRequests }) => drainRequests), [1, 1]);
  assertEquals(texts(), ["bye", "bye"]);
  for (const { reason } of protocols) assertInstanceOf(reason, ConnectionDone);
});

Deno.test("StreamPort.drain() does not call drainRequested() for a closing connection", () => {
  const { port, protocols, acceptor, host } = connected(Polite, 1);
  protocols[0]?.transport.loseConnection();
  port.drain(30);
  acceptor.release();
  host.settle();
  assertEquals(protocols[0]?.drainRequests, 0);
});

Deno.test("drainRequested() that throws is logged and closes only its own connection", () => {
  using errors = new LoggedErrors();
  const { port, protocols, acceptor, host } = connected(Polite, 2);
  const [first] = protocols;
  assert(first !== undefined);
  first.drainRequested = () => {
    throw new RangeError("boom");
  };
  const fired: number[] = [];
  port.drain(30).addCallback((aborted) => void fired.push(aborted));
  acceptor.release();
  host.settle();
  assertEquals(fired, [0]);
  assertEquals(protocols.map(({ reason }) => reason?.name), ["RangeError", "ConnectionDone"]);
  const [event] = errors.takeEvents();
  assertEquals(event?.why, "Error while calling drainRequested");
});

Deno.test("StreamPort.drain() does not close the connections of other ports", () => {
  const fixture = connected(Noted, 1);
  const other = listen({}, undefined, fixture.host);
  other.acceptor.connect();
  fixture.port.drain(1);
  fixture.acceptor.release();
  fixture.host.advance(1);
  assertInstanceOf(fixture.protocols[0]?.reason, DrainTimeout);
  assertEquals(other.factory.built[0]?.transport.connected, true);
});

Deno.test("StreamPort.drain() again with an earlier deadline aborts at that deadline", () => {
  const { port, acceptor, host } = connected(Noted, 2);
  const fired: [string, number][] = [];
  port.drain(30).addCallback((aborted) => void fired.push(["first", aborted]));
  port.drain(0).addCallback((aborted) => void fired.push(["second", aborted]));
  acceptor.release();
  host.advance(0);
  assertEquals(fired, [["first", 0], ["second", 2]]);
  assertEquals(host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("StreamPort.drain() that is cancelled clears the deadline and keeps connections open", () => {
  const { port, protocols, acceptor, host } = connected(Noted, 1);
  const failures: Error[] = [];
  const draining = port.drain(30);
  draining.addErrback((error) => void failures.push(error));
  draining.cancel();
  acceptor.release();
  assertInstanceOf(failures[0], CancelledError);
  host.advance(31);
  assertEquals(protocols[0]?.transport.connected, true);
  assertEquals(host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("StreamPort.drain() after stopListening() waits for the open connections", () => {
  const { port, protocols, acceptor, host } = connected(Noted, 1);
  port.stopListening();
  acceptor.release();
  const fired: number[] = [];
  port.drain(5).addCallback((aborted) => void fired.push(aborted));
  host.advance(5);
  assertEquals(fired, [1]);
  assertInstanceOf(protocols[0]?.reason, DrainTimeout);
});

Deno.test("StreamPort.startListening() works after a drain, also in its callback", () => {
  const { port, acceptor, acceptors, factory, host } = connected(Noted, 1);
  port.drain(0).addCallback(() => port.startListening());
  acceptor.release();
  host.advance(0);
  assert(acceptors[1]?.isAccepting);
  assertEquals(factory.events, ["start", "stop", "start"]);
});

Deno.test("StreamPort.drain() fails with the exception of stopFactory() and leaves no timer", () => {
  const { port, acceptor, factory, host } = connected(Noted, 1);
  const error = new RangeError("boom");
  factory.stopFactory = () => {
    throw error;
  };
  const failures: Error[] = [];
  port.drain(30).addErrback((failure) => void failures.push(failure));
  acceptor.release();
  assertEquals(failures, [error]);
  assertEquals(host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("StreamPort.drain() fires when the reactor stops", () => {
  const { port, acceptor, host } = connected(Noted, 1);
  const fired: number[] = [];
  port.drain(30).addCallback((aborted) => void fired.push(aborted));
  acceptor.release();
  host.resources.shutDown();
  assertEquals(fired, [0]);
  assertEquals(host.reactor.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("StreamPort.drain() logs the number of open connections, and throws for a wrong delay", () => {
  const { port, acceptor } = connected(Noted, 2);
  const messages: string[] = [];
  using _observing = addObserver(({ message }) => messages.push(message), { replay: false });
  assertThrows(() => port.drain(-1), RangeError, "drain() seconds must be zero or more seconds");
  port.drain(3);
  acceptor.release();
  assertEquals(messages, [
    "(TestFactory on 127.0.0.1:2000 is draining: 2 connections are open)",
    "(TestFactory on 127.0.0.1:2000 closed)",
  ]);
});
