import { assertEquals } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { testPrintedOutput } from "./printed_output.ts";

testPrintedOutput("deferreds.md", 8);

Deno.test("thread.ts prints the result of primes.ts, and cancels a task that takes too long", async () => {
  await using folder = await GuideFolder.open("deferreds.md");
  await using program = folder.start("deno run --allow-read thread.ts");
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, ["168", "This takes too long"], ""]);
});
