/**
 * Tests of `instrumentReactor()` with OpenTelemetry's own SDK for JavaScript. That of Deno is
 * tested in `docs/observability_test.ts`.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { context, metrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { connectProtocol, TCP4ClientEndpoint } from "../endpoints/mod.ts";
import {
  connectWebSocket,
  WebSocketFactory,
  WebSocketProtocol,
} from "../endpoints/websocket/mod.ts";
import { addObserver, eventText } from "../log/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { Echo } from "../protocol/wire/mod.ts";
import type { IListeningPort } from "../reactor/interfaces/mod.ts";
import { instrumentReactor } from "../reactor/telemetry/mod.ts";
import { selfSigned, testCertificates } from "../testing/fixtures/certificates.ts";
import { tlsTest } from "../testing/fixtures/tls_fixture.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";
import { nextMacrotask } from "../testing/next_macrotask.ts";
import { runningReactor, TestPeer } from "../testing/mod.ts";

/** A data point of a metric. */
interface Point {
  readonly value: unknown;
  readonly attributes: Record<string, unknown>;
}

/** The SDK, registered for one test. */
class SDK implements AsyncDisposable {
  readonly #spans = new InMemorySpanExporter();
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #tracers = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.#spans)],
  });
  readonly #meters = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: this.#metrics,
        exportIntervalMillis: 3_600_000,
      }),
    ],
  });

  constructor() {
    trace.setGlobalTracerProvider(this.#tracers);
    metrics.setGlobalMeterProvider(this.#meters);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  }

  /** The spans that have ended. */
  get spans(): ReadableSpan[] {
    return this.#spans.getFinishedSpans();
  }

  /** Returns the data points of a metric, with their attributes. */
  async points(name: string): Promise<Point[]> {
    await this.#meters.forceFlush();
    const last = this.#metrics.getMetrics().at(-1);
    return (last?.scopeMetrics ?? []).flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }): Point[] => dataPoints);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    trace.disable();
    metrics.disable();
    context.disable();
    await Promise.all([this.#tracers.shutdown(), this.#meters.shutdown()]);
  }
}

/** The names of attributes that OpenTelemetry has defined. */
const KNOWN = new Set<unknown>(Object.values(conventions));

/** Checks that the attributes of spans are those of the conventions. */
function checkNames(spans: readonly ReadableSpan[]): void {
  const names = spans.flatMap(({ attributes }) => Object.keys(attributes));
  assert(names.length > 0);
  assertEquals(names.filter((name) => !KNOWN.has(name)), []);
}

const test = await tlsTest("The OpenTelemetry SDK", () => new DenoReactor());

Deno.test("The OpenTelemetry SDK exports spans and metrics of an echo server and its client", async () => {
  await using sdk = new SDK();
  await using reactor = runningReactor();
  using instrumentation = instrumentReactor(reactor);
  assertEquals([instrumentation.spans, instrumentation.metrics], [true, true]);
  const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: "127.0.0.1" });
  const { port: number } = port.getHost();
  const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", number);
  const peer = await trace.getTracer("test").startActiveSpan("request", async (span) => {
    const connected = await connectProtocol(endpoint, new TestPeer());
    span.end();
    return connected;
  });
  peer.send("hunter2?token=hunter2");
  await peer.receives("hunter2?token=hunter2");
  peer.close();
  await peer.ended;
  await port.drain(Infinity);

  const [connect, connection] = ["tcp connect", "tcp connection"].map((name) =>
    sdk.spans.find((span) => span.name === name)
  );
  const request = sdk.spans.find(({ name }) => name === "request");
  assert(connect !== undefined && connection !== undefined && request !== undefined);
  assertEquals([connect.kind, connection.kind], [SpanKind.CLIENT, SpanKind.SERVER]);
  assertEquals(connect.parentSpanContext?.spanId, request.spanContext().spanId);
  assertEquals(connection.parentSpanContext, undefined);
  assertEquals(connect.attributes[conventions.ATTR_SERVER_PORT], number);
  assertEquals(connection.attributes[conventions.ATTR_NETWORK_LOCAL_PORT], number);
  assertEquals(connection.attributes[conventions.ATTR_NETWORK_TRANSPORT], "tcp");
  assertEquals(connection.status.code, SpanStatusCode.UNSET);

  checkNames(sdk.spans.filter((span) => span !== request));
  const io = await sdk.points("torsion.connection.io");
  const direction = conventions.ATTR_NETWORK_IO_DIRECTION;
  assertEquals(io.map(({ value, attributes }) => [attributes[direction], value]), [
    ["receive", 42],
    ["transmit", 42],
  ]);
  const durations = await sdk.points("torsion.connection.duration");
  assertEquals(durations.length, 2);
  assert((await sdk.points("torsion.turn.lateness")).length <= 1);
  const exported = JSON.stringify([sdk.spans.map(({ attributes }) => attributes), io, durations]);
  assertEquals(exported.includes("hunter2"), false);
});

