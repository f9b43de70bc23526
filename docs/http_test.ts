// The programs of http.md, run as the guide says. The clients are fetch(), and a raw connection for
// the switch of protocols.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { portOf } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const GUIDE = "http.md";

Deno.test("web.ts answers over an endpoint string, and stops after SIGINT", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net web.ts tcp:0:interface=127.0.0.1");
  const url = `http://127.0.0.1:${await portOf(program, "127.0.0.1")}`;
  const get = await fetch(url);
  assertEquals([get.status, await get.text()], [200, "Hello, TCP client\n"]);
  const post = await fetch(`${url}/length`, { method: "POST", body: "x".repeat(100_000) });
  assertEquals(await post.json(), { length: 100_000 });
  const other = await fetch(`${url}/other`);
  assertEquals([other.status, await other.text()], [404, "Not found\n"]);
  const peer = await RawPeer.connect(Number(new URL(url).port));
  await peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assertMatch(new TextDecoder().decode(await peer.readAll()), /Hello, TCP client\n$/);
  peer.conn.close();
});

Deno.test("streaming.ts echoes a body, and counts down", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net streaming.ts 0");
  const url = `http://127.0.0.1:${await portOf(program, "127.0.0.1")}/`;
  const body = "0123456789".repeat(100_000);
  const echo = await fetch(url, { method: "POST", body });
  assert(await echo.text() === body);
  assertEquals(await (await fetch(url)).text(), "3\n2\n1\n");
});

Deno.test("shout.ts switches a connection to its protocol", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net shout.ts 0");
  const port = await portOf(program, "127.0.0.1");
  const peer = await RawPeer.connect(port);
  const head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n";
  await peer.send(`${head}hello`);
  const answer = "HTTP/1.1 101 Switching Protocols\r\n" +
    "connection: Upgrade\r\nupgrade: shout\r\n\r\nHELLO";
  assertEquals(await peer.readText(answer.length), answer);
  peer.conn.close();
  const refused = await fetch(`http://127.0.0.1:${port}/`);
  assertEquals([refused.status, await refused.text()], [426, "Send Upgrade: shout\n"]);
});

Deno.test("service.ts serves with Deno's server, and stops after SIGINT", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net service.ts 0");
  const [, address] = await program.line(/Serving on (127\.0\.0\.1:\d+)$/);
  const response = await fetch(`http://${address}/`);
  assertEquals(await response.text(), "Hello\n");
  program.send("SIGINT");
  const { code, lines } = await program.end();
  assertEquals(code, 0);
  assertMatch(lines.at(-1) ?? "", /Main loop terminated\.$/);
});

Deno.test("web_test.ts passes without a permission", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno test web_test.ts");
  const { code, lines } = await program.end();
  assertEquals(code, 0);
  assert(lines.some((line) => line.includes("1 passed")), lines.join("\n"));
});
