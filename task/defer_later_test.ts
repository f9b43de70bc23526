/**
 * deferLater(). Twisted's `test_task.py`, DeferLaterTests, each of which has a counterpart here:
 * test_callback, test_errback, test_cancel, test_noCallback.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred } from "../defer/deferred.ts";
import { CancelledError } from "../defer/errors.ts";
import { Clock } from "./clock.ts";
import { deferLater } from "./defer_later.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

Deno.test("deferLater() calls the function with the arguments and fires with the result", () => {
  const clock = new Clock();
  const given: unknown[] = [];
  const flag = {};
  const seen = outcomes(deferLater(
    clock,
    3,
    (a: string, b: number) => {
      given.push(a, b);
      return flag;
    },
    "foo",
    4,
  ));
  clock.advance(2);
  assertEquals([given, seen], [[], []]);
  clock.advance(1);
  assertEquals(given, ["foo", 4]);
  assertStrictEquals(seen[0], flag);
});

Deno.test("deferLater() fails with the function's error", () => {
  const clock = new Clock();
  const error = new Error("from the call");
  const outcome = deferLater(clock, 1, () => {
    throw error;
  });
  clock.advance(1);
  assertStrictEquals(failureResultOf(outcome), error);
});

Deno.test("deferLater() waits for the Deferred that the function returns", () => {
  const clock = new Clock();
  const inner = new Deferred<number>();
  const outcome = deferLater(clock, 1, () => inner);
  clock.advance(1);
  assertNoResult(outcome);
  inner.callback(4);
  assertEquals(successResultOf(outcome), 4);
});

Deno.test("deferLater() without a function fires with undefined", () => {
  const clock = new Clock();
  const later: Deferred<void> = deferLater(clock, 2);
  clock.advance(1);
  assertNoResult(later);
  clock.advance(1);
  assertEquals(successResultOf(later), undefined);
});

Deno.test("deferLater() cancels its call when its Deferred is cancelled", () => {
  const clock = new Clock();
  let called = 0;
  const later = deferLater(clock, 1, () => called++);
  later.cancel();
  failureResultOf(later, CancelledError);
  assertEquals(clock.getDelayedCalls(), []);
  clock.advance(2);
  assertEquals(called, 0);
});

Deno.test("deferLater() when cancelled after the call cancels the returned Deferred", () => {
  const clock = new Clock();
  let cancelled = 0;
  const later = deferLater(clock, 1, () => new Deferred<void>(() => cancelled++));
  clock.advance(1);
  later.cancel();
  assertEquals(cancelled, 1);
  failureResultOf(later, CancelledError);
});

Deno.test("deferLater() is cancelled by a signal during the wait only", () => {
  const clock = new Clock();
  const controller = new AbortController();
  const short = deferLater(clock, 1, { signal: controller.signal });
  const long = outcomes(deferLater(clock, 5, { signal: controller.signal }));
  const withCall = outcomes(deferLater(clock, 5, () => 4).addSignal(controller.signal));
  clock.advance(1);
  controller.abort("enough");
  assertEquals(successResultOf(short), undefined);
  for (const [error] of [long, withCall]) {
    assertInstanceOf(error, CancelledError);
    assertEquals(error.cause, "enough");
  }
  assertEquals(clock.getDelayedCalls(), []);
  failureResultOf(deferLater(clock, 1, { signal: controller.signal }), CancelledError);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("deferLater() rejects invalid arguments at once", () => {
  const clock = new Clock();
  assertThrows(() => deferLater(clock, -1), RangeError, "-1");
  // @ts-expect-error: the types reject the argument, and so does the code.
  assertThrows(() => deferLater(clock, 1, "f"), TypeError, '"f"');
  assertEquals(clock.getDelayedCalls(), []);
});
