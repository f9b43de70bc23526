/**
 * addTimeout(). Twisted's `test_defer.py`, DeferredAddTimeoutTests, each of which has a counterpart
 * here: test_timeoutChainable, test_successResultBeforeTimeout(Custom),
 * test_failureBeforeTimeout(Custom), test_timedOut, test_timedOutCustom,
 * test_timedOutProvidedCancelSuccess, test_timedOutProvidedCancelFailure,
 * test_cancelBeforeTimeout(Custom), test_providedCancelCalledBeforeTimeoutCustom,
 * test_errbackAddedBeforeTimeout(Custom),
 * test_errbackAddedBeforeTimeoutSuppressesCancellation(Custom),
 * test_callbackAddedToCancelerBeforeTimeout(Custom).
 */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { Deferred } from "./deferred.ts";
import { CancelledError, TimeoutError } from "./errors.ts";
import { Clock } from "../task/mod.ts";
import { failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

const override = (outcome: unknown, seconds: number): unknown[] => ["override", outcome, seconds];

Deno.test("Deferred.addTimeout() schedules a timed call and returns the Deferred", () => {
  const clock = new Clock();
  const deferred = new Deferred<number>();
  assertStrictEquals<unknown>(deferred.addTimeout(10, clock), deferred);
  assertEquals(clock.getDelayedCalls().map((call) => call.getTime()), [10]);
});

Deno.test("Deferred.addTimeout() passes a result in time, and cancels its timed call", () => {
  for (const custom of [undefined, override]) {
    const clock = new Clock();
    const inner = new Deferred<void>();
    const given: unknown[] = [];
    const deferred = new Deferred<string>();
    const seen = outcomes(
      deferred.addTimeout(10, clock, custom).addCallback((result) => {
        given.push(result);
        return inner;
      }),
    );
    deferred.callback("in time");
    assertEquals(given, ["in time"]);
    assertEquals(clock.getDelayedCalls(), []);
    clock.advance(10);
    assertEquals(seen, [], "callbacks after addTimeout() have no time limit");
  }
});

Deno.test("Deferred.addTimeout() passes a failure in time, and cancels its timed call", () => {
  for (const custom of [undefined, override]) {
    const clock = new Clock();
    const error = new Error("no");
    const deferred = new Deferred<string>();
    const outcome = deferred.addTimeout(10, clock, custom);
    deferred.errback(error);
    assertStrictEquals(failureResultOf(outcome), error);
    assertEquals(clock.getDelayedCalls(), []);
  }
});

Deno.test("Deferred.addTimeout() cancels its timed call if the Deferred is cancelled", () => {
  for (const custom of [undefined, override]) {
    const clock = new Clock();
    const deferred = new Deferred<string>();
    const outcome = deferred.addTimeout(10, clock, custom);
    deferred.cancel();
    failureResultOf(outcome, CancelledError);
    assertEquals(clock.getDelayedCalls(), []);
  }
});

Deno.test("Deferred.addTimeout() fails with a TimeoutError when the time limit expires", () => {
  const clock = new Clock();
  let cancelled = 0;
  const deferred = new Deferred<void>(() => {
    cancelled++;
  });
  const seen = outcomes(deferred.addTimeout(10, clock));
  assertEquals(seen, []);
  clock.advance(10);
  assertEquals(cancelled, 1);
  assertInstanceOf(seen[0], TimeoutError);
  assertEquals(seen[0].message, "Deferred timed out after 10 seconds");
  assertInstanceOf(seen[0].cause, CancelledError);
});

Deno.test("Deferred.addTimeout() returns onTimeoutCancel's value after a timeout", () => {
  const clock = new Clock();
  const deferred = new Deferred<void>();
  const outcome = deferred.addTimeout(10, clock, (outcome, seconds) => {
    assertInstanceOf(outcome, CancelledError);
    return ["override", seconds];
  });
  clock.advance(10);
  assertEquals(successResultOf(outcome), ["override", 10]);
});

Deno.test("Deferred.addTimeout() keeps an outcome that the canceller fired", () => {
  const error = new Error("from the canceller");
  const results: [Deferred<string>, unknown][] = [
    [new Deferred((self) => self.callback("from the canceller")), "from the canceller"],
    [new Deferred((self) => self.errback(error)), error],
  ];
  for (const [deferred, expected] of results) {
    const clock = new Clock();
    const outcome = deferred.addTimeout(10, clock);
    clock.advance(10);
    if (expected === error) assertStrictEquals(failureResultOf(outcome), error);
    else assertEquals(successResultOf(outcome), expected);
  }
});

Deno.test("Deferred.addTimeout() passes the canceller's outcome to onTimeoutCancel", () => {
  const error = new Error("from the canceller");
  const results: [Deferred<string>, unknown][] = [
    [new Deferred((self) => self.callback("from the canceller")), "from the canceller"],
    [new Deferred((self) => self.errback(error)), error],
  ];
  for (const [deferred, expected] of results) {
    const clock = new Clock();
    const outcome = deferred.addTimeout(10, clock, override);
    clock.advance(10);
    assertEquals(successResultOf(outcome), ["override", expected, 10]);
  }
});

Deno.test("Deferred.addTimeout() lets earlier errbacks pass the CancelledError on", () => {
  for (const custom of [undefined, () => "override"]) {
    const clock = new Clock();
    const deferred = new Deferred<void>();
    const passed: unknown[] = [];
    deferred.addErrback((error) => {
      passed.push(error);
      throw error;
    });
    const outcome = deferred.addTimeout(10, clock, custom);
    clock.advance(10);
    assertInstanceOf(passed[0], CancelledError);
    if (custom === undefined) failureResultOf(outcome, TimeoutError);
    else assertEquals(successResultOf(outcome), "override");
  }
});

Deno.test("Deferred.addTimeout() lets earlier errbacks handle the CancelledError", () => {
  for (const custom of [undefined, override]) {
    const clock = new Clock();
    const deferred = new Deferred<void>();
    const outcome = deferred.addErrback(() => "handled").addTimeout(10, clock, custom);
    clock.advance(10);
    assertEquals(
      successResultOf(outcome),
      custom === undefined ? "handled" : ["override", "handled", 10],
    );
  }
});

Deno.test("Deferred.addTimeout() cancels the Deferred that a callback returned", () => {
  const clock = new Clock();
  const inner = new Deferred<string>();
  const deferred = new Deferred<void>();
  const outcome = deferred.addCallback(() => inner).addTimeout(10, clock);
  deferred.callback();
  clock.advance(10);
  failureResultOf(outcome, TimeoutError);
});

Deno.test("Deferred.addTimeout() called twice applies the shorter limit", () => {
  const clock = new Clock();
  const deferred = new Deferred<void>();
  const outcome = deferred.addTimeout(10, clock, () => "long").addTimeout(1, clock);
  clock.advance(1);
  failureResultOf(outcome, TimeoutError);
  assertEquals(clock.getDelayedCalls(), []);
});