Deno.test(
  test("exports attributes of TLS, and no certificate, key or message", async (fixture) => {
    await using sdk = new SDK();
    using _instrumentation = instrumentReactor(fixture.reactor);
    const { server, client } = await fixture.pair();
    client.transport.write("hello");
    await server.has(5);
    client.transport.abortConnection(new Error("hunter2"));
    await Promise.all([client.lost(), server.lost()]);
    const connection = sdk.spans.find(({ name }) => name === "tcp connection");
    assertEquals(connection?.attributes[conventions.ATTR_TLS_ESTABLISHED], true);
    assertEquals(connection?.status, { code: SpanStatusCode.ERROR });
    assertMatch(String(connection?.attributes[conventions.ATTR_ERROR_TYPE]), /^TLSError$/);
    checkNames(sdk.spans);
    const durations = await sdk.points("torsion.connection.duration");
    const text = JSON.stringify([sdk.spans.map(({ attributes }) => attributes), durations]);
    assertEquals(/BEGIN|hunter2/.test(text), false);
  }),
);

Deno.test("The OpenTelemetry SDK makes spans of a protocol children of its connection's span", async () => {
  await using sdk = new SDK();
  await using reactor = runningReactor();
  using _instrumentation = instrumentReactor(reactor);
  const tracer = trace.getTracer("test");
  const mark = (name: string) => tracer.startSpan(name).end();
  class Traced extends Protocol {
    override connectionMade(): void {
      mark("connectionMade");
    }

    override async dataReceived(data: Uint8Array): Promise<void> {
      mark("dataReceived");
      await nextMacrotask();
      mark("after await");
      this.transport.write(data);
    }

    override connectionLost(): void {
      mark("connectionLost");
    }
  }
  class Buffered extends Protocol {
    readonly #buffer = new Uint8Array(64);

    getBuffer(): Uint8Array<ArrayBuffer> {
      return this.#buffer;
    }

    bufferUpdated(count: number): void {
      mark("bufferUpdated");
      this.transport.write(this.#buffer.slice(0, count));
    }
  }
  const peers: TestPeer[] = [];
  const ports: IListeningPort[] = [];
  // The request is the context in which the event loop waits for all connections.
  await tracer.startActiveSpan("request", async (span) => {
    for (const Made of [Traced, Traced, Buffered]) {
      const factory = Factory.forProtocol((): Protocol => new Made());
      const port = reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
      const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port);
      ports.push(port);
      peers.push(await connectProtocol(endpoint, new TestPeer()));
    }
    span.end();
  });
  for (const peer of peers) {
    peer.send("hello");
    await peer.receives("hello");
    peer.close();
    await peer.ended;
  }
  const connections = new Map<unknown, string[]>();
  await Promise.all(ports.map((port) => port.drain(Infinity)));
  for (const span of sdk.spans) {
    if (span.name === "tcp connection") connections.set(span.spanContext().spanId, []);
  }
  for (const { name, parentSpanContext } of sdk.spans) {
    connections.get(parentSpanContext?.spanId)?.push(name);
  }
  const children = ["connectionMade", "dataReceived", "after await", "connectionLost"];
  assertEquals([...connections.values()], [children, children, ["bufferUpdated"]]);
});

