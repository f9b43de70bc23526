import { assertEquals } from "@std/assert";
import { FailureCounter } from "./failure_counter.ts";

Deno.test("FailureCounter.add() returns true for the 1st, 10th, 100th and 1000th failure", () => {
  const counter = new FailureCounter();
  const lines: string[] = [];
  for (let i = 0; i < 5000; i++) if (counter.add()) lines.push(`failed${counter}`);
  assertEquals(lines, [
    "failed",
    "failed (10 times so far)",
    "failed (100 times so far)",
    "failed (1000 times so far)",
  ]);
});
