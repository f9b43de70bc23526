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

/** Collects the outcome of a Deferred, now or later. */
function outcomes(deferred: Deferred<unknown>): unknown[] {
  const seen: unknown[] = [];
  deferred.addBoth((outcome) => {
    seen.push(outcome);
  });
  return seen;
}

Deno.test("gatherResults() fires with all results, in the order of the list", () => {
  const [a, b] = [new Deferred<number>(), new Deferred<string>()];
  const seen = outcomes(gatherResults([a, b, succeed(3)]));
  b.callback("2");
  assertEquals(seen, []);
  a.callback(1);
  assertEquals(seen, [[1, "2", 3]]);
});

Deno.test("gatherResults() of nothing fires at once; any iterable is accepted", () => {
  assertEquals(outcomes(gatherResults([])), [[]]);
  assertEquals(outcomes(gatherResults(new Set([succeed(1), succeed(2)]))), [[1, 2]]);
});

Deno.test("gatherResults() accepts promises", async () => {
  assertEquals(await gatherResults([Promise.resolve(1), succeed("2")]), [1, "2"]);
});

Deno.test("gatherResults() fails with the first failure, which stays in its Deferred", () => {
  const error = new Error("no");
  const failed = fail(error);
  const [first] = outcomes(gatherResults([new Deferred<number>(), failed]));
  assertInstanceOf(first, FirstError);
  assertStrictEquals(first.subFailure, error);
  assertEquals(first.index, 1);
  assertStrictEquals(outcomes(failed)[0], error);
});

Deno.test("gatherResults() with consumeErrors handles the Deferreds' failures", () => {
  const failed = fail(new RangeError("oh no"));
  const [first] = outcomes(gatherResults([succeed(1), failed], { consumeErrors: true }));
  assertInstanceOf(first, FirstError);
  assertInstanceOf(first.subFailure, RangeError);
  assertEquals(outcomes(failed), [undefined]);
});

Deno.test("gatherResults() when cancelled cancels all, and fails with the first failure", () => {
  const [a, b] = [new Deferred<void>(), new Deferred<void>()];
  const all = gatherResults([a, b]);
  all.cancel();
  for (const each of [a, b]) assertInstanceOf(outcomes(each)[0], CancelledError);
  const [error] = outcomes(all);
  assertInstanceOf(error, FirstError);
  assertInstanceOf(error.subFailure, CancelledError);
});

Deno.test("gatherResults() when cancelled fires if all cancellers fire results", () => {
  const rescued = (): Deferred<string> => new Deferred((self) => self.callback("rescued"));
  const all = gatherResults([rescued(), rescued()]);
  all.cancel();
  assertEquals(outcomes(all), [["rescued", "rescued"]]);
});
