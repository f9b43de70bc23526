// Servers and clients over TCP, TLS, UNIX sockets, memory and the simulated network.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { DenoReactor } from "../../reactor/mod.ts";
import type { IStreamClientEndpoint } from "../../reactor/interfaces/endpoint.ts";
import { testCertificates } from "../../testing/fixtures/certificates.ts";
import { SocketFixture, socketTest } from "../../testing/fixtures/socket_fixture.ts";
import { portOf } from "../../testing/fixtures/tcp_fixture.ts";
import { MemoryEndpoints, simulate } from "../../testing/mod.ts";
import { ClientFactory } from "../../protocol/mod.ts";
import { connectProtocol } from "../connect_protocol.ts";
import { ClientService } from "../service/mod.ts";
import { TCP4ClientEndpoint } from "../tcp.ts";
import { UNIXClientEndpoint } from "../unix.ts";
import {
  connectWebSocket,
  WebSocketClientEndpoint,
  type WebSocketCloseInfo,
  type WebSocketData,
  webSocketEndpoint,
  WebSocketFactory,
  type WebSocketFactoryOptions,
  WebSocketProtocol,
} from "./mod.ts";

class Echo extends WebSocketProtocol {
  override messageReceived(data: WebSocketData): void {
    this.send(data);
  }
}

/** A client that waits for messages. */
class Client extends WebSocketProtocol {
  readonly received: WebSocketData[] = [];
  #waiting: { readonly count: number; readonly done: () => void } | null = null;

