/**
 * Twisted's `test_defer.py`, DeferredTests: testImmediateSuccess,
 * test_succeedMatchesManualSuccess.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Deferred } from "./deferred.ts";
import { succeed } from "./succeed.ts";

Deno.test("succeed() returns a Deferred that runs its callbacks at once", () => {
  const seen: unknown[] = [];
  succeed("success").addCallback((text) => seen.push(text));
  succeed().addCallback((nothing) => seen.push(nothing));
  assertEquals(seen, ["success", undefined]);
});

Deno.test("succeed() returns a Deferred that behaves as one fired with callback()", () => {
  const deferred = new Deferred<string>();
  deferred.callback("success");
  assertEquals(Deno.inspect(succeed("success")), Deno.inspect(deferred));
});

Deno.test("succeed() throws for a promise as its argument", () => {
  assertThrows(() => succeed(Promise.resolve(1)), TypeError);
});
