/**
 * Twisted's `test_defer.py`, DeferredTests: test_gatherResults,
 * test_gatherResultsWithConsumeErrors, test_cancelGatherResults,
 * test_cancelGatherResultsWithAllDeferredsCallback.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { Deferred } from "./deferred.ts";
import { CancelledError, FirstError } from "./errors.ts";
import { fail } from "./fail.ts";
import { gatherResults } from "./gather_results.ts";
import { succeed } from "./succeed.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../testing/mod.ts";

Deno.test("gatherResults() fires with all results, in the order of the list", () => {
  const [a, b] = [new Deferred<number>(), new Deferred<string>()];
  const outcome = gatherResults([a, b, succeed(3)]);
  b.callback("2");
  assertNoResult(outcome);
  a.callback(1);
  assertEquals(successResultOf(outcome), [1, "2", 3]);
});

Deno.test("gatherResults() accepts any iterable, and fires at once for an empty one", () => {
  assertEquals(successResultOf(gatherResults([])), []);
  assertEquals(successResultOf(gatherResults(new Set([succeed(1), succeed(2)]))), [1, 2]);
});

Deno.test("gatherResults() accepts promises", async () => {
  assertEquals(await gatherResults([Promise.resolve(1), succeed("2")]), [1, "2"]);
});

Deno.test("gatherResults() fails with the first failure, and does not handle it", () => {
  const error = new Error("no");
  const failed = fail(error);
  const first = failureResultOf(gatherResults([new Deferred<number>(), failed]), FirstError);
  assertStrictEquals(first.subFailure, error);
  assertEquals(first.index, 1);
  assertStrictEquals(failureResultOf(failed), error);
});

Deno.test("gatherResults() with consumeErrors handles the Deferreds' failures", () => {
  const failed = fail(new RangeError("oh no"));
  const combined = gatherResults([succeed(1), failed], { consumeErrors: true });
  const first = failureResultOf(combined, FirstError);
  assertInstanceOf(first.subFailure, RangeError);
  assertEquals(successResultOf(failed), undefined);
});

Deno.test("gatherResults() that is cancelled cancels all Deferreds", () => {
  const [a, b] = [new Deferred<void>(), new Deferred<void>()];
  const all = gatherResults([a, b]);
  all.cancel();
  for (const each of [a, b]) failureResultOf(each, CancelledError);
  const error = failureResultOf(all);
  assertInstanceOf(error, FirstError);
  assertInstanceOf(error.subFailure, CancelledError);
});

Deno.test("gatherResults() that is cancelled fires if all cancellers fire results", () => {
  const rescued = (): Deferred<string> => new Deferred((self) => self.callback("rescued"));
  const all = gatherResults([rescued(), rescued()]);
  all.cancel();
  assertEquals(successResultOf(all), ["rescued", "rescued"]);
});
