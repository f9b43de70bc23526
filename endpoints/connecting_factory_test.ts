/**
 * Twisted's `internet/test/test_endpoints.py`, `WrappingFactoryTests`, without
 * the three tests of descriptors such as `test_wrappingProtocolFileDescriptorReceiver`, which
 * `reactor/drivers/epoll/unix_descriptors_test.ts` covers. Handshakes on real connections are in
 * `tls_test.ts`.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Factory, Protocol } from "../protocol/mod.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import {
  ConnectingCancelledError,
  ConnectionDone,
  ConnectionRefusedError,
  NoProtocol,
} from "../reactor/errors.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";
import { type FakeTCPConnector, MemoryReactor, StringTransport } from "../testing/mod.ts";
import { ConnectingFactory } from "./connecting_factory.ts";

const destination = new IPv4Address("TCP", "192.0.2.2", 2222);

/** A protocol that records its calls. */
class Noted extends Protocol {
  readonly calls: string[] = [];

  override connectionMade(): void {
    this.calls.push("made");
  }

  override dataReceived(data: Uint8Array): void {
    this.calls.push(`received ${data.length}`);
  }

  override connectionLost(reason: Error): void {
    this.calls.push(`lost ${reason.name}`);
  }
}

class HalfCloseable extends Noted {
  readConnectionLost(): void {
    this.calls.push("read lost");
  }

  writeConnectionLost(): void {
    this.calls.push("write lost");
  }
}

class NotedFactory<P extends Protocol> extends Factory<P> {
  readonly events: string[] = [];

  override startFactory(): void {
    this.events.push("start");
  }

  override stopFactory(): void {
    this.events.push("stop");
  }
}

/** Starts an attempt to connect, which stays pending. */
function attempt(factory: ConnectingFactory<IProtocol>): FakeTCPConnector {
  return new MemoryReactor().connectTCP(destination.host, destination.port, factory);
}

/** Collects the result of the Deferred. */
function outcome<P extends IProtocol>(factory: ConnectingFactory<P>): (P | Error)[] {
  const outcomes: (P | Error)[] = [];
  factory.connected.addCallbacks(
    (protocol) => void outcomes.push(protocol),
    (error) => void outcomes.push(error),
  );
  return outcomes;
}

/** Returns the protocol that the factory builds for the reactor. */
function build(factory: ConnectingFactory<IProtocol>): IProtocol {
  const built = factory.buildProtocol(destination);
  assert(built !== null);
  return built;
}

Deno.test("ConnectingFactory fires with its protocol after connectionMade() has returned", () => {
  class Watching extends Noted {
    override connectionMade(): void {
      super.connectionMade();
      assertEquals(outcomes, []);
    }
  }
  const factory = new ConnectingFactory(Factory.forProtocol(Watching));
  const outcomes = outcome(factory);
  const made = new StringTransport();
  build(factory).makeConnection(made);
  const [protocol] = outcomes;
  assertInstanceOf(protocol, Watching);
  assertEquals(protocol.calls, ["made"]);
  assertStrictEquals(protocol.transport, made);
});

Deno.test("ConnectingFactory passes data and the loss of the connection to the protocol", () => {
  const factory = new ConnectingFactory(Factory.forProtocol(Noted));
  const outcomes = outcome(factory);
  const wrapper = build(factory);
  wrapper.makeConnection(new StringTransport());
  wrapper.dataReceived(new Uint8Array(3));
  wrapper.connectionLost(new ConnectionDone());
  const [protocol] = outcomes;
  assertInstanceOf(protocol, Noted);
  assertEquals(protocol.calls, ["made", "received 3", "lost ConnectionDone"]);
});

