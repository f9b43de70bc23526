// Two programs in one multicast group, on the loopback interface, with exactly the permissions that the header names.

import { assertEquals } from "@std/assert";
import { Example } from "../testing/fixtures/example.ts";

Deno.test("multicast.ts: each program hears who asks and who answers, itself and the other", async () => {
  await using first = new Example("multicast.ts", ["0", "127.0.0.1"]);
  const [, port = ""] = await first.line(/ WhoIsThere starting on (\d+)$/);
  const [, own] = await first.line(/ 127\.0\.0\.1:\d+: Process (\d+)$/);
  await using second = new Example("multicast.ts", [port, "127.0.0.1"]);
  // In whichever order they answer.
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
