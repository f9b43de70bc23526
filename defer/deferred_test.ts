/**
 * How a Deferred runs its callbacks. The classes and tests of Twisted's `test_defer.py`, and the
 * files with their counterparts:
 *
 * - UtilTests: log_error_test.ts
 * - DeferredTests, here unless another file is named:
 *   testCallbackWithoutArgs, testCallbackWithArgs, testTwoCallbacks, test_addCallbacksNoneErrback,
 *   testPausedFailure, testCallbackErrors, testUnpauseBeforeCallback, test_callbackReturnsDeferred,
 *   test_errbackReturnsDeferred, test_chainedPausedDeferredWithResult, test_pausedDeferredChained,
 *   test_innerCallbacksPreserved, test_continueCallbackNotFirst, test_callbackOrderPreserved,
 *   test_reentrantRunCallbacks, test_nonReentrantCallbacks, test_reentrantRunCallbacksWithFailure,
 *   test_synchronousImplicitChain, test_asynchronousImplicitChain,
 *   test_synchronousImplicitErrorChain, test_asynchronousImplicitErrorChain,
 *   test_doubleAsynchronousImplicitChaining, test_nestedAsynchronousChainedDeferreds,
 *   test_nestedAsynchronousChainedDeferredsWithExtraCallbacks,
 *   test_resultOfDeferredResultOfDeferredOfFiredDeferredCalled, test_circularChainException
 *   testDeferredList..., test_cancelDeferredList..., test_cancelFiredOn...: deferred_list_test.ts
 *   test_gatherResults..., test_cancelGatherResults...: gather_results_test.ts
 *   testImmediateSuccess, test_succeedMatchesManualSuccess: succeed_test.ts
 *   testImmediateFailure: fail_test.ts
 *   test_maybeDeferred...: execute_test.ts
 *   test_fromCoroutine, test_fromCoroutineRequiresCoroutine: ensure_deferred_test.ts
 *   test_chainDeferredRecordsImplicitChain, test_repr, test_reprWithResult,
 *   test_reprWithChaining: inspect_test.ts
 *   test_boundedStackDepth, test_canceller_circular_reference_...: chain_test.ts
 *   Not applicable:
 *   - testCallbackWithKwArgs: JavaScript has no keyword arguments.
 *   - test_addCallbacksNoneCallbackArgs, test_addCallbacksNoneErrbackArgs: addCallbacks() takes no
 *     arguments for its functions; a closure does that.
 *   - test_callbackMaybeReturnsFailure, and the second half of testCallbackErrors: there is no
 *     Failure, and an Error that a callback returns is a value.
 *   - test_chainDeferredRecordsExplicitChain, test_explicitChainClearedWhenResolved: `_chainedTo`
 *     of chainDeferred() serves only Twisted's repr; nothing waits, so nothing is shown as waiting.
 *   - test_circularChainWarning: a circle has always been an error here.
 *   - test_errbackWithNoArgsNoDebug, test_errbackWithNoArgs: JavaScript has no current exception.
 *   - test_errorInCallbackDoesNotCaptureVars, test_errorInCallbackCapturesVarsWhenDebugging: a
 *     JavaScript stack has no local variables.
 *   - test_DEFERRED_SUBCLASSES: a Deferred is recognised by its private fields, and so is
 *     an instance of a subclass.
 * - RaceTests: race_test.ts
 * - FirstErrorTests: errors_test.ts
 * - AlreadyCalledTests: "Deferred.callback() and errback() throw if it has already been fired"
 *   here; with debugging, in debug_test.ts
 * - DeferredCancellerTests: deferred_cancel_test.ts
 * - LogTests: unhandled_test.ts
 * - DeferredListEmptyTests: deferred_list_test.ts
 * - OtherPrimitivesTests: deferred_lock_test.ts, deferred_semaphore_test.ts, deferred_queue_test.ts
 * - DeferredFilesystemLockTests: not applicable. The class waits for `twisted.python.lockfile`, a
 *   lock made of symbolic links; `Deno.FsFile.lock()` is portable, and returns a promise.
 * - DeferredAddTimeoutTests: deferred_timeout_test.ts
 * - EnsureDeferredTests: ensure_deferred_test.ts
 * - TimeoutErrorTests: not applicable. It tests the deprecation of `timeout()`, which addTimeout()
 *   replaced long ago.
 * - DeferredFutureAdapterTests: deferred_promise_test.ts
 * - CoroutineContextVarsTests: not applicable. Context variables are Python's; JavaScript's
 *   AsyncContext is not available yet. A callback's closure holds the values that it needs.
 * - InlineCallbackTests: test_fromCoroutineRequiresCoroutine is in ensure_deferred_test.ts;
 *   test_coroutineNoCircularReference is not applicable, as no generator is driven here.
 *
 * And `test_defgen.py`: not applicable as a whole. It tests how inlineCallbacks drives a generator
 * through Deferreds that have fired, fail, or come later, and returnValue(). `async`/`await` is
 * part of the language, and needs only that a Deferred can be awaited: deferred_promise_test.ts.
 *
 * The property-based tests are in deferred_model_test.ts.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred } from "./deferred.ts";
import { AlreadyCalledError, NonErrorThrown } from "./errors.ts";
import { fail } from "./fail.ts";
import { gatherResults } from "./gather_results.ts";
import { succeed } from "./succeed.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

Deno.test("Deferred.callback() runs callbacks synchronously with the result", () => {
  const seen: string[] = [];
  const deferred = new Deferred<string>();
  deferred.addCallback((text) => seen.push(text));
  assertEquals(seen, []);
  deferred.callback("hello");
  assertEquals(seen, ["hello"]);
});

Deno.test("Deferred.addCallback() runs the callback at once if the Deferred has fired", () => {
  const seen: string[] = [];
  succeed("hello").addCallback((text) => seen.push(text));
  assertEquals(seen, ["hello"]);
});

Deno.test("Deferred.addCallback(), addErrback() and addBoth() pass extra arguments", () => {
  const seen: unknown[] = [];
  const keep = (...args: unknown[]): void => {
    seen.push(args);
  };
  const error = new Error("no");
  succeed("hello").addCallback(keep, "world", 1);
  fail(error).addErrback(keep, "world", 1);
  succeed("hello").addBoth(keep, "world", 1);
  fail(error).addBoth(keep, "world", 1);
  assertEquals(seen, [
    ["hello", "world", 1],
    [error, "world", 1],
    ["hello", "world", 1],
    [error, "world", 1],
  ]);
});

Deno.test("Deferred callbacks receive the return value of the previous callback", () => {
  const deferred = new Deferred<number>();
  const outcome = deferred.addCallback((n) => n + 1).addCallback((n) => `${n}`);
  deferred.callback(1);
  assertEquals(successResultOf(outcome), "2");
});

Deno.test("Deferred.addErrback() receives a callback's error, and passes its result on", () => {
  const error = new Error("no");
  const deferred = new Deferred<number>();
  const skipped: unknown[] = [];
  const outcome = deferred
    .addCallback(() => {
      throw error;
    })
    .addCallback((value) => skipped.push(value))
    .addErrback((e) => {
      assertStrictEquals(e, error);
      return "recovered";
    });
  deferred.callback(1);
  assertEquals(skipped, []);
  assertEquals(successResultOf(outcome), "recovered");
});

Deno.test("Deferred results skip errbacks, and failures skip callbacks", () => {
  const error = new Error("no");
  assertEquals(successResultOf(succeed(1).addErrback(() => 2)), 1);
  assertStrictEquals(failureResultOf(fail(error).addCallback(() => 2)), error);
});

Deno.test("Deferred.addCallbacks() does not run its errback for its callback's error", () => {
  const error = new Error("no");
  const both = (deferred: Deferred<number>): unknown[] =>
    outcomes(deferred.addCallbacks((n) => n + 1, (e) => e.message));
  assertEquals(both(succeed(1)), [2]);
  assertEquals(both(fail(error)), ["no"]);
  const thrown = succeed(1).addCallbacks(() => {
    throw error;
  }, () => 3);
  assertStrictEquals(failureResultOf(thrown), error);
});

Deno.test("Deferred.addCallbacks() without an errback or callback passes the outcome on", () => {
  const error = new Error("no");
  assertStrictEquals(failureResultOf(fail(error).addCallbacks((n) => n)), error);
  assertStrictEquals(failureResultOf(fail(error).addCallbacks((n) => n, null)), error);
  assertEquals(successResultOf(succeed(1).addCallbacks(null, () => 2)), 1);
  assertEquals(successResultOf(succeed(1).addCallbacks(undefined, () => 2)), 1);
});

Deno.test("Deferred.addBoth() receives results and failures", () => {
  const error = new Error("no");
  assertEquals(successResultOf(succeed(1).addBoth((outcome) => [outcome])), [1]);
  assertEquals(successResultOf(fail(error).addBoth((outcome) => [outcome])), [error]);
});

Deno.test("Deferred treats an Error that a callback returns as a value", () => {
  const error = new Error("just a value");
  const seen: unknown[] = [];
  succeed(1)
    .addCallback(() => error)
    .addErrback(() => seen.push("errback"))
    .addCallback((value) => seen.push(value));
  assertEquals(seen, [error]);
  assertEquals(outcomes(fail(new Error("no")).addBoth((e) => e).addCallback((e) => [e])).length, 1);
});

Deno.test("Deferred wraps a thrown value that is not an Error in a NonErrorThrown", () => {
  for (const thrown of ["text", 42, undefined, null, Symbol("s"), { a: 1 }, Object.create(null)]) {
    const error = failureResultOf(
      succeed(1).addCallback(() => {
        throw thrown;
      }),
    );
    assertInstanceOf(error, NonErrorThrown);
    assertStrictEquals(error.cause, thrown);
  }
});

Deno.test("Deferred.callback() and errback() throw if it has already been fired", () => {
  const fired = (): Deferred<string>[] => {
    const failed = fail<string>(new Error("first"));
    failed.addErrback(() => "handled");
    return [succeed("first"), failed];
  };
  for (const deferred of fired()) {
    assertThrows(() => deferred.callback("twice"), AlreadyCalledError, "already been fired");
  }
  for (const deferred of fired()) {
    assertThrows(
      () => deferred.errback(new Error("twice")),
      AlreadyCalledError,
      "already been fired",
    );
  }
});

Deno.test("Deferred.callback() rejects Deferreds and promises", () => {
  for (const value of [new Deferred<number>(), Promise.resolve(1), { then: () => {} }]) {
    const deferred = new Deferred<unknown>();
    assertThrows(() => deferred.callback(value), TypeError, "return it from a callback");
    assertEquals(deferred.called, false);
  }
});

Deno.test("Deferred.called is true once it has been fired", () => {
  const deferred = new Deferred<void>();
  assertEquals(deferred.called, false);
  deferred.callback();
  assertEquals(deferred.called, true);
  assertEquals(deferred.addCallback(() => new Deferred<void>()).called, true);
});

Deno.test("Deferred.pause() suspends callbacks until unpause() was called as often", () => {
  const deferred = succeed(1);
  deferred.pause();
  deferred.pause();
  assertEquals(deferred.paused, 2);
  const outcome = deferred.addCallback((n) => n + 1);
  deferred.unpause();
  assertNoResult(outcome);
  deferred.unpause();
  assertEquals(successResultOf(outcome), 2);
});

Deno.test("Deferred.pause() suspends errbacks", () => {
  const deferred = fail(new Error("no"));
  deferred.pause();
  const outcome = deferred.addErrback((error) => error.message);
  assertNoResult(outcome);
  deferred.unpause();
  assertEquals(successResultOf(outcome), "no");
});

Deno.test("Deferred.pause() and unpause() before firing have no effect", () => {
  const deferred = new Deferred<number>();
  deferred.pause();
  deferred.unpause();
  assertNoResult(deferred);
  deferred.callback(1);
  assertEquals(successResultOf(deferred), 1);
});

Deno.test("Deferred.pause() inside a callback suspends the next callback", () => {
  const deferred = new Deferred<number>();
  const outcome = deferred.addCallback((n) => {
    deferred.pause();
    return n;
  });
  deferred.callback(1);
  assertNoResult(outcome);
  deferred.unpause();
  assertEquals(successResultOf(outcome), 1);
});

Deno.test("Deferred.unpause() throws if the Deferred is not paused", () => {
  assertThrows(() => new Deferred<void>().unpause(), RangeError, "it is not paused");
});

Deno.test("Deferred.addCallback() in a callback appends to the end of the chain", () => {
  const called: string[] = [];
  const deferred = new Deferred<void>();
  deferred.addCallback(() => {
    called.push("first");
    deferred.addCallback(() => {
      called.push("added");
    });
    called.push("end of first");
  });
  deferred.addCallback(() => {
    called.push("second");
  });
  deferred.callback();
  assertEquals(called, ["first", "end of first", "second", "added"]);
});

Deno.test("Deferred.addCallback() in the last callback runs after that callback returns", () => {
  const called: string[] = [];
  const deferred = succeed();
  deferred.addCallback(() => {
    deferred.addCallback(() => {
      called.push("added");
    });
    called.push("first");
  });
  assertEquals(called, ["first", "added"]);
});

Deno.test("Deferred fails if a callback that a callback added throws", () => {
  const error = new Error("no");
  const deferred = new Deferred<void>();
  deferred.addCallback(() => {
    deferred.addCallback(() => {
      throw error;
    });
  });
  deferred.callback();
  assertStrictEquals(failureResultOf(deferred), error);
});

Deno.test("Deferred.chainDeferred() fires the given Deferred, and continues with undefined", () => {
  const error = new Error("no");
  for (const result of [1, error]) {
    const first = new Deferred<number>();
    const second = new Deferred<number>();
    const after = first.chainDeferred(second);
    if (typeof result === "number") first.callback(result);
    else first.errback(result);
    assertEquals(successResultOf(after), undefined);
    if (typeof result === "number") assertEquals(successResultOf(second), result);
    else assertStrictEquals(failureResultOf(second), result);
  }
});

Deno.test("Deferred takes the result of a fired Deferred from a callback at once", () => {
  const inner = succeed("inner");
  assertEquals(successResultOf(succeed(1).addCallback(() => inner)), "inner");
  assertEquals(successResultOf(inner), undefined, "the result has been taken");
});

Deno.test("Deferred takes the failure of a failed Deferred from a callback at once", () => {
  const error = new Error("no");
  const inner = fail(error);
  assertStrictEquals(failureResultOf(succeed(1).addCallback(() => inner)), error);
  assertEquals(successResultOf(inner), undefined, "the failure has been taken");
});

Deno.test("Deferred waits for a Deferred that a callback returns", () => {
  const inner = new Deferred<string>();
  const outer = succeed(1).addCallback(() => inner);
  const after = outcomes(inner);
  const seen = outcomes(outer);
  assertEquals([seen, after], [[], []]);
  inner.callback("inner");
  assertEquals(seen, ["inner"]);
  assertEquals(after, [undefined], "callbacks added after the wait began get undefined");
});

Deno.test("Deferred takes the later failure of a Deferred that a callback returns", () => {
  const error = new Error("no");
  const inner = new Deferred<string>();
  const outcome = succeed(1).addCallback(() => inner);
  inner.errback(error);
  assertStrictEquals(failureResultOf(outcome), error);
  assertEquals(successResultOf(inner), undefined);
});

Deno.test("Deferred waits for a Deferred that an errback returns", () => {
  const inner = new Deferred<string>();
  const outcome = fail(new Error("no")).addErrback(() => inner);
  assertNoResult(outcome);
  inner.callback("result");
  assertEquals(successResultOf(outcome), "result");
});

Deno.test("Deferred waits for the inner Deferred's callbacks added before the wait", () => {
  const inner = new Deferred<number>();
  inner.addCallback((n) => n * 2);
  const outcome = succeed(1).addCallback(() => inner);
  inner.callback(21);
  assertEquals(successResultOf(outcome), 42);
});

Deno.test("Deferred that another one waits for gives undefined to the next waiter", () => {
  const inner = new Deferred<number>();
  const first = succeed(1).addCallback(() => inner);
  const second = succeed(1).addCallback(() => inner);
  inner.callback(42);
  assertEquals(successResultOf(first), 42);
  assertEquals(successResultOf(second), undefined);
});

Deno.test("Deferred waits for an instance of a Deferred subclass", () => {
  class Special<T> extends Deferred<T> {}
  const inner = new Special<string>();
  const outcome = succeed(1).addCallback(() => inner);
  inner.callback("special");
  assertEquals(successResultOf(outcome), "special");
});

Deno.test("Deferred waits for a paused Deferred, fired or not", () => {
  const unfired = new Deferred<number>();
  for (const inner of [succeed(42), unfired]) {
    inner.pause();
    const outcome = succeed(1).addCallback(() => inner);
    if (inner === unfired) unfired.callback(42);
    assertNoResult(outcome);
    inner.unpause();
    assertEquals(successResultOf(outcome), 42);
  }
});

Deno.test("Deferred.pause() of a waiting Deferred does not suspend its source", () => {
  const first = new Deferred<void>();
  const second = new Deferred<number>();
  const waiting = first.addCallback(() => second);
  first.callback();
  first.pause();
  second.callback(1);
  assertEquals(successResultOf(second), undefined);
  assertNoResult(waiting);
  first.unpause();
  assertEquals(successResultOf(waiting), 1);
});

Deno.test("Deferred.pause() in a line suspends only the Deferreds that wait for it", () => {
  const [source, middle, last] = [new Deferred<number>(), succeed(), succeed()];
  const through = middle.addCallback(() => source);
  const outcome = last.addCallback(() => through);
  middle.pause();
  source.callback(42);
  assertEquals(successResultOf(source), undefined);
  assertNoResult(outcome);
  middle.unpause();
  assertEquals(successResultOf(outcome), 42);
});

Deno.test("Deferred waits through several Deferreds, chained in any order", () => {
  const orders = [["middle", "last"], ["last", "middle"]];
  for (const order of orders) {
    const source = new Deferred<number>();
    const middle = new Deferred<void>();
    const last = new Deferred<void>();
    const through = middle.addCallback(() => source);
    const outcome = last.addCallback(() => through);
    for (const each of order) each === "middle" ? middle.callback() : last.callback();
    assertNoResult(outcome);
    source.callback(42);
    assertEquals(successResultOf(outcome), 42);
  }
});

Deno.test("Deferred that another one waits for passes undefined to later callbacks", () => {
  const orders = [["middle", "last"], ["last", "middle"]];
  for (const order of orders) {
    const source = new Deferred<number>();
    const middle = new Deferred<void>();
    const last = new Deferred<void>();
    const through = middle.addCallback(() => source);
    const outcome = last.addCallback(() => through);
    for (const each of order) each === "middle" ? middle.callback() : last.callback();
    source.callback(42);
    assertEquals(successResultOf(outcome), 42);
    assertEquals(successResultOf(middle), undefined);
    assertEquals(successResultOf(middle), undefined);
  }
});

Deno.test("Deferred that waits may itself be returned from a callback", () => {
  const results: unknown[] = [];
  const inner = new Deferred<string>();
  const outer = succeed("outer").addCallback((result) => {
    results.push(["start", result]);
    return succeed("inner")
      .addCallback((result) => {
        results.push(["first", result]);
        return inner.addCallback((text) => [text]);
      })
      .addCallback((result) => {
        results.push(["second", result]);
        return [...result, ...result];
      });
  });
  outer.addCallback((result) => results.push(result));
  assertEquals(results, [["start", "outer"], ["first", "inner"]]);
  inner.callback("orange");
  assertEquals(results, [
    ["start", "outer"],
    ["first", "inner"],
    ["second", ["orange"]],
    ["orange", "orange"],
  ]);
});

Deno.test("Deferred serves waiting Deferreds in order with its other callbacks", () => {
  const results: unknown[] = [];
  const source = new Deferred<string>();
  const outer = new Deferred<string>();
  outer
    .addCallback((result) => {
      results.push(["outer", result]);
      const inner = new Deferred<void>();
      const returned = inner
        .addCallback(() => {
          results.push("first");
          return gatherResults([source]);
        })
        .addCallback((result) => {
          results.push(["second", result]);
        });
      inner.callback();
      return returned;
    })
    .addCallback(() => results.push("final"));
  outer.callback("go");
  assertEquals(results, [["outer", "go"], "first"]);
  source.callback("withers");
  assertEquals(results, [["outer", "go"], "first", ["second", ["withers"]], "final"]);
});

Deno.test("Deferred fails if its own callback returns it", () => {
  const deferred = new Deferred<unknown>();
  const outcome = deferred.addCallback(() => deferred);
  deferred.callback(1);
  failureResultOf(outcome, TypeError);
});

Deno.test("Deferred fails if it would wait for a Deferred that waits for it", () => {
  const [a, b, c] = [new Deferred<unknown>(), new Deferred<unknown>(), new Deferred<unknown>()];
  const seen = outcomes(a.addCallback(() => b));
  b.addCallback(() => c);
  c.addCallback(() => a);
  for (const each of [a, b, c]) each.callback(1);
  assertInstanceOf(seen[0], TypeError, "the failure of the last one reaches the first");
});

Deno.test("Deferred waits for a Deferred whose callbacks are running", () => {
  const seen: unknown[] = [];
  const inner = new Deferred<number>();
  inner.addCallback((n) => {
    succeed().addCallback(() => inner).addCallback((n) => seen.push(n));
    return n + 1;
  });
  inner.callback(41);
  assertEquals(seen, [42]);
});

Deno.test("Deferred in the middle of a completed line runs new callbacks at once", () => {
  const [first, second, third] = [new Deferred<void>(), new Deferred<void>(), new Deferred<void>()];
  first.addCallback(() => second);
  second.addCallback(() => third);
  second.callback();
  first.callback();
  third.callback();
  assertEquals(successResultOf(second), undefined);
});
