/** What can be seen from one thread; that a thread waits at the gate, and is let go, is seen in `../drivers/deno/thread_test.ts`. */

import { assertEquals } from "@std/assert";
import { CallLimiter, MAX_CALLS_UNDER_WAY } from "./call_limiter.ts";

Deno.test("a gate lets out as many calls as may be under way, and one more for each that arrives", () => {
  const ours = new CallLimiter();
  const theirs = new CallLimiter(ours.cells);
  for (let i = 0; i < MAX_CALLS_UNDER_WAY; i++) assertEquals(theirs.pass(), true);
  for (let i = 0; i < 3; i++) {
    ours.arrived();
    assertEquals(theirs.pass(), true);
  }
});

Deno.test("a closed gate lets nothing out, and nobody wait", () => {
  const ours = new CallLimiter();
  const theirs = new CallLimiter(ours.cells);
  for (let i = 0; i < MAX_CALLS_UNDER_WAY; i++) theirs.pass();
  ours.close();
  assertEquals(theirs.pass(), false);
  ours.arrived();
  assertEquals(theirs.pass(), false);
});
