/**
 * Twisted's `test/test_policies.py`, `WrapperTests`: all tests are here but `test_stopConsuming`,
 * because transports have no such method, and `test_transportInterfaces`, because a wrapper
 * implements `ITransport` itself: the first test compares their members. `test_breakReferenceCycle`
 * is not needed in JavaScript: a wrapper keeps its protocol.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { IPv4Address } from "../../reactor/addresses.ts";
import { ConnectionAborted, ConnectionDone } from "../../reactor/errors.ts";
import type { IConnector, IProtocol, IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import {
  isDrainable,
  isHalfCloseable,
  isHandshakeListener,
} from "../../reactor/stream/protocol_capabilities.ts";
import { Connection } from "../../reactor/stream/connection.ts";
import { testCertificates } from "../../testing/fixtures/certificates.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectedServerAndClient, StringTransport, TestPeer } from "../../testing/mod.ts";
import { ClientFactory, Factory, Protocol, ProtocolWrapper, WrappingFactory } from "../mod.ts";

const PEER = new IPv4Address("TCP", "192.0.2.2", 2222);

class Echo extends Protocol {
  readonly events: string[] = [];

  override connectionMade(): void {
    this.events.push("made");
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }

  override connectionLost(reason: Error): void {
    this.events.push(`lost ${reason.name}`);
  }
}

/** An echo with every optional method. */
class FullEcho extends Echo {
  readConnectionLost(): void {
    this.events.push("read lost");
    this.transport.loseWriteConnection();
  }

  writeConnectionLost(): void {
    this.events.push("write lost");
  }

  handshakeCompleted(): void {
    this.events.push(`secure ${this.transport.secure}`);
  }

  drainRequested(): void {
    this.events.push("drain");
  }
}

function wrapped(
  protocol: IProtocol = new Protocol(),
): { wrapper: ProtocolWrapper; transport: StringTransport } {
  const transport = new StringTransport();
  const wrapper = new ProtocolWrapper(new WrappingFactory(new Factory()), protocol);
  wrapper.makeConnection(transport);
  return { wrapper, transport };
}

Deno.test("ProtocolWrapper has every public member of a connection's transport", () => {
  // The members for the reactor, the port and the driver.
  const others =
    "abort describe drain failed handshakeCompleted isOf isPaused isProducerPaused isReceptive " +
    "logPrefix open pauseProducer receiver role unsent readBuffer readEnded received " +
    "receivedInto released runMicrotask session shutDown toString unref writeClosed wrote " +
    "constructor";
  const membersOf = (prototype: object | null): string[] =>
    prototype === null || prototype === Object.prototype
      ? []
      : [...Object.getOwnPropertyNames(prototype), ...membersOf(Object.getPrototypeOf(prototype))];
  const missing = membersOf(Connection.prototype)
    .filter((name) => !others.split(" ").includes(name) && !(name in ProtocolWrapper.prototype));
  assertEquals(missing, []);
});

Deno.test("ProtocolWrapper.stats() returns the counters of its connection", () => {
  const { wrapper, transport } = wrapped();
  wrapper.write("hello");
  wrapper.pauseProducing();
  assertEquals([wrapper.stats().bytesSent, wrapper.stats().receivingPaused], [5, true]);
  assertEquals(wrapper.stats(), transport.stats());
});

Deno.test("WrappingFactory keeps the wrapped factory as the factory of the protocol", () => {
  const factory = Factory.forProtocol(Echo);
  const wrapper = new WrappingFactory(factory).buildProtocol(PEER);
  assertStrictEquals(wrapper?.wrappedProtocol.factory, factory);
});

Deno.test("WrappingFactory.logPrefix() names the wrapped factory and itself", () => {
  class Server extends Factory {}
  assertEquals(new WrappingFactory(new Server()).logPrefix(), "Server (WrappingFactory)");
  const nameless: IProtocolFactory = new (class Nameless {
    buildProtocol = () => null;
    doStart(): void {}
    doStop(): void {}
  })();
  const factory = new WrappingFactory(new WrappingFactory(nameless));
  assertEquals(factory.logPrefix(), "Nameless (WrappingFactory) (WrappingFactory)");
});

