/**
 * The usual idioms of a program, without a cast. The tests are about types: each test fails to
 * compile if an idiom needs a cast. Running them shows that the values have those types.
 *
 * @module
 */

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  type Address,
  ClientFactory,
  ClientService,
  type ConnectError,
  connectProtocol,
  ConnectTimeoutError,
  Deferred,
  DenoReactor,
  Factory,
  HostnameEndpoint,
  type IConnector,
  isTimeout,
  LineOnlyReceiver,
  LineReceiver,
  Protocol,
  RequestQueue,
  StreamProtocol,
  TCP4ClientEndpoint,
  TCP4ServerEndpoint,
  type TCP6ServerEndpoint,
  type TLSServerEndpoint,
  type UNIXServerEndpoint,
} from "@torsion/reactor";
import { isRequestFailure, RequestCancelled, type RequestOptions } from "@torsion/reactor/protocol";
import {
  ConnectingCancelledError,
  type IBufferedProtocol,
  type RunOptions,
} from "@torsion/reactor/reactor";
import { connectedServerAndClient, TestPeer } from "@torsion/reactor/testing";

/** `true` if A and B are the same type: `any` equals only `any`. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

class Silent extends Protocol {}

Deno.test("IListeningPort.getHost().port compiles for TCP ports", async () => {
  const reactor = new DenoReactor();
  await using port = reactor.listenTCP(0, Factory.forProtocol(Silent), { interface: "127.0.0.1" });
  const { port: number, host } = port.getHost();
  assertEquals([typeof number, host], ["number", "127.0.0.1"]);
});

Deno.test("IStreamServerEndpoint.listen() fires with ports whose addresses are typed", async () => {
  const reactor = new DenoReactor();
  const factory = Factory.forProtocol(Silent);
  const options = { interface: "127.0.0.1" };
  await using tcp = await new TCP4ServerEndpoint(reactor, 0, options).listen(factory);
  assertEquals(typeof tcp.getHost().port, "number");
  type TLSPort = Awaited<ReturnType<TLSServerEndpoint["listen"]>>;
  type TCP6Port = Awaited<ReturnType<TCP6ServerEndpoint["listen"]>>;
  type UNIXPort = Awaited<ReturnType<UNIXServerEndpoint["listen"]>>;
  const tls = (port: TLSPort): number => port.getHost().port;
  const tcp6 = (port: TCP6Port): number => port.getHost().port;
  const unix = (port: UNIXPort): string => port.getHost().name;
  assertEquals([tls, tcp6, unix].length, 3);
});

Deno.test("IConnector.getDestination().port compiles for connectTCP()", () => {
  const reactor = new DenoReactor();
  const connector = reactor.connectTCP("192.0.2.1", 80, ClientFactory.forProtocol(Silent));
  assertEquals([connector.getDestination().port, connector.getDestination().host], [
    80,
    "192.0.2.1",
  ]);
  connector.stopConnecting();
  const unix = (connector: ReturnType<DenoReactor["connectUNIX"]>): string =>
    connector.getDestination().name;
  assertEquals(typeof unix, "function");
});

Deno.test("Address narrows to one address class by its `type` or by a field", () => {
  const describe = (address: Address): string => {
    if (address.type === "TCP") return `${address.host} ${address.port}`;
    if (address.type === "UNIX") return address.name;
    return "port" in address ? `port ${address.port}` : address.type;
  };
  const built: string[] = [];
  class Rooms extends Factory<Silent> {
    override buildProtocol(addr: Address): Silent | null {
      built.push(describe(addr));
      return null;
    }
  }
  const peer = (protocol: Protocol): string => describe(protocol.transport.getPeer());
  assertEquals([typeof peer, new Rooms().protocol, built], ["function", null, []]);
});

Deno.test("Protocol<F>.factory has the factory's type, and throws before it is set", () => {
  class Chat extends Protocol<ChatFactory> {
    userCount(): number {
      return this.factory.users.size;
    }
  }
  class ChatFactory extends Factory<Chat> {
    override protocol = Chat;
    readonly users = new Set<string>(["ada"]);
  }
  const chat = new ChatFactory().buildProtocol({
    type: "PIPE",
    equals: () => false,
    toString: () => "a pipe",
  });
  assertEquals(chat?.userCount(), 1);
  assertThrows(() => new Chat().userCount(), Error, "Cannot get the factory of Chat");
});

Deno.test("IBufferedProtocol compiles with a buffer in a field", () => {
  class Counter extends Protocol implements IBufferedProtocol {
    readonly #buffer = new Uint8Array(1024);
    received = 0;

    getBuffer(): Uint8Array<ArrayBuffer> {
      return this.#buffer;
    }

    bufferUpdated(count: number): void {
      this.received += count;
    }
  }
  using pair = connectedServerAndClient(Counter, TestPeer);
  pair.client.send("some bytes");
  pair.pump.flush();
  assertEquals(pair.server.received, 10);
});

Deno.test("LineReceiver, LineOnlyReceiver and StreamProtocol have a typed factory", () => {
  class Lines extends LineReceiver<Rooms> {
    names = (): ReadonlySet<string> => this.factory.names;
  }
  class OnlyLines extends LineOnlyReceiver<Rooms> {
    names = (): ReadonlySet<string> => this.factory.names;
  }
  class Streams extends StreamProtocol<Rooms> {
    names = (): ReadonlySet<string> => this.factory.names;
  }
  class Rooms extends Factory {
    readonly names = new Set(["lobby"]);
  }
  const rooms = new Rooms();
  const address: Address = { type: "PIPE", equals: () => false, toString: () => "a pipe" };
  for (const protocol of [Lines, OnlyLines, Streams]) {
    rooms.protocol = protocol;
    const built = rooms.buildProtocol(address);
    assertEquals(built instanceof protocol && built.names(), rooms.names);
  }
});

Deno.test("Factory.forProtocol() accepts a class, or a function that returns a protocol", () => {
  class Greeter extends Protocol {
    readonly greeting: string;

    constructor(greeting: string) {
      super();
      this.greeting = greeting;
    }
  }
  const address: Address = { type: "PIPE", equals: () => false, toString: () => "a pipe" };
  const factories = [
    Factory.forProtocol(() => new Greeter("Hello")),
    Factory.forProtocol(function (): Greeter {
      return new Greeter("Hello");
    }),
  ];
  for (const factory of factories) {
    const types: Equal<typeof factory, Factory<Greeter>> = true;
    const greeter = factory.buildProtocol(address);
    assertInstanceOf(greeter, Greeter);
    assertEquals([types, greeter.greeting, greeter.factory === factory], [true, "Hello", true]);
  }
});

Deno.test("connectProtocol() returns a Deferred of the protocol's type", () => {
  class Client extends Protocol {
    readonly isClient = true;
  }
  const connect = (endpoint: TCP4ClientEndpoint): Deferred<Client> =>
    connectProtocol(endpoint, new Client(), { signal: undefined });
  assertEquals(typeof connect, "function");
});

Deno.test("RequestOptions.timeout and RunOptions.signal accept undefined", () => {
  const request: RequestOptions = { timeout: undefined };
  const run: RunOptions = { signal: undefined };
  assertEquals([request, run].length, 2);
});

Deno.test("connectTCP() is cancelled by an AbortSignal, whose reason is in the failure", async () => {
  const reactor = new DenoReactor();
  const reasons: Error[] = [];
  class Clients extends ClientFactory<Silent> {
    override protocol = Silent;

    override clientConnectionFailed(_connector: IConnector, reason: Error): void {
      reasons.push(reason);
      if (reasons.length === 2) reactor.stop();
    }
  }
  const controller = new AbortController();
  reactor.callWhenRunning(() => {
    reactor.connectTCP("127.0.0.1", 1, new Clients(), { signal: controller.signal });
    controller.abort(new Error("the user has left"));
    const timedOut = AbortSignal.abort(new DOMException("Signal timed out.", "TimeoutError"));
    reactor.connectTCP("127.0.0.1", 1, new Clients(), { signal: timedOut });
  });
  await reactor.run();
  const [left, late] = reasons;
  assertInstanceOf(left, ConnectingCancelledError);
  assertEquals(left.message, "Connecting to 127.0.0.1:1 was cancelled: the user has left");
  assertEquals(left.cause, controller.signal.reason);
  assertInstanceOf(late, ConnectTimeoutError);
  assertEquals([isTimeout(left), isTimeout(late)], [false, true]);
});

Deno.test("connect() and listen() of endpoints are cancelled by a signal, with its reason", async () => {
  const reactor = new DenoReactor();
  const signal = AbortSignal.abort("not needed");
  const timeout = AbortSignal.abort(new DOMException("Signal timed out.", "TimeoutError"));
  // A lookup of the system's resolver cannot be cancelled, and would outlive the test.
  reactor.installNameResolver({ resolveHostName: () => new Deferred<string[]>() });
  const endpoint = new HostnameEndpoint(reactor, "localhost", 1);
  const failed = await assertRejects(
    async () => await connectProtocol(endpoint, new Silent(), { signal }),
    ConnectingCancelledError,
    "Connecting to localhost:1 was cancelled: not needed",
  );
  assertEquals(failed.cause, "not needed");
  const late: ConnectError = await assertRejects(
    async () => await connectProtocol(endpoint, new Silent(), { signal: timeout }),
    ConnectTimeoutError,
    "Signal timed out.",
  );
  assertEquals(isTimeout(late), true);
  await assertRejects(
    async () =>
      await new TCP4ServerEndpoint(reactor, 0).listen(Factory.forProtocol(Silent), { signal }),
    Error,
    "Cancelled by an AbortSignal: not needed",
  );
});

Deno.test("ClientService.request() has the type of the answer, and failures have `sent`", async () => {
  const reactor = new DenoReactor();
  class Client extends LineReceiver {
    readonly requests = new RequestQueue<string, number>((line) => this.sendLine(line));
  }
  const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", 1);
  const service = new ClientService(endpoint, Factory.forProtocol(Client), { clock: reactor });
  const answer = service.request((client, options) => client.requests.request("a", options));
  const typed: Equal<typeof answer, Deferred<number>> = true;
  answer.cancel();
  const error: unknown = await answer.then(() => null, (error) => error);
  if (!isRequestFailure(error)) throw error;
  const { sent } = error;
  assertInstanceOf(error, RequestCancelled);
  assertEquals([typed, sent, error.sent], [true, false, false]);
});

Deno.test("String() of ports, connectors, transports and protocols names the addresses", async () => {
  const reactor = new DenoReactor();
  const seen: string[] = [];
  class Server extends Protocol {
    override connectionMade(): void {
      seen.push(`${this.transport}`, `${this}`);
      this.transport.loseConnection();
    }
  }
  const factory = Factory.forProtocol(Server);
  const port = reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
  assertMatch(`${port}`, /^Factory on 127\.0\.0\.1:\d+$/);
  class Clients extends ClientFactory<Silent> {
    override protocol = Silent;

    override clientConnectionLost(connector: IConnector): void {
      seen.push(`${connector}`);
      reactor.stop();
    }
  }
  const { port: number } = port.getHost();
  reactor.connectTCP("127.0.0.1", number, new Clients());
  await reactor.run();
  const [transport = "", protocol = "", connector] = seen;
  assertMatch(transport, /^connection from 127\.0\.0\.1:\d+$/);
  assertMatch(protocol, /^Server on connection from 127\.0\.0\.1:\d+$/);
  assertEquals(connector, `connector to 127.0.0.1:${number} (disconnected)`);
  assertEquals(`${port}`, `Factory on 127.0.0.1:${number} (closed)`);
  assertEquals(`${new Silent()}`, "Silent (not connected)");
});
