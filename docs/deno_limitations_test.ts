// The program of deno_limitations.md, run as the guide says.

import { assertEquals } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";

Deno.test("keep_alive.ts prints which sockets support a keep-alive idle time", async () => {
  await using folder = await GuideFolder.open("deno_limitations.md");
  await using program = folder.start("deno run --allow-net=127.0.0.1 keep_alive.ts");
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, ["UnsupportedError", "first probe after 60 s"], ""]);
});
