// The programs of websocket.md, run as the guide says.

import { assertEquals } from "@std/assert";
import { portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

Deno.test("capitals.ts answers in capitals, and ask.ts prints the answer", async () => {
  await using folder = await GuideFolder.open("websocket.md");
  await using server = folder.start("deno run --allow-net capitals.ts 0");
  const url = `ws://localhost:${await portOf(server)}/shout`;
  await using client = folder.start(`deno run --allow-net ask.ts ${url} bonjour`);
  const { code, lines, errors } = await client.end();
  assertEquals([code, lines, errors], [0, ["BONJOUR", "1000 true"], ""]);
});

Deno.test("stream_echo.ts sends messages back, and says in one line that a client is gone", async () => {
  await using folder = await GuideFolder.open("websocket.md");
  await using server = folder.start("deno run --allow-net stream_echo.ts 0");
  const port = await portOf(server);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  const received: unknown[] = [];
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
    socket.onopen = () => ["a", "b", "c"].forEach((text) => socket.send(text));
    socket.onmessage = ({ data }) => {
      received.push(data);
      if (received.length === 3) socket.close(1000);
    };
  });
  assertEquals(await closed, 1000);
  assertEquals(received, ["a", "b", "c"]);
  const leaving = new RawPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
  await leaving.send(
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await leaving.readText("HTTP/1.1 101".length);
  leaving.close();
  await server.line(/Echo has ended: Connection/);
});

Deno.test("same_port.ts serves a page and a WebSocket connection", async () => {
  await using folder = await GuideFolder.open("websocket.md");
  await using server = folder.start("deno run --allow-net same_port.ts 0");
  const place = `127.0.0.1:${await portOf(server)}`;
  assertEquals(await (await fetch(`http://${place}/`)).text(), "A web page\n");
  const socket = new WebSocket(`ws://${place}/mirror`);
  const answered = new Promise<unknown>((resolve) => {
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => resolve(data);
  });
  assertEquals(await answered, "hello");
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
});
