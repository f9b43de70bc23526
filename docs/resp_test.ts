// The programs of resp.md, run as the guide says. The server of the clients is
// examples/resp_server.ts, and that of the guide is asked without redis-cli.

import { assertEquals } from "@std/assert";
import { encodeCommand } from "../protocol/resp/mod.ts";
import { Example, portOf } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

const GUIDE = "resp.md";

Deno.test("visits.ts increments a key of the server", async () => {
  await using server = new Example("resp_server.ts", ["0"]);
  const port = await portOf(server, "127.0.0.1");
  await using folder = await GuideFolder.open(GUIDE);
  for (const count of ["1", "2"]) {
    await using program = folder.start(`deno run --allow-net visits.ts tcp:127.0.0.1:${port}`);
    const { code, lines, errors } = await program.end();
    assertEquals([code, lines, errors], [0, [count], ""]);
  }
});

Deno.test("follow.ts prints published messages, and ends with the last one", async () => {
  await using server = new Example("resp_server.ts", ["0"]);
  const port = await portOf(server, "127.0.0.1");
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start(`deno run --allow-net follow.ts tcp:127.0.0.1:${port}`);
  await program.line("subscribed");
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode("PUBLISH news hello\r\nPUBLISH news stop\r\n"));
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, ["subscribed", "news: hello", "news: stop"], ""]);
});

/** Sends commands, and returns what the server replies before it closes. */
async function ask(port: number, ...commands: string[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  for (const command of [...commands, "quit"]) await conn.write(encodeCommand(command.split(" ")));
  return await new Response(conn.readable).text();
}

Deno.test("votes.ts counts votes, and sends a map to clients of RESP3", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net votes.ts 0");
  const port = await portOf(program, "127.0.0.1");
  assertEquals(
    await ask(port, "vote tea coffee tea", "count tea", "count milk", "result"),
    ":3\r\n:2\r\n-NOVOTES there is no vote for it\r\n" +
      "*4\r\n$3\r\ntea\r\n:2\r\n$6\r\ncoffee\r\n:1\r\n+OK\r\n",
  );
  const resp3 = await ask(port, "hello 3", "result");
  assertEquals(resp3.endsWith("%2\r\n$3\r\ntea\r\n:2\r\n$6\r\ncoffee\r\n:1\r\n+OK\r\n"), true);
});