Deno.test("ConnectingFactory returns the results of the protocol's methods, such as promises", () => {
  const promise = Promise.resolve();
  const returning = { then: promise.then.bind(promise) };
  const protocol = new Protocol();
  // Its type is void, like that of a method that may be async.
  protocol.connectionMade = protocol.dataReceived = protocol.connectionLost = () =>
    returning as unknown as void;
  const factory = new ConnectingFactory<Protocol>({
    buildProtocol: () => protocol,
    doStart: () => {},
    doStop: () => {},
  });
  const wrapper = build(factory);
  const results: unknown[] = [
    wrapper.makeConnection(new StringTransport()),
    wrapper.dataReceived(new Uint8Array(1)),
    wrapper.connectionLost(new ConnectionDone()),
  ];
  assertEquals(results.map((result) => result === returning), [true, true, true]);
});

Deno.test("ConnectingFactory supports half-close only if the wrapped protocol does", () => {
  const factory = new ConnectingFactory(Factory.forProtocol(HalfCloseable));
  const outcomes = outcome(factory);
  const wrapper = build(factory);
  wrapper.makeConnection(new StringTransport());
  assert("readConnectionLost" in wrapper && typeof wrapper.readConnectionLost === "function");
  assert("writeConnectionLost" in wrapper && typeof wrapper.writeConnectionLost === "function");
  wrapper.readConnectionLost();
  wrapper.writeConnectionLost();
  const [protocol] = outcomes;
  assertInstanceOf(protocol, HalfCloseable);
  assertEquals(protocol.calls, ["made", "read lost", "write lost"]);
  const plain = build(new ConnectingFactory(Factory.forProtocol(Noted)));
  assert(!("readConnectionLost" in plain) && !("writeConnectionLost" in plain));
});

Deno.test("ConnectingFactory has handshakeCompleted() only if the wrapped protocol has it", () => {
  class Telling extends Noted {
    handshakeCompleted(): void {
      this.calls.push("secured");
    }

    drainRequested(): void {
      this.calls.push("drain requested");
    }
  }
  const factory = new ConnectingFactory(Factory.forProtocol(Telling));
  const outcomes = outcome(factory);
  const wrapper = build(factory);
  wrapper.makeConnection(new StringTransport());
  assert("handshakeCompleted" in wrapper && typeof wrapper.handshakeCompleted === "function");
  assert("drainRequested" in wrapper && typeof wrapper.drainRequested === "function");
  wrapper.handshakeCompleted();
  wrapper.drainRequested();
  const [protocol] = outcomes;
  assertInstanceOf(protocol, Telling);
  assertEquals(protocol.calls, ["made", "secured", "drain requested"]);
  const plain = build(new ConnectingFactory(Factory.forProtocol(Noted)));
  assert(!("handshakeCompleted" in plain) && !("drainRequested" in plain));
});

Deno.test("ConnectingFactory's protocol has the log prefix of the wrapped protocol", () => {
  class Chat extends Protocol {
    override logPrefix(): string {
      return "Chat with Bob";
    }
  }
  class Bare implements IProtocol {
    makeConnection(): void {}
    connectionMade(): void {}
    dataReceived(): void {}
    connectionLost(): void {}
  }
  const prefix = (protocol: new () => IProtocol) =>
    build(new ConnectingFactory(Factory.forProtocol(protocol))).logPrefix?.();
  assertEquals([prefix(Chat), prefix(Bare)], ["Chat with Bob", "Bare"]);
});

Deno.test("ConnectingFactory forwards doStart(), doStop() and logPrefix() to the factory", () => {
  const wrapped = NotedFactory.forProtocol(Noted);
  const factory = new ConnectingFactory(wrapped);
  factory.doStart();
  assertEquals([wrapped.numPorts, wrapped.events], [1, ["start"]]);
  factory.doStop();
  assertEquals([wrapped.numPorts, wrapped.events], [0, ["start", "stop"]]);
  assertEquals(factory.logPrefix(), "NotedFactory");
  const bare = { buildProtocol: () => null, doStart: () => {}, doStop: () => {} };
  assertEquals(new ConnectingFactory(bare).logPrefix(), "Object");
});

