// Runs two instances of examples/multicast.ts in one group, on the loopback interface, with exactly
// the permissions of the header.

import { assertEquals } from "@std/assert";
import { Example } from "../testing/fixtures/example.ts";

Deno.test("multicast.ts prints the questions and answers of both instances", async () => {
  await using first = new Example("multicast.ts", ["0", "127.0.0.1"]);
  const [, port = ""] = await first.line(/ WhoIsThere starting on (\d+)$/);
  const [, own] = await first.line(/ 127\.0\.0\.1:\d+: Process (\d+)$/);
  await using second = new Example("multicast.ts", [port, "127.0.0.1"]);
  // The instances may answer in any order.
  for (const program of [first, second]) {
    await program.line(/ 127\.0\.0\.1:\d+: Who is there\?$/);
    const answers = new Set<string | undefined>();
    while (answers.size < 2) answers.add((await program.line(/: Process (\d+)$/))[1]);
    assertEquals(answers.has(own), true);
    program.send("SIGINT");
    const { code, errors } = await program.end();
    assertEquals([code, errors], [0, ""]);
  }
});