Deno.test("The OpenTelemetry SDK exports a failed TLS handshake as a connection with an error", async () => {
  await using sdk = new SDK();
  const { server } = await testCertificates();
  await using reactor = runningReactor();
  using _instrumentation = instrumentReactor(reactor);
  const { promise: failed, resolve } = Promise.withResolvers<void>();
  const factory = Object.assign(Factory.forProtocol(Echo), { handshakeFailed: () => resolve() });
  const port = reactor.listenTLS(0, factory, { interface: "127.0.0.1", ...server });
  const peer = await RawPeer.connect(port.getHost().port);
  await peer.send("GET /?token=hunter2 HTTP/1.1\r\n\r\n");
  await failed;
  peer.close();
  const [connection] = sdk.spans;
  assertEquals([sdk.spans.length, connection?.name], [1, "tcp connection"]);
  assertEquals(connection?.status, { code: SpanStatusCode.ERROR });
  assertEquals(connection?.attributes[conventions.ATTR_ERROR_TYPE], "TLSError");
  assertEquals(connection?.parentSpanContext, undefined);
  assertEquals(JSON.stringify(connection?.attributes).includes("hunter2"), false);
  assertEquals((await sdk.points("torsion.tls.handshake.failed")).map(({ value }) => value), [1]);
  assertEquals([reactor.stats().failedHandshakes, port.stats.failedHandshakes], [1, 1]);
});

Deno.test("Spans, metrics, the log, errors and describe() have no query string, password or key", async () => {
  await using sdk = new SDK();
  const { authority, server } = await testCertificates();
  const stranger = await selfSigned();
  const texts: unknown[] = [];
  using _observing = addObserver((event) => texts.push(eventText(event)), { replay: false });
  await using reactor = runningReactor();
  using _instrumentation = instrumentReactor(reactor);
  const factory = new WebSocketFactory(({ url }) =>
    url.pathname === "/open" ? new WebSocketProtocol() : null
  );
  const port = reactor.listenTLS(0, factory, { interface: "127.0.0.1", ...server });
  const { port: number } = port.getHost();
  const connect = async (url: string, caCerts: string[]): Promise<void> => {
    try {
      const protocol = new WebSocketProtocol();
      const client = await connectWebSocket(reactor, url, protocol, { tls: { caCerts } });
      texts.push(reactor.describe());
      client.close();
      await client.closed;
    } catch (error) {
      texts.push(Deno.inspect(error, { depth: 10 }));
    }
  };
  const query = "?token=hunter2";
  await connect(`wss://localhost:${number}/open${query}`, [authority.cert]);
  await connect(`wss://localhost:${number}/closed${query}`, [authority.cert]);
  await connect(`wss://localhost:${number}/open${query}`, [stranger.cert]);
  await connect(`wss://localhost:${number}/open${query}`, [`${server.key}hunter2`]);
  await connect(`wss://user:hunter2@localhost:${number}/open`, [authority.cert]);
  await connect(`wss://localhost:${number}/open#hunter2`, [authority.cert]);
  await port.drain(1);
  await connect(`wss://localhost:${number}/open${query}`, [authority.cert]);
  const spans = sdk.spans.map(({ name, attributes, status, events }) => ({
    name,
    attributes,
    status,
    events,
  }));
  assert(spans.length >= 5);
  texts.push(JSON.stringify(spans), JSON.stringify(await sdk.points("torsion.connect.duration")));
  assertMatch(texts.join("\n"), /connection to .*: WebSocketProtocol, /);
  for (const secret of ["hunter2", "token", "-----BEGIN", server.key.split("\n")[1] ?? ""]) {
    assertEquals(texts.filter((text) => String(text).includes(secret)), [], secret);
  }
});
