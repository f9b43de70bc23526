// The programs of services.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const GUIDE = "services.md";

Deno.test("application.ts counts lines, and prints a goodbye on SIGINT", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net application.ts tcp:0");
  const [, port] = await program.line(/ starting on 0\.0\.0\.0:(\d+)$/);
  await program.line(/0 lines so far$/);
  const peer = await RawPeer.connect(Number(port));
  await peer.send("a\nb\n");
  assertEquals(await peer.readText(4), "1\n2\n");
  program.send("SIGINT");
  assertEquals(new TextDecoder().decode(await peer.readAll()), "The server is stopping\n");
  peer.close();
  assertEquals((await program.end()).code, 0);
});

Deno.test("application.ts exits with the error if its port is in use", async () => {
  using taken = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start(
    `deno run --allow-net application.ts tcp:${taken.addr.port}`,
  );
  const { code, errors } = await program.end();
  assertEquals(code, 1);
  assertMatch(errors, /CannotListenError/);
});

Deno.test("stay_connected.ts connects again after its server restarts", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using program = folder.start(
    `deno run --allow-net stay_connected.ts tcp:127.0.0.1:${server.addr.port}`,
  );
  const first = new RawPeer(await server.accept());
  assertEquals(await first.readText(16), "hello\nhow many?\n");
  first.close();
  const second = new RawPeer(await server.accept());
  assertEquals(await second.readText(6), "hello\n");
  await second.send("3\n");
  await program.line(/The server says 3$/);
  program.send("SIGINT");
  assertEquals(await second.ending(), "end");
  second.close();
  server.close();
  assertEquals((await program.end()).code, 0);
});