  override messageReceived(data: WebSocketData): void {
    this.received.push(data);
    if (this.received.length === this.#waiting?.count) this.#waiting.done();
  }

  /** Waits until so many messages have arrived. */
  async has(count: number): Promise<void> {
    if (this.received.length >= count) return;
    await new Promise<void>((done) => this.#waiting = { count, done });
  }
}

const MESSAGES = ["", "héllo", "x".repeat(100_000), Uint8Array.of(0, 255), new Uint8Array(70_000)];

/** Exchanges messages with an echo server, and closes. */
async function exchange(client: Client): Promise<WebSocketCloseInfo> {
  for (const message of MESSAGES) client.send(message);
  await client.has(MESSAGES.length);
  assertEquals(client.received, MESSAGES);
  client.close(3000, "done");
  return await client.closed;
}

function serve(options?: WebSocketFactoryOptions): WebSocketFactory {
  return new WebSocketFactory(({ url }) => url.pathname === "/echo" ? new Echo() : null, options);
}

const test = (claim: string, f: (fixture: SocketFixture) => Promise<void>): void =>
  Deno.test(
    socketTest("WebSocket", (errors) => new SocketFixture(new DenoReactor(), errors))(claim, f),
  );

const LOOPBACK = { interface: "127.0.0.1" };

test("connectWebSocket() opens a connection over TCP", async (fixture) => {
  const { reactor } = fixture;
  const port = portOf(reactor.listenTCP(0, serve({ subprotocols: ["b"] }), LOOPBACK).getHost());
  fixture.run();
  const url = `ws://127.0.0.1:${port}/echo?x`;
  const client = await connectWebSocket(reactor, url, new Client(), { subprotocols: ["a", "b"] });
  assertEquals([client.url?.href, client.subprotocol], [url, "b"]);
  assertEquals((await exchange(client)).wasClean, true);
});

test("connectWebSocket() opens a connection over TLS", async (fixture) => {
  const { authority, server } = await testCertificates();
  const options = { ...LOOPBACK, ...server };
  const port = portOf(fixture.reactor.listenTLS(0, serve(), options).getHost());
  fixture.run();
  const client = await connectWebSocket(
    fixture.reactor,
    `wss://localhost:${port}/echo`,
    new Client(),
    { tls: { caCerts: [authority.cert] } },
  );
  assert(client.transport.secure);
  assertEquals((await exchange(client)).wasClean, true);
});

test("webSocketEndpoint() lets a ClientService open a lost connection again", async (fixture) => {
  const { reactor } = fixture;
  const port = portOf(reactor.listenTCP(0, serve(), LOOPBACK).getHost());
  fixture.run();
  const service = new ClientService(
    webSocketEndpoint(reactor, `ws://127.0.0.1:${port}/echo`),
    ClientFactory.forProtocol(Client),
    { clock: reactor, retryPolicy: () => 0 },
  );
  service.startService();
  const first = await service.whenConnected();
  first.close();
  await first.closed;
  const second = await service.whenConnected();
  assert(second !== first);
  second.send("hello");
  await second.has(1);
  await service.stopService();
});

test("WebSocketClientEndpoint opens a connection over a UNIX socket", async (fixture) => {
  const folder = await Deno.makeTempDir();
  fixture.after(() => Deno.remove(folder, { recursive: true }));
  fixture.reactor.listenUNIX(`${folder}/socket`, serve());
  fixture.run();
  const socket = new UNIXClientEndpoint(fixture.reactor, `${folder}/socket`);
  const endpoint = new WebSocketClientEndpoint(socket, "ws://localhost/echo");
  assertEquals((await exchange(await connectProtocol(endpoint, new Client()))).wasClean, true);
});

test("WebSocketFactory closes with 1001 when its port drains", async (fixture) => {
  const port = fixture.reactor.listenTCP(0, serve(), LOOPBACK);
  fixture.run();
  const url = `ws://127.0.0.1:${portOf(port.getHost())}/echo`;
  const client = await connectWebSocket(fixture.reactor, url, new Client());
  await port.drain(5);
  assertEquals((await client.closed).code, 1001);
});

Deno.test("WebSocketFactory works in memory, in chunks of one byte", async () => {
  using endpoints = new MemoryEndpoints({ chunkSize: 1 });
  const port = await endpoints.server.listen(serve());
  const endpoint = new WebSocketClientEndpoint(endpoints.client, "ws://192.0.2.1:2000/echo");
  const client = await connectProtocol(endpoint, new Client());
  client.send("hello");
  await client.has(1);
  client.close();
  await client.closed;
  await port.stopListening();
});

Deno.test("WebSocketProtocol notices a partition of the simulated network by its Pings", async () => {
  await simulate("WebSocket", async (network) => {
    network.addHost("server", ({ reactor }) => {
      reactor.listenTCP(80, serve());
    });
    // The platform's random numbers cannot be repeated.
    const getRandomValues = (bytes: Uint8Array): unknown =>
      bytes.forEach((_, i) => bytes[i] = network.random.below(256));
    const client = new Client({ pingInterval: 2, maxMissedPings: 1, getRandomValues });
    network.addHost("client", ({ reactor }) => {
      const server: IStreamClientEndpoint = new TCP4ClientEndpoint(
        reactor,
        network.addressOf("server"),
        80,
      );
      const url = "ws://server/echo";
      connectProtocol(new WebSocketClientEndpoint(server, url, { getRandomValues }), client)
        .addCallback(() => client.send("hello"));
    });
    await network.eventually(5, "an echo", () => client.received.length === 1);
    network.partition(["client"]);
    let close: WebSocketCloseInfo | null = null;
    client.closed.then((info) => close = info);
    await network.eventually(10, "the end", () => close !== null);
    network.heal();
    await network.shutDown();
    assertEquals((await client.closed).cause.name, "HeartbeatTimeout");
  }, { faults: {} });
});

Deno.test("webSocketEndpoint() checks the URL", () => {
  const reactor = new DenoReactor();
  assertThrows(() => webSocketEndpoint(reactor, "/chat"), RangeError, "it must be a URL");
  const text = (url: string): string => String(webSocketEndpoint(reactor, url));
  assertEquals(text("ws://example.org/a"), "ws://example.org/a over example.org:80");
  assertEquals(text("https://[::1]/"), "wss://[::1]/ over [::1]:443");
});