Deno.test("ProtocolWrapper.logPrefix() names the wrapped protocol and itself", () => {
  const wrapper = new WrappingFactory(Factory.forProtocol(Echo)).buildProtocol(PEER);
  assertEquals(wrapper?.logPrefix(), "Echo (ProtocolWrapper)");
});

Deno.test("ProtocolWrapper.getHost() and getPeer() return the addresses of the transport", () => {
  const { wrapper, transport } = wrapped();
  assertStrictEquals(wrapper.getHost(), transport.getHost());
  assertStrictEquals(wrapper.getPeer(), transport.getPeer());
  assertEquals(String(wrapper), String(transport));
});

Deno.test("ProtocolWrapper.registerProducer() registers the producer with the transport", () => {
  const { wrapper, transport } = wrapped();
  const producer = new StringTransport();
  wrapper.registerProducer(producer, true);
  assertStrictEquals(transport.producer, producer);
  assertEquals(transport.streaming, true);
  wrapper.unregisterProducer();
  assertEquals([transport.producer, transport.streaming], [null, null]);
  wrapper.registerProducer(producer, false);
  assertEquals(transport.streaming, false);
});

Deno.test("ProtocolWrapper throws for its transport before the connection is made", () => {
  const wrapper = new ProtocolWrapper(new WrappingFactory(new Factory()), new Protocol());
  assertThrows(
    () => wrapper.transport,
    Error,
    "Cannot get the transport of ProtocolWrapper: its connection has not been made",
  );
  assertEquals(String(wrapper), "ProtocolWrapper (not connected)");
});

Deno.test("ProtocolWrapper forwards TLS, socket options and producer calls to the transport", () => {
  const { wrapper, transport } = wrapped();
  wrapper.setTcpNoDelay(true);
  wrapper.setTcpKeepAlive(true, 60);
  assertEquals([wrapper.getTcpNoDelay(), wrapper.getTcpKeepAlive()], [true, true]);
  assertEquals(transport.tcpKeepAliveIdle, 60);
  wrapper.pauseProducing();
  assertEquals(transport.producerState, "paused");
  wrapper.resumeProducing();
  assertEquals(transport.producerState, "producing");
  wrapper.startTLS({ serverName: "example.org" });
  assertEquals([wrapper.tlsStarted, wrapper.secure], [true, false]);
  transport.completeHandshake({ negotiatedProtocol: "h2" });
  assertEquals([wrapper.secure, wrapper.negotiatedProtocol], [true, "h2"]);
  assertEquals(wrapper.getPeerCertificate(), null);
  wrapper.writeSequence(["a", "b"]);
  wrapper.loseWriteConnection();
  assertEquals([transport.text(), transport.writeDisconnecting], ["ab", true]);
  wrapper.stopProducing();
  assertEquals([wrapper.disconnecting, wrapper.connected], [true, true]);
  wrapper.abortConnection(new Error("enough"));
  assertEquals([wrapper.connected, transport.aborted], [false, true]);
});

Deno.test("WrappingFactory forwards the calls of a connector to a client factory", () => {
  const events: unknown[][] = [];
  const factory = Object.assign(new ClientFactory(), {
    startedConnecting: (...args: unknown[]) => void events.push(["started", ...args]),
    clientConnectionFailed: (...args: unknown[]) => void events.push(["failed", ...args]),
    clientConnectionLost: (...args: unknown[]) => void events.push(["lost", ...args]),
  });
  const wrapper = new WrappingFactory(factory);
  // The factory only passes the connector on.
  const connector = { state: "connecting" } as IConnector;
  const reason = new Error("refused");
  wrapper.startedConnecting(connector);
  wrapper.clientConnectionFailed(connector, reason);
  wrapper.clientConnectionLost(connector, reason);
  assertEquals(events, [
    ["started", connector],
    ["failed", connector, reason],
    ["lost", connector, reason],
  ]);
});

