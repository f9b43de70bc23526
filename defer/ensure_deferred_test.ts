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

Deno.test("ensureDeferred() makes a Deferred of what an async function returns", async () => {
  async function run(): Promise<string> {
    return await succeed("foo");
  }
  const seen: string[] = [];
  const deferred = ensureDeferred(run()).addCallback((text) => seen.push(text));
  assertEquals(seen, [], "it never fires before it is returned");
  await deferred;
  assertEquals(seen, ["foo"]);
});

Deno.test("ensureDeferred() takes nothing else", () => {
  // What the types keep from being passed.
  const anything: (value: unknown) => unknown = ensureDeferred as (value: unknown) => unknown;
  for (const thing of [(x: unknown) => x, 1, true, undefined, null, "something", {}]) {
    assertThrows(() => anything(thing), TypeError, `not ${String(thing)}`);
  }
});