Deno.test("ConnectingFactory fails with an error of buildProtocol(), and refuses the connection", () => {
  const error = new RangeError("boom");
  const wrapped = Factory.forProtocol(Noted);
  wrapped.buildProtocol = () => {
    throw error;
  };
  const factory = new ConnectingFactory(wrapped);
  const outcomes = outcome(factory);
  assertEquals(factory.buildProtocol(destination), null);
  factory.clientConnectionLost(attempt(factory), new ConnectionDone());
  assertEquals(outcomes, [error]);
});

Deno.test("ConnectingFactory fails with NoProtocol when buildProtocol() returns null", () => {
  const wrapped = Factory.forProtocol(Noted);
  wrapped.buildProtocol = () => null;
  const factory = new ConnectingFactory(wrapped);
  const outcomes = outcome(factory);
  assertEquals(factory.buildProtocol(destination), null);
  const [error] = outcomes;
  assertInstanceOf(error, NoProtocol);
  assertEquals(error.address, "192.0.2.2:2222");
});

Deno.test("ConnectingFactory fails with the reason of a failed attempt", () => {
  const factory = new ConnectingFactory(Factory.forProtocol(Noted));
  const outcomes = outcome(factory);
  const reason = new ConnectionRefusedError("refused");
  attempt(factory).fail(reason);
  assertEquals(outcomes, [reason]);
});

Deno.test("ConnectingFactory rethrows an error of connectionMade(), and fails at the loss", () => {
  const error = new RangeError("boom");
  class Failing extends Noted {
    override connectionMade(): void {
      throw error;
    }
  }
  const factory = new ConnectingFactory(Factory.forProtocol(Failing));
  const outcomes = outcome(factory);
  const wrapper = build(factory);
  assertThrows(() => wrapper.makeConnection(new StringTransport()), RangeError, "boom");
  assertEquals(outcomes, []);
  factory.clientConnectionLost(attempt(factory), error);
  assertEquals(outcomes, [error]);
});

Deno.test("ConnectingFactory ignores the loss of a connection after it has fired", () => {
  const factory = new ConnectingFactory(Factory.forProtocol(Noted));
  const outcomes = outcome(factory);
  build(factory).makeConnection(new StringTransport());
  factory.clientConnectionLost(attempt(factory), new ConnectionDone());
  assertEquals(outcomes.length, 1);
});

Deno.test("ConnectingFactory that is cancelled fails once with ConnectingCancelledError", () => {
  const factory = new ConnectingFactory(Factory.forProtocol(Noted));
  const connector = attempt(factory);
  const outcomes = outcome(factory);
  factory.connected.cancel();
  const [error] = outcomes;
  assertInstanceOf(error, ConnectingCancelledError);
  assertEquals(error.message, "Connecting to 192.0.2.2:2222 was cancelled");
  assertStrictEquals(error.destination, connector.getDestination());
  assert(connector.stoppedConnecting);
  factory.clientConnectionFailed(connector, new ConnectionRefusedError("late"));
  assertEquals(outcomes.length, 1);
});

Deno.test("ConnectingFactory that is cancelled in a method of the protocol loses the connection", () => {
  class Cancelling extends Noted {
    override connectionMade(): void {
      super.connectionMade();
      making.connected.cancel();
    }
  }
  const making = new ConnectingFactory(Factory.forProtocol(Cancelling));
  const connector = attempt(making);
  const outcomes = outcome(making);
  const connection = connector.succeed();
  assert(connection.transport.disconnecting);
  connection.lose();
  assertInstanceOf(outcomes[0], ConnectingCancelledError);
  assertEquals(outcomes.length, 1);

  const wrapped = Factory.forProtocol(Noted);
  const building = new ConnectingFactory(wrapped);
  wrapped.buildProtocol = () => {
    building.connected.cancel();
    return new Noted();
  };
  const others = outcome(building);
  const refused = attempt(building).succeed();
  assertEquals([refused.protocol, refused.isLost], [null, true]);
  assertInstanceOf(others[0], ConnectingCancelledError);
});
