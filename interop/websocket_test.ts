/**
 * Tests of WebSocket with Deno's own `WebSocket` and `Deno.upgradeWebSocket`, and with the package
 * `ws` of npm in both directions. `ws` runs unchanged on Deno.
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  connectWebSocket,
  EventWebSocket,
  WebSocketFactory,
  WebSocketHandshakeError,
} from "../endpoints/websocket/mod.ts";
import { DenoReactor } from "../reactor/mod.ts";
import { SocketFixture, socketTest } from "../testing/fixtures/socket_fixture.ts";
import { portOf } from "../testing/fixtures/tcp_fixture.ts";
import { NpmWebSocket, NpmWebSocketServer, textOf } from "./npm_ws.ts";
import { EchoClient, exchange, startEcho } from "./websocket_echo.ts";

const test = (claim: string, f: (fixture: SocketFixture) => Promise<void>): void =>
  Deno.test(
    socketTest("WebSocket", (errors) => new SocketFixture(new DenoReactor(), errors))(claim, f),
  );

test("Deno's WebSocket exchanges messages with WebSocketFactory", async (fixture) => {
  const socket = new WebSocket(`ws://127.0.0.1:${startEcho(fixture)}/`, ["other", "echo"]);
  await exchange(socket);
  assertEquals([socket.protocol, socket.extensions], ["echo", ""]);
});

test("connectWebSocket() exchanges messages with Deno.upgradeWebSocket", async (fixture) => {
  const closed = Promise.withResolvers<void>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    if (new URL(request.url).pathname !== "/echo") return new Response("no", { status: 403 });
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "echo" });
    socket.onmessage = ({ data }) => socket.send(data);
    socket.onclose = () => closed.resolve();
    return response;
  });
  fixture.after(() => server.shutdown());
  fixture.run();
  const url = `ws://127.0.0.1:${server.addr.port}`;
  const options = { subprotocols: ["echo"] };
  const client = await connectWebSocket(fixture.reactor, `${url}/echo`, new EchoClient(), options);
  assertEquals(client.subprotocol, "echo");
  await client.done();
  await closed.promise;
  const refused = await assertRejects(
    async () => await connectWebSocket(fixture.reactor, `${url}/no`, new EchoClient()),
    WebSocketHandshakeError,
  );
  assertEquals(refused.status, 403);
});

test("ws of npm, as a client, exchanges messages with WebSocketFactory", async (fixture) => {
  const socket = new NpmWebSocket(`ws://127.0.0.1:${startEcho(fixture)}/`, ["echo"]);
  const ponged = new Promise<string>((resolve) =>
    socket.on("pong", (data) => resolve(textOf(data)))
  );
  socket.on("open", () => socket.ping("abc"));
  await exchange(socket);
  assertEquals(await ponged, "abc");
});

test("connectWebSocket() exchanges messages with ws of npm", async (fixture) => {
  const server = new NpmWebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true });
  fixture.after(() => new Promise<void>((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.on("listening", resolve));
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  fixture.run();
  const url = `ws://127.0.0.1:${server.address().port}/`;
  await (await connectWebSocket(fixture.reactor, url, new EchoClient())).done();
});

test("ws of npm, as a client, exchanges compressed messages with WebSocketFactory", async (fixture) => {
  const socket = new NpmWebSocket(`ws://127.0.0.1:${startEcho(fixture, true)}/`, ["echo"]);
  await exchange(socket);
  assertEquals(socket.extensions, "permessage-deflate");
});

test("ws of npm exchanges messages with WebSocketFactory if it limits the window", async (fixture) => {
  const url = `ws://127.0.0.1:${startEcho(fixture, true)}/`;
  for (const [serverMaxWindowBits, extensions] of [[10, ""], [15, "permessage-deflate"]] as const) {
    const perMessageDeflate = { serverMaxWindowBits, threshold: 0 };
    const socket = new NpmWebSocket(url, ["echo"], { perMessageDeflate });
    await exchange(socket);
    assertEquals(socket.extensions, extensions);
  }
});

test("connectWebSocket() exchanges compressed messages with ws of npm", async (fixture) => {
  const perMessageDeflate = { threshold: 0 };
  const server = new NpmWebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate });
  fixture.after(() => new Promise<void>((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.on("listening", resolve));
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  fixture.run();
  const url = `ws://127.0.0.1:${server.address().port}/`;
  const options = { compression: true };
  const client = await connectWebSocket(fixture.reactor, url, new EchoClient(), options);
  assertEquals(client.compression, true);
  await client.done();
});

test("ws of npm sees fragments, and a server that fails the connection", async (fixture) => {
  const port = startEcho(fixture);
  const socket = new NpmWebSocket(`ws://127.0.0.1:${port}/`);
  await new Promise<void>((resolve) => socket.on("open", resolve));
  const echo = new Promise<string>((resolve) =>
    socket.on("message", (data) => resolve(textOf(data)))
  );
  socket.send("hé", { fin: false });
  socket.send("llo", { fin: true });
  assertEquals(await echo, "héllo");
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.send("x".repeat(1_048_577));
  assertEquals(await closed, 1009);
});

test("EventWebSocket serves Deno's WebSocket with the same events on both sides", async (fixture) => {
  const closed = Promise.withResolvers<CloseEvent>();
  const factory = new WebSocketFactory(() => {
    const socket = new EventWebSocket();
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => socket.send(data);
    socket.onclose = (event) => closed.resolve(event);
    return socket.webSocketProtocol;
  });
  const listening = fixture.reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
  fixture.run();
  await exchange(new WebSocket(`ws://127.0.0.1:${portOf(listening.getHost())}/`));
  const { code, reason, wasClean } = await closed.promise;
  assertEquals({ code, reason, wasClean }, { code: 3000, reason: "done", wasClean: true });
});
