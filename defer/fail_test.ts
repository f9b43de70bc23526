/** Twisted's `test_defer.py`, DeferredTests: testImmediateFailure. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { fail } from "./fail.ts";

Deno.test("fail() returns a Deferred that runs its errbacks at once", () => {
  const error = new Error("fail");
  const seen: Error[] = [];
  fail(error).addErrback((e) => seen.push(e));
  assertEquals(seen.length, 1);
  assertStrictEquals(seen[0], error);
});