Deno.test("WrappingFactory accepts a server's factory as that of a client", () => {
  const factory = new WrappingFactory(new Factory());
  // The factory only passes the connector on.
  const connector = { state: "connecting" } as IConnector;
  factory.startedConnecting(connector);
  factory.clientConnectionFailed(connector, new Error("refused"));
  factory.clientConnectionLost(connector, new Error("lost"));
});

Deno.test("WrappingFactory starts and stops the wrapped factory", () => {
  const calls: string[] = [];
  const inner = Object.assign(new Factory(), {
    startFactory: () => void calls.push("start inner"),
    stopFactory: () => void calls.push("stop inner"),
  });
  const outer = Object.assign(new WrappingFactory(inner), {
    startFactory: () => void calls.push("start outer"),
    stopFactory: () => void calls.push("stop outer"),
  });
  outer.doStart();
  outer.doStart();
  outer.doStop();
  assertEquals([inner.numPorts, outer.numPorts], [1, 1]);
  outer.doStop();
  assertEquals(calls, ["start inner", "start outer", "stop inner", "stop outer"]);
});

Deno.test("WrappingFactory.doStart() stops the wrapped factory if its own start fails", () => {
  const inner = new Factory();
  const outer = Object.assign(new WrappingFactory(inner), {
    startFactory: () => {
      throw new RangeError("no");
    },
  });
  assertThrows(() => outer.doStart(), RangeError, "no");
  assertEquals([inner.numPorts, outer.numPorts], [0, 0]);
});

Deno.test("WrappingFactory returns null when the wrapped factory refuses the connection", () => {
  const refusing = Object.assign(new Factory(), { buildProtocol: () => null });
  assertEquals(new WrappingFactory(refusing).buildProtocol(PEER), null);
});

Deno.test("WrappingFactory throws for a value that is not a factory", () => {
  assertThrows(
    // @ts-expect-error: a protocol is not a factory
    () => new WrappingFactory(new Protocol()),
    TypeError,
    "Cannot wrap a factory: the factory must be an object with buildProtocol()",
  );
});

Deno.test("WrappingFactory has handshakeFailed() and noisy as the wrapped factory has them", () => {
  const plain = new WrappingFactory(new Factory());
  assertEquals(["handshakeFailed" in plain, plain.noisy], [false, true]);
  const failures: unknown[] = [];
  const listening = Object.assign(new Factory(), {
    noisy: false,
    handshakeFailed: (...args: unknown[]) => void failures.push(args),
  });
  const factory: IProtocolFactory = new WrappingFactory(new WrappingFactory(listening));
  const reason = new Error("no TLS");
  factory.handshakeFailed?.(PEER, reason);
  assertEquals(failures, [[PEER, reason]]);
  assertEquals(factory.noisy, false);
});

Deno.test("WrappingFactory.protocols has the wrappers of the open connections", () => {
  const factory = new WrappingFactory(Factory.forProtocol(Echo));
  using pair = connectedServerAndClient(factory, TestPeer);
  assertEquals([...factory.protocols], [pair.server]);
  pair.client.close();
  pair.pump.flush();
  assertEquals(factory.protocols.size, 0);
  assertEquals(pair.server.wrappedProtocol.events, ["made", "lost ConnectionDone"]);
});

Deno.test("ProtocolWrapper passes data both ways, through several wrappers", () => {
  const inner = new WrappingFactory(Factory.forProtocol(Echo));
  using pair = connectedServerAndClient(new WrappingFactory(inner), TestPeer);
  pair.client.send("hello");
  pair.pump.flush();
  assertEquals(pair.client.text, "hello");
  assertStrictEquals(pair.server.wrappedProtocol.transport, pair.server);
  pair.server.wrappedProtocol.abortConnection(new Error("enough"));
  pair.pump.flush();
  assertInstanceOf(pair.serverReason, ConnectionAborted);
});

