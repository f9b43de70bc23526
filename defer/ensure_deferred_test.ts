/**
 * Twisted's `test_defer.py`, EnsureDeferredTests: test_passesThroughDeferreds,
 * test_willNotAllowNonDeferredOrCoroutine, test_ensureDeferredCoroutine; DeferredTests:
 * test_fromCoroutine, test_fromCoroutineRequiresCoroutine (also in InlineCallbackTests).
 *
 * Not applicable: test_ensureDeferredGenerator, as JavaScript's generators are not coroutines.
 */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ensureDeferred } from "./ensure_deferred.ts";
import { succeed } from "./succeed.ts";

Deno.test("ensureDeferred() returns a Deferred as it is", () => {
  const deferred = succeed(1);
  assertStrictEquals(ensureDeferred(deferred), deferred);
});

Deno.test("ensureDeferred() returns a Deferred of an async function's promise", async () => {
  async function run(): Promise<string> {
    return await succeed("foo");
  }
  const seen: string[] = [];
  const deferred = ensureDeferred(run()).addCallback((text) => seen.push(text));
  assertEquals(seen, [], "it never fires before it is returned");
  await deferred;
  assertEquals(seen, ["foo"]);
});

Deno.test("ensureDeferred() rejects values that are not promises", () => {
  // Arguments that the types reject.
  const anything: (value: unknown) => unknown = ensureDeferred as (value: unknown) => unknown;
  for (const thing of [(x: unknown) => x, 1, true, undefined, null, "something", {}]) {
    assertThrows(() => anything(thing), TypeError, `got ${String(thing)}`);
  }
});
