// The programs of protocols_and_factories.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import type { Program } from "../testing/fixtures/program.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const GUIDE = "protocols_and_factories.md";

/** Waits until a server listens. @returns its port. */
async function portOf(server: Program): Promise<number> {
  const [, port] = await server.line(/ starting on 0\.0\.0\.0:(\d+)$/);
  return Number(port);
}

async function connectTo(port: number): Promise<RawPeer> {
  return new RawPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
}

Deno.test("chat.ts sends the lines of a user to all other users, also through forward.ts", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using chat = folder.start("deno run --allow-net chat.ts 0");
  const chatPort = await portOf(chat);
  await using forwarder = folder.start(
    `deno run --allow-net forward.ts 0 127.0.0.1 ${chatPort}`,
  );
  const ada = await connectTo(chatPort);
  assertEquals(await ada.readText(7), "1 here\n");
  const bob = await connectTo(await portOf(forwarder));
  assertEquals(await bob.readText(7), "2 here\n");
  await ada.send("hello bob\n");
  assertEquals(await bob.readText(10), "hello bob\n");
  await bob.send("hello ada\n");
  assertEquals(await ada.readText(10), "hello ada\n");
  bob.close();
  chat.send("SIGINT");
  assertEquals(await ada.ending(), "end");
  ada.close();
  assertEquals((await chat.end()).code, 0);
});

Deno.test("forward.ts closes its client and logs an error if the target refuses", async () => {
  const refusing = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  refusing.close();
  await using folder = await GuideFolder.open(GUIDE);
  await using forwarder = folder.start(
    `deno run --allow-net forward.ts 0 127.0.0.1 ${refusing.addr.port}`,
  );
  const client = await connectTo(await portOf(forwarder));
  assertEquals(await client.ending(), "end");
  client.close();
  forwarder.send("SIGINT");
  const { lines } = await forwarder.end();
  assertMatch(lines.join("\n"), /refused/);
});
