// The programs of protocols_and_factories.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { portOf } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const GUIDE = "protocols_and_factories.md";

Deno.test("chat.ts sends the lines of a user to all other users, also through forward.ts", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using chat = folder.start("deno run --allow-net chat.ts 0");
  const chatPort = await portOf(chat);
  await using forwarder = folder.start(
    `deno run --allow-net forward.ts 0 127.0.0.1 ${chatPort}`,
  );
  const ada = await RawPeer.connect(chatPort);
  assertEquals(await ada.readText(7), "1 here\n");
  const bob = await RawPeer.connect(await portOf(forwarder));
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
  const client = await RawPeer.connect(await portOf(forwarder));
  assertEquals(await client.ending(), "end");
  client.close();
  forwarder.send("SIGINT");
  const { lines } = await forwarder.end();
  assertMatch(lines.join("\n"), /refused/);
});
