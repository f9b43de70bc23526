import { assertEquals } from "@std/assert";
import { Tally } from "./tally.ts";

Deno.test("Tally tells of the first, the tenth, the hundredth, and how many there have been", () => {
  const tally = new Tally();
  const told: string[] = [];
  for (let i = 0; i < 5000; i++) if (tally.add()) told.push(`told${tally}`);
  assertEquals(told, ["told", "told (10 so far)", "told (100 so far)", "told (1000 so far)"]);
});
