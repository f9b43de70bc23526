/**
 * Tests from within one thread. `../drivers/deno/thread_test.ts` shows with real threads that the
 * limiter blocks a thread and releases it.
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { CallLimiter, MAX_CALLS_IN_FLIGHT } from "./call_limiter.ts";

Deno.test("CallLimiter.pass() admits MAX_CALLS_IN_FLIGHT calls, and another after each arrived()", () => {
  const ours = new CallLimiter();
  const theirs = new CallLimiter(ours.cells);
  for (let i = 0; i < MAX_CALLS_IN_FLIGHT; i++) assertEquals(theirs.pass(), true);
  for (let i = 0; i < 3; i++) {
    ours.arrived();
    assertEquals(theirs.pass(), true);
  }
});

Deno.test("CallLimiter.close() refuses further calls and unblocks a waiting thread", () => {
  const ours = new CallLimiter();
  const theirs = new CallLimiter(ours.cells);
  for (let i = 0; i < MAX_CALLS_IN_FLIGHT; i++) theirs.pass();
  ours.close();
  assertEquals(theirs.pass(), false);
  ours.arrived();
  assertEquals(theirs.pass(), false);
});

Deno.test("CallLimiter.close() changes the number that a thread is about to wait on", () => {
  const limiter = new CallLimiter();
  while (limiter.cells[1] !== MAX_CALLS_IN_FLIGHT) limiter.pass();
  limiter.close();
  // A thread that read the number before would wait forever if it were still the same.
  assertNotEquals(limiter.cells[1], MAX_CALLS_IN_FLIGHT);
});