Deno.test("ProtocolWrapper is half-closeable if its protocol is", () => {
  const factory = new WrappingFactory(new WrappingFactory(Factory.forProtocol(FullEcho)));
  using pair = connectedServerAndClient(factory, TestPeer);
  const { events } = pair.server.wrappedProtocol.wrappedProtocol;
  pair.client.closeWrite();
  pair.pump.flush();
  assertEquals(events, ["made", "read lost", "write lost", "lost ConnectionDone"]);
  assertInstanceOf(pair.serverReason, ConnectionDone);

  const plain = new WrappingFactory(new WrappingFactory(Factory.forProtocol(Echo)));
  using other = connectedServerAndClient(plain, TestPeer);
  assertEquals(isHalfCloseable(other.server), false);
  other.client.closeWrite();
  other.pump.flush();
  assertInstanceOf(other.serverReason, ConnectionDone);
});

Deno.test("ProtocolWrapper listens to handshakes and drains if its protocol does", async () => {
  const { authority, server } = await testCertificates();
  const factory = new WrappingFactory(Factory.forProtocol(FullEcho));
  using pair = connectedServerAndClient(factory, TestPeer);
  const { events } = pair.server.wrappedProtocol;
  assert(isDrainable(pair.server) && isHandshakeListener(pair.server));
  pair.server.drainRequested();
  pair.server.wrappedProtocol.transport.startTLS(server);
  pair.clientTransport.startTLS({ serverName: "localhost", caCerts: [authority.cert] });
  await pair.pump.pumpUntilIdle();
  assertEquals(events, ["made", "drain", "secure true"]);

  const { wrapper } = wrapped(new Echo());
  assert(!isDrainable(wrapper) && !isHandshakeListener(wrapper));
});

Deno.test("ProtocolWrapper of a class with an optional method has that method", () => {
  class Draining extends ProtocolWrapper {
    override drainRequested(): void {
      this.loseConnection();
    }
  }
  const wrapper = new Draining(new WrappingFactory(new Factory()), new Protocol());
  assert(isDrainable(wrapper) && !isHalfCloseable(wrapper));
});

Deno.test("ProtocolWrapper reports an error of the wrapped protocol as its connection's", () => {
  using errors = new LoggedErrors();
  class Failing extends Protocol {
    override dataReceived(): void {
      throw new RangeError("boom");
    }
  }
  const factory = new WrappingFactory(Factory.forProtocol(Failing));
  using pair = connectedServerAndClient(factory, TestPeer);
  pair.client.send("x");
  pair.pump.flush();
  assertEquals(errors.take().map(({ message }) => message), ["boom"]);
  assertInstanceOf(pair.serverReason, RangeError);
  assertEquals(factory.protocols.size, 0);
});

Deno.test("ProtocolWrapper watches the promises of async methods", async () => {
  using errors = new LoggedErrors();
  class Failing extends Protocol {
    // deno-lint-ignore require-await -- an async method that rejects
    override async connectionMade(): Promise<void> {
      throw new RangeError("late");
    }
  }
  using pair = connectedServerAndClient(
    new WrappingFactory(Factory.forProtocol(Failing)),
    TestPeer,
  );
  await pair.pump.pumpUntilIdle();
  assertEquals(errors.take().map(({ message }) => message), ["late"]);
  assertEquals(pair.serverReason?.message, "late");
});

Deno.test("ProtocolWrapper does not end a protocol that it has not connected", () => {
  using errors = new LoggedErrors();
  class Failing extends WrappingFactory<Echo> {
    override registerProtocol(): void {
      throw new RangeError("boom");
    }
  }
  using pair = connectedServerAndClient(new Failing(Factory.forProtocol(Echo)), TestPeer);
  assertEquals(errors.take().map(({ message }) => message), ["boom"]);
  assertEquals([pair.client.ending, pair.server.wrappedProtocol.events], ["closed", []]);
});

Deno.test("ProtocolWrapper ends its protocol if unregisterProtocol() fails", () => {
  using errors = new LoggedErrors();
  class Failing extends WrappingFactory<Echo> {
    override unregisterProtocol(): void {
      throw new RangeError("boom");
    }
  }
  using pair = connectedServerAndClient(new Failing(Factory.forProtocol(Echo)), TestPeer);
  pair.client.close();
  pair.pump.flush();
  assertEquals(errors.takeEvents().map(({ why }) => why), [
    "Error while calling unregisterProtocol of Failing",
  ]);
  assertEquals(pair.server.wrappedProtocol.events, ["made", "lost ConnectionDone"]);
});
