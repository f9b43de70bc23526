// Runs examples/amp_sum.ts as server and client, with exactly the permissions of its header.

import { assert, assertEquals } from "@std/assert";
import { Example, examples, portOf } from "../testing/fixtures/example.ts";

Deno.test("amp_sum.ts calls the commands of its server, and prints the answers and errors", async () => {
  await using server = new Example("amp_sum.ts", ["0"]);
  const port = String(await portOf(server));
  await using client = new Example("amp_sum.ts", ["client", port]);
  const { code, lines, errors } = await client.end();
  assertEquals([code, errors], [0, ""]);
  const header = await Deno.readTextFile(new URL("amp_sum.ts", examples));
  assertEquals(lines.length, 4);
  for (const line of lines) assert(header.includes(`\n *     ${line}\n`), line);
  server.send("SIGINT");
  assert((await server.end()).lines.some((line) => line.endsWith("Did a sum: 13 + 81 = 94")));
});
