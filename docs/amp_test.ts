// The programs of amp.md, run as the guide says.

import { assertEquals } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { testPrintedOutput } from "./printed_output.ts";

Deno.test("calculate.ts calls the commands.ts of calculator.ts, and prints answer and error", async () => {
  await using folder = await GuideFolder.open("amp.md");
  await using server = folder.start("deno run --allow-net calculator.ts 0");
  const [, port] = await server.line(/ starting on 0\.0\.0\.0:(\d+)$/);
  await using client = folder.start(`deno run --allow-net calculate.ts ${port}`);
  const { code, lines, errors } = await client.end();
  assertEquals([code, lines, errors], [0, ["308.5", "division by zero"], ""]);
  server.send("SIGINT");
  assertEquals((await server.end()).code, 0);
});

testPrintedOutput("amp.md", 3);
