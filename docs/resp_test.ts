// The program of resp.md, run as the guide says, without redis-cli.

import { assertEquals } from "@std/assert";
import { encodeCommand } from "../protocol/resp/mod.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

/** Sends commands, and returns what the server replies before it closes. */
async function ask(port: number, ...commands: string[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  for (const command of [...commands, "quit"]) await conn.write(encodeCommand(command.split(" ")));
  return await new Response(conn.readable).text();
}

Deno.test("votes.ts counts votes, and sends a map to clients of RESP3", async () => {
  await using folder = await GuideFolder.open("resp.md");
  await using program = folder.start("deno run --allow-net votes.ts 0");
  const [, port] = await program.line(/ starting on 127\.0\.0\.1:(\d+)$/);
  assertEquals(
    await ask(Number(port), "vote tea coffee tea", "count tea", "count milk", "result"),
    ":3\r\n:2\r\n-NOVOTES there is no vote for it\r\n" +
      "*4\r\n$3\r\ntea\r\n:2\r\n$6\r\ncoffee\r\n:1\r\n+OK\r\n",
  );
  const resp3 = await ask(Number(port), "hello 3", "result");
  assertEquals(resp3.endsWith("%2\r\n$3\r\ntea\r\n:2\r\n$6\r\ncoffee\r\n:1\r\n+OK\r\n"), true);
});
