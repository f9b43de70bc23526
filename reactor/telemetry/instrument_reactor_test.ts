// Spans and metrics with a fake SDK, which records and fails in each way. interop/ has the tests
// with the real ones.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { connectProtocol, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { ClientFactory, Factory, Protocol } from "../../protocol/mod.ts";
import { Echo } from "../../protocol/wire/mod.ts";
import { Clock } from "../../task/mod.ts";
import { nextMacrotask } from "../../testing/next_macrotask.ts";
import { InMemoryReactor, LoggedErrors, runningReactor, TestPeer } from "../../testing/mod.ts";
import { instrumentReactor } from "./instrument_reactor.ts";

const KEY = Symbol.for("opentelemetry.js.api.1");

/** Registers an API for one test, in place of that of an SDK. */
class Registered implements Disposable {
  readonly #before: unknown = Reflect.get(globalThis, KEY);

  constructor(api: unknown) {
    Reflect.set(globalThis, KEY, api);
  }

  [Symbol.dispose](): void {
    if (this.#before === undefined) Reflect.deleteProperty(globalThis, KEY);
    else Reflect.set(globalThis, KEY, this.#before);
  }
}

/** A span that a {@linkcode FakeSDK} has made. */
interface RecordedSpan {
  readonly name: string;
  readonly kind: number;
  readonly root: boolean;
  readonly attributes: Record<string, unknown>;
  status: number;
  ended: number;
}

type Call = (result: { observe: (...args: unknown[]) => void }) => void;

/** An SDK that records spans and measurements. */
class FakeSDK {
  readonly spans: RecordedSpan[] = [];
  /** The durations: the name of the histogram and the attributes. */
  readonly recorded: [string, number, Record<string, unknown>][] = [];
  readonly callbacks: Call[] = [];
  /** Whether spans are sampled. */
  isRecording = true;
  readonly version: string = "1.9.0";

  readonly trace = {
    getTracer: () => ({
      startSpan: (name: string, options: Partial<RecordedSpan>): unknown => {
        const { kind = 0, root = false, attributes = {} } = options;
        const span = { name, kind, root, attributes: { ...attributes }, status: 0, ended: 0 };
        this.spans.push(span);
        return {
          isRecording: () => this.isRecording,
          setAttributes: (more: object) => Object.assign(span.attributes, more),
          setStatus: ({ code }: { code: number }) => span.status = code,
          end: () => span.ended++,
        };
      },
    }),
  };

  readonly metrics = {
    getMeter: () => ({
      createHistogram: (name: string) => ({
        record: (value: number, attributes: Record<string, unknown>) =>
          this.recorded.push([name, value, attributes]),
      }),
      createObservableCounter: (name: string) => ({ name }),
      createObservableUpDownCounter: (name: string) => ({ name }),
      addBatchObservableCallback: (callback: Call) => this.callbacks.push(callback),
      removeBatchObservableCallback: (callback: Call) =>
        this.callbacks.splice(this.callbacks.indexOf(callback), 1),
    }),
  };

  /** Reads the observable instruments: the values by name and attributes. */
  collect(): Map<string, number> {
    const values = new Map<string, number>();
    const observe = (instrument: { name: string }, value: number, attributes: object): void => {
      values.set([instrument.name, ...Object.values(attributes)].join(" "), value);
    };
    for (const callback of this.callbacks) callback({ observe: observe as () => void });
    return values;
  }
}

/** Connects a client to an echo server, exchanges bytes and closes, in memory. */
function exchange(reactor: InMemoryReactor, clock: Clock): void {
  const port = reactor.listenTCP(7, Factory.forProtocol(Echo));
  class Client extends Protocol {
    override connectionMade(): void {
      this.transport.write("hunter2");
    }

    override dataReceived(): void {
      this.transport.loseConnection();
    }
  }
  reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Client));
  for (let step = 0; step < 20; step++) clock.advance(0.5);
  port.stopListening();
  clock.advance(0);
}

function running(): [InMemoryReactor, Clock] {
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock);
  reactor.run();
  return [reactor, clock];
}

