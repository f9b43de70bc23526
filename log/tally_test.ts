import { assertEquals } from "@std/assert";
import { Tally } from "./tally.ts";

Deno.test("Tally.add() returns true at 1, 10, 100 and 1000, and toString() has the count", () => {
  const tally = new Tally();
  const lines: string[] = [];
  for (let i = 0; i < 5000; i++) if (tally.add()) lines.push(`failed${tally}`);
  assertEquals(lines, [
    "failed",
    "failed (10 times so far)",
    "failed (100 times so far)",
    "failed (1000 times so far)",
  ]);
});
