// The programs of policies.md, run as the guide says.

import { assert, assertEquals } from "@std/assert";
import { portOf } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const GUIDE = "policies.md";

Deno.test("guarded.ts repeats and logs lines, and ends silent connections", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using server = folder.start("deno run --allow-net guarded.ts 0 0.3");
  const port = await portOf(server);
  const client = await RawPeer.connect(port);
  const silent = await RawPeer.connect(port);
  await client.send("hello\n");
  assertEquals(await client.readText(6), "hello\n");
  assert(["end", "ECONNRESET"].includes(await silent.ending()));
  await client.send("still here\n");
  assertEquals(await client.readText(11), "still here\n");
  client.close();
  silent.close();
  server.send("SIGINT");
  const { lines } = await server.end();
  const policies = "Echo (SlowPeerProtocol) (ThrottlingProtocol) (SpewingProtocol)";
  const logged = lines.map((line) => line.replace(/^[^[]*/, ""));
  for (const line of ['Received: "hello\\n"', 'Sending: "hello"', 'Sending: "\\n"']) {
    assert(logged.includes(`[${policies},0,127.0.0.1] ${line}`), lines.join("\n"));
  }
});

Deno.test("quota.ts closes a connection that has used up its quota", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using server = folder.start("deno run --allow-net quota.ts 0");
  const client = await RawPeer.connect(await portOf(server));
  await client.send("x".repeat(100));
  assertEquals(await client.readText(100), "x".repeat(100));
  await client.send("y");
  await server.line(/ 127\.0\.0\.1:\d+ has used up its quota$/);
  assertEquals(await client.ending(), "end");
  client.close();
  server.send("SIGINT");
  assertEquals((await server.end()).code, 0);
});

Deno.test("switchboard.ts joins its client with a local port", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using quota = folder.start("deno run --allow-net quota.ts 0");
  await using switchboard = folder.start("deno run --allow-net switchboard.ts 0");
  const to = await portOf(quota);
  const client = await RawPeer.connect(await portOf(switchboard));
  await client.send(`${to}\nhello`);
  assertEquals(await client.readText(5), "hello");
  await client.conn.closeWrite();
  assertEquals(await client.ending(), "end");
  client.close();
  await switchboard.line(new RegExp(` port ${to}: 0 bytes sent, 5 received$`));
  for (const program of [quota, switchboard]) {
    program.send("SIGINT");
    assertEquals((await program.end()).code, 0);
  }
});