Deno.test("instrumentReactor() makes spans for connections and attempts, by the conventions", () => {
  const sdk = new FakeSDK();
  using _registered = new Registered(sdk);
  const [reactor, clock] = running();
  using instrumentation = instrumentReactor(reactor, { attributes: { "service.part": "echo" } });
  assertEquals([instrumentation.spans, instrumentation.metrics], [true, true]);
  exchange(reactor, clock);
  reactor[Symbol.dispose]();
  const [connect, connection] = sdk.spans;
  assertEquals(sdk.spans.length, 2);
  assertEquals(connect, {
    name: "tcp connect",
    kind: 2,
    root: false,
    attributes: {
      "service.part": "echo",
      "network.transport": "tcp",
      "network.type": "ipv4",
      "server.address": "127.0.0.1",
      "server.port": 7,
      "network.peer.address": "127.0.0.1",
      "network.peer.port": 7,
    },
    status: 0,
    ended: 1,
  });
  const port = connection?.attributes["client.port"];
  assertEquals(connection, {
    name: "tcp connection",
    kind: 1,
    root: true,
    attributes: {
      "service.part": "echo",
      "network.transport": "tcp",
      "network.type": "ipv4",
      "network.peer.address": "127.0.0.1",
      "network.peer.port": port,
      "network.local.address": "127.0.0.1",
      "network.local.port": 7,
      "client.address": "127.0.0.1",
      "client.port": port,
      "server.address": "127.0.0.1",
      "server.port": 7,
    },
    status: 0,
    ended: 1,
  });
  assertEquals(JSON.stringify(sdk.spans).includes("hunter2"), false);
});

Deno.test("instrumentReactor() records durations and reads the counters of the reactor", () => {
  const sdk = new FakeSDK();
  using _registered = new Registered(sdk);
  const [reactor, clock] = running();
  {
    using _instrumentation = instrumentReactor(reactor, { spans: false });
    exchange(reactor, clock);
    reactor.callLater(0, () => clock.advance(2));
    clock.advance(0.5);
    const values = sdk.collect();
    assertEquals(values.get("torsion.connection.opened"), 2);
    assertEquals(values.get("torsion.connection.active"), 0);
    assertEquals(values.get("torsion.connection.io receive"), 14);
    assertEquals(values.get("torsion.connection.io transmit"), 14);
    assertEquals(values.get("torsion.connection.refused maxConnections"), 0);
  }
  assertEquals(sdk.callbacks, []);
  assertEquals(sdk.spans, []);
  const names = sdk.recorded.map(([name]) => name);
  assertEquals(names.filter((name) => name === "torsion.connection.duration").length, 2);
  assertEquals(names.filter((name) => name === "torsion.connect.duration").length, 1);
  const turns = sdk.recorded.filter(([name]) => name === "torsion.turn.duration");
  assertEquals(Math.max(...turns.map(([, seconds]) => seconds)), 2);
  const roles = sdk.recorded.map(([, , attributes]) => attributes["torsion.connection.role"]);
  assert(roles.includes("server") && roles.includes("client"));
  const { length } = sdk.recorded;
  exchange(reactor, clock);
  reactor[Symbol.dispose]();
  assertEquals(sdk.recorded.length, length);
});

Deno.test("instrumentReactor() marks failures with the class of the error, not its message", () => {
  const sdk = new FakeSDK();
  using _registered = new Registered(sdk);
  using errors = new LoggedErrors();
  const [reactor, clock] = running();
  using _instrumentation = instrumentReactor(reactor);
  class PasswordError extends Error {}
  class Failing extends Protocol {
    override connectionMade(): void {
      throw new PasswordError("hunter2 is wrong");
    }
  }
  reactor.listenTCP(7, Factory.forProtocol(Failing));
  reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Protocol));
  reactor.connectTCP("127.0.0.1", 8, ClientFactory.forProtocol(Protocol));
  for (let step = 0; step < 5; step++) clock.advance(0.1);
  reactor[Symbol.dispose]();
  assertEquals(errors.take(PasswordError).length, 1);
  const failed = sdk.spans.filter(({ status }) => status === 2);
  assertEquals(failed.map(({ attributes }) => attributes["error.type"]).toSorted(), [
    "ConnectionRefusedError",
    "PasswordError",
  ]);
  assertEquals(sdk.spans.every(({ ended }) => ended === 1), true);
  assertEquals(JSON.stringify([sdk.spans, sdk.recorded]).includes("hunter2"), false);
});

Deno.test("instrumentReactor() ends its spans when it is disposed of, and then does nothing", () => {
  const sdk = new FakeSDK();
  using _registered = new Registered(sdk);
  const [reactor, clock] = running();
  const instrumentation = instrumentReactor(reactor);
  reactor.listenTCP(7, Factory.forProtocol(Echo));
  reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Protocol));
  clock.advance(0);
  assertEquals(sdk.spans.map(({ ended }) => ended), [1, 0]);
  instrumentation[Symbol.dispose]();
  instrumentation[Symbol.dispose]();
  assertEquals(sdk.spans.map(({ ended }) => ended), [1, 1]);
  reactor[Symbol.dispose]();
  assertEquals([sdk.spans.length, sdk.spans[1]?.ended], [2, 1]);
});

Deno.test("instrumentReactor() keeps no span that a sampler drops", () => {
  const sdk = new FakeSDK();
  using _registered = new Registered(sdk);
  sdk.isRecording = false;
  const [reactor, clock] = running();
  using _instrumentation = instrumentReactor(reactor);
  exchange(reactor, clock);
  reactor[Symbol.dispose]();
  assertEquals(sdk.spans.map(({ ended }) => ended), [0, 0]);
});

