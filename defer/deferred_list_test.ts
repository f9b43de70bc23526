/**
 * Twisted's `test_defer.py`, DeferredTests: testDeferredList, testEmptyDeferredList,
 * testDeferredListFireOnOneError, testDeferredListDontConsumeErrors, testDeferredListConsumeErrors,
 * testDeferredListFireOnOneErrorWithAlreadyFiredDeferreds,
 * testDeferredListWithAlreadyFiredDeferreds, test_cancelDeferredList,
 * test_cancelDeferredListCallback, test_cancelDeferredListWithFireOnOneCallback,
 * test_cancelDeferredListWithFireOnOneCallbackAndDeferredCallback,
 * test_cancelDeferredListWithFireOnOneErrback,
 * test_cancelDeferredListWithFireOnOneErrbackAllDeferredsCallback,
 * test_cancelDeferredListWithOriginalDeferreds, test_cancelDeferredListWithException,
 * test_cancelFiredOnOneCallbackDeferredList, test_cancelFiredOnOneErrbackDeferredList;
 * DeferredListEmptyTests: testDeferredListEmpty.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { Deferred } from "./deferred.ts";
import { DeferredList } from "./deferred_list.ts";
import { CancelledError, FirstError } from "./errors.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

const consumeErrors = true;

function assertCancelled(deferred: Deferred<unknown>): void {
  failureResultOf(deferred, CancelledError);
}

/** Returns a Deferred whose canceller fires it with a result. */
function rescued(): Deferred<string> {
  return new Deferred<string>((self) => self.callback("rescued"));
}

Deno.test("DeferredList fires with all outcomes, in the order of the list", () => {
  const error = new Error("2");
  const [a, b, c] = [new Deferred<string>(), new Deferred<string>(), new Deferred<string>()];
  const outcome = new DeferredList([a, b, c]);
  const passed = outcomes(b);
  c.callback("3");
  b.errback(error);
  assertNoResult(outcome);
  a.callback("1");
  assertEquals(successResultOf(outcome), [[true, "1"], [false, error], [true, "3"]]);
  assertStrictEquals(passed[0], error, "failures pass");
  assertEquals(successResultOf(a), "1", "and so do results");
});

Deno.test("DeferredList accepts Deferreds that have fired", () => {
  const error = new Error("Bang");
  const failed = fail(error);
  assertEquals(successResultOf(new DeferredList([failed, succeed(2)])), [[false, error], [
    true,
    2,
  ]]);
  failed.addErrback(() => {});
});

Deno.test("DeferredList accepts any iterable, and promises", async () => {
  const error = new Error("no");
  const list = new DeferredList(new Set([Promise.resolve(1), Promise.reject(error)]));
  assertEquals(await list, [[true, 1], [false, error]]);
});

Deno.test("DeferredList of an empty list fires at once, or never with fireOnOneCallback", () => {
  assertEquals(successResultOf(new DeferredList([])), []);
  assertEquals(successResultOf(new DeferredList([], { fireOnOneErrback: true })), []);
  assertNoResult(new DeferredList([], { fireOnOneCallback: true }));
});

Deno.test("DeferredList with fireOnOneCallback fires with the first result and its index", () => {
  const [a, b, c] = [new Deferred<string>(), new Deferred<string>(), new Deferred<string>()];
  const outcome = new DeferredList([a, b, c], { fireOnOneCallback: true, consumeErrors });
  a.errback(new Error("no"));
  assertNoResult(outcome);
  c.callback("3");
  b.callback("2");
  assertEquals(successResultOf(outcome), ["3", 2]);
});

Deno.test("DeferredList with fireOnOneCallback fires with all entries if all fail", () => {
  const error = new Error("no");
  const list = new DeferredList([fail(error), fail(error)], {
    fireOnOneCallback: true,
    consumeErrors,
  });
  assertEquals(successResultOf(list), [[false, error], [false, error]]);
});

Deno.test("DeferredList with fireOnOneErrback fails with a FirstError at the first failure", () => {
  const error = new Error("from b");
  const [a, b, c] = [new Deferred<string>(), new Deferred<string>(), new Deferred<string>()];
  const seen = outcomes(new DeferredList([a, b, c], { fireOnOneErrback: true, consumeErrors }));
  a.callback("1");
  assertEquals(seen, []);
  b.errback(error);
  c.errback(new Error("from c"));
  assertEquals(seen.length, 1);
  assertInstanceOf(seen[0], FirstError);
  assertStrictEquals(seen[0].subFailure, error);
  assertEquals(seen[0].index, 1);
});

Deno.test("DeferredList with fireOnOneErrback fires with all entries if all succeed", () => {
  const list = new DeferredList([succeed(1), succeed(2)], { fireOnOneErrback: true });
  assertEquals(successResultOf(list), [[true, 1], [true, 2]]);
});

