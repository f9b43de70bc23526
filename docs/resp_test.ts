// The programs of resp.md, run as the guide says, with examples/resp_server.ts as the server.

import { assertEquals } from "@std/assert";
import { Example } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

const GUIDE = "resp.md";

/** Starts the server. @returns Its port. */
async function listening(server: Example): Promise<string> {
  const [, port = ""] = await server.line(/ starting on 127\.0\.0\.1:(\d+)$/);
  return port;
}

Deno.test("visits.ts increments a key of the server", async () => {
  await using server = new Example("resp_server.ts", ["0"]);
  const port = await listening(server);
  await using folder = await GuideFolder.open(GUIDE);
  for (const count of ["1", "2"]) {
    await using program = folder.start(`deno run --allow-net visits.ts tcp:127.0.0.1:${port}`);
    const { code, lines, errors } = await program.end();
    assertEquals([code, lines, errors], [0, [count], ""]);
  }
});

Deno.test("follow.ts prints published messages, and ends with the last one", async () => {
  await using server = new Example("resp_server.ts", ["0"]);
  const port = await listening(server);
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start(`deno run --allow-net follow.ts tcp:127.0.0.1:${port}`);
  await program.line("subscribed");
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  await conn.write(new TextEncoder().encode("PUBLISH news hello\r\nPUBLISH news stop\r\n"));
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, ["subscribed", "news: hello", "news: stop"], ""]);
});