Deno.test("instrumentReactor() does nothing without an SDK, and logs an unknown version", () => {
  using errors = new LoggedErrors();
  const [reactor, clock] = running();
  for (const version of ["1.2.9", "2.0.0", "1.9.0-beta", undefined]) {
    using _registered = new Registered(version === undefined ? undefined : { version });
    using instrumentation = instrumentReactor(reactor);
    assertEquals([instrumentation.spans, instrumentation.metrics], [false, false]);
  }
  const messages = errors.take(Error).map(({ message }) => message);
  assertEquals(messages.length, 3);
  for (const message of messages) {
    assertMatch(
      message,
      /^Cannot use OpenTelemetry's API \S+: the version must be at least 1\.3\.0/,
    );
  }
  exchange(reactor, clock);
  reactor[Symbol.dispose]();
});

Deno.test("instrumentReactor() uses the providers that are registered", () => {
  const { trace, version } = new FakeSDK();
  using _registered = new Registered({ trace, version });
  using reactor = new InMemoryReactor(new Clock());
  using instrumentation = instrumentReactor(reactor);
  assertEquals([instrumentation.spans, instrumentation.metrics], [true, false]);
});

Deno.test("instrumentReactor() logs the errors of an SDK, and connections work all the same", async () => {
  const fail = (): never => {
    throw new RangeError("out of memory");
  };
  const working = new FakeSDK();
  const span = { isRecording: () => true, setAttributes: fail, setStatus: fail, end: fail };
  const meter = working.metrics.getMeter();
  const broken: unknown[] = [
    { version: "1.9.0", trace: { getTracer: fail }, metrics: { getMeter: fail } },
    {
      version: "1.9.0",
      trace: { getTracer: () => ({ startSpan: fail }) },
      metrics: { getMeter: () => ({ ...meter, createHistogram: fail }) },
    },
    {
      version: "1.9.0",
      trace: { getTracer: () => ({ startSpan: () => span }) },
      metrics: { getMeter: () => ({ ...meter, createHistogram: () => ({ record: fail }) }) },
    },
    {
      get version(): string {
        return fail();
      },
    },
  ];
  for (const api of broken) {
    using _registered = new Registered(api);
    using errors = new LoggedErrors();
    await using reactor = runningReactor();
    const instrumentation = instrumentReactor(reactor);
    const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: "127.0.0.1" });
    const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port);
    const peer = await connectProtocol(endpoint, new TestPeer());
    peer.send("hello");
    await peer.receives("hello");
    peer.close();
    await peer.ended;
    await port.drain(Infinity);
    instrumentation[Symbol.dispose]();
    assert(errors.take(RangeError).length > 0);
  }
});

Deno.test("instrumentReactor() throws for a reactor that is instrumented, until it is disposed of", () => {
  const sdk = new FakeSDK();
  const [reactor, clock] = running();
  const message = "Cannot instrument the reactor: it is instrumented already";
  for (const api of [sdk, undefined, sdk]) {
    // The same rule holds without an SDK, so that a mistake is found before one is registered.
    using _registered = new Registered(api);
    using _instrumentation = instrumentReactor(reactor);
    assertThrows(() => instrumentReactor(reactor), Error, message);
    assertThrows(() => instrumentReactor(reactor, { spans: false }), Error, message);
    exchange(reactor, clock);
  }
  assertEquals(sdk.spans.map(({ ended }) => ended), [1, 1, 1, 1]);
  assertEquals(sdk.callbacks, []);
  using _other = instrumentReactor(new InMemoryReactor(clock));
  reactor[Symbol.dispose]();
});

Deno.test("instrumentReactor() can be started again, and a connection that stays open has no span", () => {
  const sdk = new FakeSDK();
  using _registered = new Registered(sdk);
  const [reactor, clock] = running();
  reactor.listenTCP(7, Factory.forProtocol(Echo));
  const connect = () => reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Protocol));
  const [first] = [connect(), clock.advance(0)];
  {
    using _instrumentation = instrumentReactor(reactor);
    connect();
    clock.advance(1);
  }
  const second = connect();
  using _instrumentation = instrumentReactor(reactor);
  clock.advance(1);
  first.disconnect();
  second.disconnect();
  clock.advance(0);
  assertEquals(sdk.spans.map(({ name, ended }) => [name, ended]), [
    ["tcp connect", 1],
    ["tcp connection", 1],
    ["tcp connection", 1],
  ]);
  const values = sdk.collect();
  assertEquals(values.get("torsion.connection.opened"), 6);
  assertEquals(values.get("torsion.connection.active"), 2);
  const durations = sdk.recorded.filter(([name]) => name === "torsion.connection.duration");
  assertEquals(durations.map(([, seconds]) => seconds).toSorted(), [1, 1, 2, 2]);
  reactor[Symbol.dispose]();
});

