/**
 * Cancelling. Twisted's `test_defer.py`, DeferredCancellerTests, each of which has a counterpart
 * here: test_noCanceller, test_raisesAfterCancelAndCallback, test_raisesAfterCancelAndErrback,
 * test_noCancellerMultipleCancelsAfterCancelAndCallback,
 * test_noCancellerMultipleCancelsAfterCancelAndErrback, test_noCancellerMultipleCancel,
 * test_cancellerMultipleCancel, test_simpleCanceller, test_cancellerArg, test_cancelAfterCallback,
 * test_cancelAfterErrback, test_cancellerThatErrbacks, test_cancellerThatCallbacks,
 * test_cancelNestedDeferred.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred } from "./deferred.ts";
import { AlreadyCalledError, CancelledError } from "./errors.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

Deno.test("Deferred.cancel() without a canceller fails with a CancelledError", () => {
  const deferred = new Deferred<void>();
  const seen = outcomes(deferred);
  deferred.cancel();
  assertEquals(seen.length, 1);
  assertInstanceOf(seen[0], CancelledError);
  assertEquals(seen[0].cause, undefined);
});

Deno.test("Deferred.cancel() without a canceller ignores one late result", () => {
  for (const late of ["callback", "errback"]) {
    const deferred = new Deferred<number>();
    const seen = outcomes(deferred);
    deferred.cancel();
    if (late === "callback") deferred.callback(1);
    else deferred.errback(new Error("late"));
    assertEquals(seen.length, 1);
    assertThrows(() => deferred.callback(2), AlreadyCalledError);
    assertThrows(() => deferred.errback(new Error("later")), AlreadyCalledError);
  }
});

Deno.test("Deferred.cancel() has no effect on a cancelled Deferred", () => {
  const deferred = new Deferred<number>();
  const seen = outcomes(deferred);
  deferred.cancel();
  deferred.cancel();
  deferred.callback(1);
  deferred.cancel();
  assertEquals(seen.length, 1);
  assertThrows(() => deferred.callback(2), AlreadyCalledError);
});

Deno.test("Deferred.cancel() calls the canceller once with the Deferred, then fails", () => {
  const given: unknown[] = [];
  const deferred: Deferred<void> = new Deferred((self) => {
    given.push(self);
  });
  const seen = outcomes(deferred);
  deferred.cancel();
  deferred.cancel();
  assertEquals(given.length, 1);
  assertStrictEquals(given[0], deferred);
  assertEquals(seen.length, 1);
  assertInstanceOf(seen[0], CancelledError);
});

Deno.test("Deferred.cancel() with a canceller ignores no late result", () => {
  const deferred = new Deferred<void>(() => {});
  const seen = outcomes(deferred);
  deferred.cancel();
  assertThrows(() => deferred.callback(), AlreadyCalledError);
  assertThrows(() => deferred.errback(new Error("late")), AlreadyCalledError);
  assertEquals(seen.length, 1);
});

Deno.test("Deferred.cancel() accepts a canceller that fires the Deferred", () => {
  const error = new Error("gave up");
  const succeeds = new Deferred<string>((self) => self.callback("gave up"));
  const fails = new Deferred<string>((self) => self.errback(error));
  const [good, bad] = [outcomes(succeeds), outcomes(fails)];
  succeeds.cancel();
  fails.cancel();
  assertEquals(good, ["gave up"]);
  assertEquals(bad.length, 1);
  assertStrictEquals(bad[0], error);
});

Deno.test("Deferred.cancel() does not call a canceller again that calls cancel()", () => {
  let calls = 0;
  const deferred: Deferred<void> = new Deferred((self) => {
    calls++;
    self.cancel();
  });
  deferred.cancel();
  assertEquals(calls, 1);
  failureResultOf(deferred, CancelledError);
});

Deno.test("Deferred.cancel() throws a canceller's error and leaves the Deferred unfired", () => {
  const deferred = new Deferred<number>(() => {
    throw new RangeError("in the canceller");
  });
  assertThrows(() => deferred.cancel(), RangeError, "in the canceller");
  assertThrows(() => deferred.cancel(), RangeError, "in the canceller");
  deferred.callback(1);
  assertEquals(successResultOf(deferred), 1);
});

Deno.test("Deferred.cancel() has no effect on a Deferred with a result", () => {
  let calls = 0;
  const count = (): void => {
    calls++;
  };
  const error = new Error("first");
  const succeeded = new Deferred<string>(count);
  const failed = new Deferred<string>(count);
  succeeded.callback("biff");
  failed.errback(error);
  succeeded.cancel();
  failed.cancel();
  assertEquals(calls, 0);
  assertEquals(successResultOf(succeeded), "biff");
  assertStrictEquals(failureResultOf(failed), error);
});

Deno.test("Deferred.cancel() makes its reason the cause of the CancelledError", () => {
  const reason = new Error("too late");
  const deferred = new Deferred<void>(() => {});
  const seen = outcomes(deferred);
  deferred.cancel(reason);
  assertInstanceOf(seen[0], CancelledError);
  assertStrictEquals(seen[0].cause, reason);
});

Deno.test("Deferred.cancel() of a waiting Deferred cancels the one that it finally waits for", () => {
  const called: string[] = [];
  const source = new Deferred<number>(() => {
    called.push("source");
  });
  const middle = new Deferred<void>(() => {
    called.push("middle");
  });
  const last = new Deferred<void>(() => {
    called.push("last");
  });
  middle.callback();
  last.callback();
  const through = middle.addCallback(() => source);
  const end = last.addCallback(() => through);
  end.cancel("enough");
  const seen = outcomes(end);
  assertEquals(called, ["source"]);
  assertInstanceOf(seen[0], CancelledError);
  assertEquals(seen[0].cause, "enough");
  assertEquals(successResultOf(middle), undefined);
});

Deno.test("Deferred.cancel() in the middle of a line cancels the Deferred at its source", () => {
  const source = new Deferred<number>();
  const middle = succeed().addCallback(() => source);
  const outcome = succeed().addCallback(() => middle);
  middle.cancel();
  failureResultOf(outcome, CancelledError);
});

Deno.test("Deferred.cancel() of a waiting Deferred calls a subclass's cancel()", () => {
  let cancelled = 0;
  class Stubborn<T> extends Deferred<T> {
    override cancel(): void {
      cancelled++;
    }
  }
  const stubborn = new Stubborn<number>();
  const outer = succeed().addCallback(() => stubborn);
  outer.cancel();
  assertEquals(cancelled, 1);
  assertNoResult(outer);
  stubborn.callback(1);
  assertEquals(successResultOf(outer), 1);
});

Deno.test("Deferred.cancel() has no effect while waiting on a paused Deferred with a result", () => {
  const inner = succeed(1);
  inner.pause();
  const outer = succeed().addCallback(() => inner);
  outer.cancel();
  inner.unpause();
  assertEquals(successResultOf(outer), 1);
});

Deno.test("Deferred.cancel() while waiting on a promise fails at once", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const outer = succeed().addCallback(() => promise);
  const seen = outcomes(outer);
  outer.cancel();
  assertInstanceOf(seen[0], CancelledError);
  resolve(1);
  await promise;
  assertEquals(seen.length, 1);
});

Deno.test("Deferred.addSignal() cancels when the signal aborts", () => {
  const controller = new AbortController();
  const deferred = new Deferred<number>();
  const seen = outcomes(deferred.addSignal(controller.signal));
  assertEquals(seen, []);
  controller.abort("enough");
  assertInstanceOf(seen[0], CancelledError);
  assertEquals(seen[0].cause, "enough");
});

Deno.test("Deferred.addSignal() cancels at once if the signal has aborted", () => {
  const seen = outcomes(new Deferred<number>().addSignal(AbortSignal.abort("enough")));
  assertInstanceOf(seen[0], CancelledError);
  assertEquals(seen[0].cause, "enough");
  assertEquals(successResultOf(succeed(1).addSignal(AbortSignal.abort())), 1);
});

Deno.test("Deferred.addSignal() removes its listener when the result arrives", () => {
  const error = new Error("no");
  for (const result of [1, error]) {
    const controller = new AbortController();
    const inner = new Deferred<number>();
    const deferred = new Deferred<number>().addSignal(controller.signal);
    const passed: unknown[] = [];
    const seen = outcomes(deferred.addBoth((outcome) => {
      passed.push(outcome);
      return inner;
    }));
    if (typeof result === "number") deferred.callback(result);
    else deferred.errback(result);
    assertEquals(passed, [result]);
    controller.abort();
    assertEquals(seen, [], "the signal does not cancel the inner Deferred");
  }
});

Deno.test("Deferred.addSignal() cancels a wait that began before it", () => {
  const controller = new AbortController();
  const inner = new Deferred<number>();
  const outcome = succeed().addCallback(() => inner).addSignal(controller.signal);
  controller.abort();
  failureResultOf(outcome, CancelledError);
});

Deno.test("Deferred.addSignal() leaves a failure of a subclass of CancelledError", () => {
  class Left extends CancelledError {}
  const controller = new AbortController();
  const cancelled = new Deferred<number>((deferred) => deferred.errback(new Left()));
  cancelled.addSignal(controller.signal);
  controller.abort("enough");
  failureResultOf(cancelled, Left);
});

Deno.test("Deferred.addSignal() leaves the failure of a failed Deferred", () => {
  const error = new Error("no");
  assertStrictEquals(failureResultOf(fail(error).addSignal(new AbortController().signal)), error);
});