Deno.test("DeferredList with fireOnOneErrback fails at once for an already failed Deferred", () => {
  const failed = fail(new Error("Bang"));
  const list = new DeferredList([failed, new Deferred<number>()], { fireOnOneErrback: true });
  failureResultOf(list, FirstError);
  failed.addErrback(() => {});
});

Deno.test("DeferredList handles the Deferreds' failures only with consumeErrors", () => {
  for (const consumeErrors of [false, true]) {
    const error = new Error("Bang");
    const deferred = new Deferred<number>();
    const outcome = new DeferredList([deferred], { consumeErrors });
    deferred.errback(error);
    if (consumeErrors) assertEquals(successResultOf(deferred), undefined);
    else assertStrictEquals(failureResultOf(deferred), error);
    assertEquals(successResultOf(outcome), [[false, error]]);
  }
});

Deno.test("DeferredList.cancel() cancels all Deferreds, and fires with their outcomes", () => {
  const [a, b] = [rescued(), new Deferred<string>()];
  const list = new DeferredList([a, b]);
  list.cancel("enough");
  const entries = successResultOf(list.addCallback(([first, second]) => [first, second[1]]));
  const [, error] = entries as [unknown, Error]; // The line above gives it this shape.
  assertEquals(entries, [[true, "rescued"], error]);
  assertInstanceOf(error, CancelledError);
  assertEquals(error.cause, "enough");
  assertCancelled(b);
});

Deno.test("DeferredList.cancel() with fireOnOneCallback fires if a canceller fires a result", () => {
  const [a, b] = [new Deferred<string>(), new Deferred<string>()];
  new DeferredList([a, b], { fireOnOneCallback: true }).cancel();
  assertCancelled(a);
  assertCancelled(b);
  const [c, d] = [rescued(), new Deferred<string>()];
  const list = new DeferredList([c, d], { fireOnOneCallback: true });
  list.cancel();
  assertEquals(successResultOf(list), ["rescued", 0]);
  assertCancelled(d);
});

Deno.test("DeferredList.cancel() with fireOnOneErrback fails if a Deferred fails", () => {
  const [a, b] = [new Deferred<string>(), new Deferred<string>()];
  const failing = new DeferredList([a, b], { fireOnOneErrback: true });
  failing.cancel();
  assertCancelled(a);
  assertCancelled(b);
  const error = failureResultOf(failing);
  assertInstanceOf(error, FirstError);
  assertInstanceOf(error.subFailure, CancelledError);
  const list = new DeferredList([rescued(), rescued()], { fireOnOneErrback: true });
  list.cancel();
  assertEquals(successResultOf(list), [[true, "rescued"], [true, "rescued"]]);
});

Deno.test("DeferredList.cancel() ignores later changes of the array of Deferreds", () => {
  const array = [new Deferred<void>()];
  const list = new DeferredList(array, { consumeErrors });
  const later = new Deferred<void>();
  array.push(later);
  list.cancel();
  assertEquals([list.called, later.called], [true, false]);
});

Deno.test("DeferredList.cancel() logs a canceller's error and cancels the rest", () => {
  const error = new RangeError("in the canceller");
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { replay: false });
  const bad = new Deferred<void>(() => {
    throw error;
  });
  const good = new Deferred<void>();
  const list = new DeferredList([bad, good]);
  list.cancel();
  assertCancelled(good);
  assertEquals(events.map((event) => event.failure), [error]);
  assertEquals(list.called, false, "the list still waits for the Deferred whose canceller failed");
});

Deno.test("DeferredList.cancel() after firing does not cancel the Deferreds", () => {
  const [a, b, c, d] = [
    new Deferred<void>(),
    new Deferred<void>(),
    new Deferred<void>(),
    new Deferred<void>(),
  ];
  const first = new DeferredList([a, b], { fireOnOneCallback: true });
  a.callback();
  first.cancel();
  const failed = new DeferredList([c, d], { fireOnOneErrback: true, consumeErrors });
  c.errback(new Error("no"));
  failed.cancel();
  assertEquals([b.called, d.called], [false, false]);
  failureResultOf(failed, FirstError);
});

Deno.test("DeferredList.cancel() after firing cancels the Deferred that it waits on", () => {
  const inner = new Deferred<void>();
  const list = new DeferredList([]);
  const outcome = list.addCallback(() => inner);
  list.cancel();
  failureResultOf(outcome, CancelledError);
});

Deno.test("Deferred.cancel() while waiting on a DeferredList cancels the list's Deferreds", () => {
  const [a, b] = [new Deferred<void>(), new Deferred<void>()];
  const outer = succeed().addCallback(() => new DeferredList([a, b], { consumeErrors }));
  outer.cancel();
  const entries = successResultOf(outer.addCallback((all) => all.map(([success]) => success)));
  assertEquals(entries, [false, false]);
});