Deno.test("instrumentReactor() starts no span after another observer has disposed of it", () => {
  const sdk = new FakeSDK();
  using _registered = new Registered(sdk);
  const [reactor, clock] = running();
  using _observing = reactor.observe({
    connectionOpened: ({ role }) => {
      if (role === "server") instrumentation[Symbol.dispose]();
    },
  });
  const instrumentation = instrumentReactor(reactor);
  exchange(reactor, clock);
  reactor[Symbol.dispose]();
  assertEquals(sdk.spans.map(({ name, ended }) => [name, ended]), [["tcp connect", 1]]);
});

Deno.test("instrumentReactor() calls protocols in the context of their span until it stops", () => {
  let active = 0;
  let calls = 0;
  const context = {
    with: (_context: unknown, f: () => void) => {
      active++;
      f();
      active--;
      calls++;
    },
  };
  const { trace, version } = new FakeSDK();
  using _registered = new Registered({ trace, version, context });
  using errors = new LoggedErrors();
  const [reactor, clock] = running();
  const instrumentation = instrumentReactor(reactor);
  const seen: string[] = [];
  class Server extends Protocol {
    override dataReceived(data: Uint8Array): void {
      seen.push(`dataReceived ${active}`);
      if (data.length > 1) throw new RangeError("a mishap");
    }

    override connectionLost({ name }: Error): void {
      seen.push(`connectionLost ${active} ${name}`);
    }
  }
  const clients: Protocol[] = [];
  reactor.listenTCP(7, Factory.forProtocol(Server));
  for (let client = 0; client < 2; client++) {
    const protocol = new Protocol();
    clients.push(protocol);
    reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(() => protocol));
  }
  clock.advance(0);
  const [first, second] = clients;
  first?.transport.write("a");
  second?.transport.write("aa");
  clock.advance(0);
  assertEquals(seen.splice(0), ["dataReceived 1", "dataReceived 1", "connectionLost 1 RangeError"]);
  assertEquals(errors.take(RangeError).length, 1);
  instrumentation[Symbol.dispose]();
  const before = calls;
  first?.transport.write("a");
  clock.advance(0);
  assertEquals([seen, calls], [["dataReceived 0"], before]);
  reactor[Symbol.dispose]();
});

Deno.test("instrumentReactor() logs the promises of an SDK that reject", async () => {
  const fail = () => Promise.reject(new RangeError("out of memory"));
  const span = { isRecording: () => true, setAttributes: fail, setStatus: fail, end: fail };
  const meter = new FakeSDK().metrics.getMeter();
  const failing: unknown[] = [
    {
      trace: { getTracer: () => ({ startSpan: () => span }) },
      metrics: { getMeter: () => ({ ...meter, createHistogram: () => ({ record: fail }) }) },
    },
    { trace: { getTracer: () => ({ startSpan: fail }) }, metrics: { getMeter: fail } },
    { trace: { getTracer: fail } },
    {
      metrics: {
        getMeter: () => ({
          ...meter,
          addBatchObservableCallback: fail,
          removeBatchObservableCallback: fail,
        }),
      },
    },
  ];
  for (const api of failing) {
    using _registered = new Registered({ version: "1.9.0", ...api as object });
    using errors = new LoggedErrors();
    const [reactor, clock] = running();
    const instrumentation = instrumentReactor(reactor);
    exchange(reactor, clock);
    reactor.listenTCP(9, Factory.forProtocol(Echo));
    reactor.connectTCP("127.0.0.1", 9, ClientFactory.forProtocol(Protocol));
    clock.advance(0);
    instrumentation[Symbol.dispose]();
    await nextMacrotask();
    clock.advance(2);
    reactor[Symbol.dispose]();
    assert(errors.take(RangeError).length > 0);
    errors.take(TypeError);
  }
});

Deno.test("instrumentReactor() rejects what is not a reactor, and starts nothing", () => {
  const sdk = new FakeSDK();
  using _registered = new Registered(sdk);
  for (const value of [null, undefined, "reactor", {}, new Clock()]) {
    assertThrows(
      () => instrumentReactor(value as never),
      TypeError,
      "Cannot instrument a reactor: it must have the methods observe() and stats(); got ",
    );
  }
  assertEquals(sdk.callbacks, []);
});

Deno.test("instrumentReactor() rejects attributes that are not plain values", () => {
  using reactor = new InMemoryReactor(new Clock());
  assertThrows(
    () => instrumentReactor(reactor, { attributes: { "service.part": {} as never } }),
    TypeError,
    "Cannot instrument a reactor: the attribute service.part must be a string, a number or a " +
      "boolean; got",
  );
});
