/**
 * What a Deferred does with its callbacks. Twisted's `test_defer.py`, class by class, and where
 * each of its tests has its counterpart:
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
 *     Failure, and an Error that is returned is a value ("an Error that is returned is a value").
 *   - test_chainDeferredRecordsExplicitChain, test_explicitChainClearedWhenResolved: `_chainedTo`
 *     of chainDeferred() serves only Twisted's repr; nothing waits, so nothing is shown as waiting.
 *   - test_circularChainWarning: a circle is an error from the start, there is nothing to
 *     deprecate.
 *   - test_errbackWithNoArgsNoDebug, test_errbackWithNoArgs: JavaScript has no current exception.
 *   - test_errorInCallbackDoesNotCaptureVars, test_errorInCallbackCapturesVarsWhenDebugging: a
 *     JavaScript stack has no local variables.
 *   - test_DEFERRED_SUBCLASSES: a Deferred is known by its private fields, subclass or not ("a
 *     subclass is waited for, too").
 * - RaceTests: race_test.ts
 * - FirstErrorTests: errors_test.ts
 * - AlreadyCalledTests: "callback() and errback() fire once" here, with debugging in debug_test.ts
 * - DeferredCancellerTests: deferred_cancel_test.ts
 * - LogTests: unhandled_test.ts
 * - DeferredListEmptyTests: deferred_list_test.ts
 * - OtherPrimitivesTests: deferred_lock_test.ts, deferred_semaphore_test.ts, deferred_queue_test.ts
 * - DeferredFilesystemLockTests: not applicable. The class wraps `twisted.python.lockfile`, a lock
 *   made of symbolic links for want of a portable lock in Python; `Deno.FsFile.lock()` is one, and
 *   a promise.
 * - DeferredAddTimeoutTests: deferred_timeout_test.ts
 * - EnsureDeferredTests: ensure_deferred_test.ts
 * - TimeoutErrorTests: not applicable. It tests the deprecation of `timeout()`, long replaced by
 *   addTimeout().
 * - DeferredFutureAdapterTests: deferred_promise_test.ts
 * - CoroutineContextVarsTests: not applicable. Context variables are Python's; JavaScript's
 *   AsyncContext is not there yet. What a callback needs, its closure holds.
 * - InlineCallbackTests: test_fromCoroutineRequiresCoroutine is in ensure_deferred_test.ts;
 *   test_coroutineNoCircularReference is not applicable, as no generator is driven here.
 *
 * And `test_defgen.py`: not applicable as a whole. It tests how inlineCallbacks drives a generator
 * through Deferreds that have fired, fail, or come later, and returnValue(). `async`/`await` is the
 * language's own, and all that is asked of a Deferred is to be awaitable: deferred_promise_test.ts.
 *
 * The property-based tests are in deferred_model_test.ts.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred } from "./deferred.ts";
import { AlreadyCalledError, NonErrorThrown } from "./errors.ts";
import { fail } from "./fail.ts";
import { gatherResults } from "./gather_results.ts";
import { succeed } from "./succeed.ts";

/** What has come out of a Deferred, synchronously. It is consumed. */
function outcomes(deferred: Deferred<unknown>): unknown[] {
  const seen: unknown[] = [];
  deferred.addBoth((outcome) => {
    seen.push(outcome);
  });
  return seen;
}

Deno.test("callback() runs a callback with the result, synchronously", () => {
  const seen: string[] = [];
  const deferred = new Deferred<string>();
  deferred.addCallback((text) => seen.push(text));
  assertEquals(seen, []);
  deferred.callback("hello");
  assertEquals(seen, ["hello"]);
});

Deno.test("addCallback() runs the callback at once if the result is there", () => {
  const seen: string[] = [];
  succeed("hello").addCallback((text) => seen.push(text));
  assertEquals(seen, ["hello"]);
});

Deno.test("addCallback(), addErrback() and addBoth() pass arguments on", () => {
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

Deno.test("a callback gets what the one before it returned", () => {
  const deferred = new Deferred<number>();
  const seen = outcomes(deferred.addCallback((n) => n + 1).addCallback((n) => `${n}`));
  deferred.callback(1);
  assertEquals(seen, ["2"]);
});

Deno.test("addErrback() gets what a callback threw, and its result is the next callback's", () => {
  const error = new Error("no");
  const deferred = new Deferred<number>();
  const skipped: unknown[] = [];
  const seen = outcomes(
    deferred
      .addCallback(() => {
        throw error;
      })
      .addCallback((value) => skipped.push(value))
      .addErrback((e) => {
        assertStrictEquals(e, error);
        return "recovered";
      }),
  );
  deferred.callback(1);
  assertEquals(skipped, []);
  assertEquals(seen, ["recovered"]);
});

Deno.test("addErrback() lets a result pass, addCallback() a failure", () => {
  const error = new Error("no");
  assertEquals(outcomes(succeed(1).addErrback(() => 2)), [1]);
  assertStrictEquals(outcomes(fail(error).addCallback(() => 2))[0], error);
});

Deno.test("addCallbacks() runs one of its functions, and not the errback for the callback", () => {
  const error = new Error("no");
  const both = (deferred: Deferred<number>): unknown[] =>
    outcomes(deferred.addCallbacks((n) => n + 1, (e) => e.message));
  assertEquals(both(succeed(1)), [2]);
  assertEquals(both(fail(error)), ["no"]);
  const thrown = succeed(1).addCallbacks(() => {
    throw error;
  }, () => 3);
  assertStrictEquals(outcomes(thrown)[0], error);
});

Deno.test("addCallbacks() lets pass what it has no function for", () => {
  const error = new Error("no");
  assertStrictEquals(outcomes(fail(error).addCallbacks((n) => n))[0], error);
  assertStrictEquals(outcomes(fail(error).addCallbacks((n) => n, null))[0], error);
  assertEquals(outcomes(succeed(1).addCallbacks(null, () => 2)), [1]);
  assertEquals(outcomes(succeed(1).addCallbacks(undefined, () => 2)), [1]);
});

Deno.test("addBoth() gets the result and the failure alike", () => {
  const error = new Error("no");
  assertEquals(outcomes(succeed(1).addBoth((outcome) => [outcome])), [[1]]);
  assertEquals(outcomes(fail(error).addBoth((outcome) => [outcome])), [[error]]);
});

Deno.test("an Error that is returned is a value", () => {
  const error = new Error("just a value");
  const seen: unknown[] = [];
  succeed(1)
    .addCallback(() => error)
    .addErrback(() => seen.push("errback"))
    .addCallback((value) => seen.push(value));
  assertEquals(seen, [error]);
  assertEquals(outcomes(fail(new Error("no")).addBoth((e) => e).addCallback((e) => [e])).length, 1);
});

Deno.test("what is thrown and is not an Error is the cause of a NonErrorThrown", () => {
  for (const thrown of ["text", 42, undefined, null, Symbol("s"), { a: 1 }, Object.create(null)]) {
    const [error] = outcomes(
      succeed(1).addCallback(() => {
        throw thrown;
      }),
    );
    assertInstanceOf(error, NonErrorThrown);
    assertStrictEquals(error.cause, thrown);
  }
});

Deno.test("callback() and errback() fire once", () => {
  const fired = (): Deferred<string>[] => {
    const failed = fail<string>(new Error("first"));
    failed.addErrback(() => "handled");
    return [succeed("first"), failed];
  };
  for (const deferred of fired()) {
    assertThrows(() => deferred.callback("twice"), AlreadyCalledError, "fired before");
  }
  for (const deferred of fired()) {
    assertThrows(() => deferred.errback(new Error("twice")), AlreadyCalledError, "fired before");
  }
});

Deno.test("callback() takes no Deferred and no promise", () => {
  for (const value of [new Deferred<number>(), Promise.resolve(1), { then: () => {} }]) {
    const deferred = new Deferred<unknown>();
    assertThrows(() => deferred.callback(value), TypeError, "return it from a callback");
    assertEquals(deferred.called, false);
  }
});

Deno.test("called tells whether it has been fired", () => {
  const deferred = new Deferred<void>();
  assertEquals(deferred.called, false);
  deferred.callback();
  assertEquals(deferred.called, true);
  assertEquals(deferred.addCallback(() => new Deferred<void>()).called, true);
});

Deno.test("pause() holds callbacks back until unpause() has been called as often", () => {
  const deferred = succeed(1);
  deferred.pause();
  deferred.pause();
  assertEquals(deferred.paused, 2);
  const seen = outcomes(deferred.addCallback((n) => n + 1));
  deferred.unpause();
  assertEquals(seen, []);
  deferred.unpause();
  assertEquals(seen, [2]);
});

Deno.test("pause() holds errbacks back", () => {
  const deferred = fail(new Error("no"));
  deferred.pause();
  const seen = outcomes(deferred.addErrback((error) => error.message));
  assertEquals(seen, []);
  deferred.unpause();
  assertEquals(seen, ["no"]);
});

Deno.test("pause() and unpause() before the result is there change nothing", () => {
  const deferred = new Deferred<number>();
  const seen = outcomes(deferred);
  deferred.pause();
  deferred.unpause();
  assertEquals(seen, []);
  deferred.callback(1);
  assertEquals(seen, [1]);
});

Deno.test("pause() inside a callback holds the next one back", () => {
  const deferred = new Deferred<number>();
  const seen = outcomes(deferred.addCallback((n) => {
    deferred.pause();
    return n;
  }));
  deferred.callback(1);
  assertEquals(seen, []);
  deferred.unpause();
  assertEquals(seen, [1]);
});

Deno.test("unpause() without a pause() throws", () => {
  assertThrows(() => new Deferred<void>().unpause(), RangeError, "without a pause()");
});

Deno.test("a callback added by a callback runs last, after that one has returned", () => {
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

Deno.test("a callback added by the only callback of a fired Deferred runs after it", () => {
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

Deno.test("a callback added by a callback makes the Deferred fail by throwing", () => {
  const error = new Error("no");
  const deferred = new Deferred<void>();
  deferred.addCallback(() => {
    deferred.addCallback(() => {
      throw error;
    });
  });
  deferred.callback();
  assertStrictEquals(outcomes(deferred)[0], error);
});

Deno.test("chainDeferred() fires the other one, and keeps undefined", () => {
  const error = new Error("no");
  for (const result of [1, error]) {
    const first = new Deferred<number>();
    const second = new Deferred<number>();
    const after = outcomes(first.chainDeferred(second));
    const seen = outcomes(second);
    if (typeof result === "number") first.callback(result);
    else first.errback(result);
    assertEquals(after, [undefined]);
    assertEquals(seen, [result]);
  }
});

Deno.test("a callback that returns a fired Deferred goes on with its result at once", () => {
  const inner = succeed("inner");
  assertEquals(outcomes(succeed(1).addCallback(() => inner)), ["inner"]);
  assertEquals(outcomes(inner), [undefined], "the result has been taken");
});

Deno.test("a callback that returns a failed Deferred goes on with its failure", () => {
  const error = new Error("no");
  const inner = fail(error);
  assertStrictEquals(outcomes(succeed(1).addCallback(() => inner))[0], error);
  assertEquals(outcomes(inner), [undefined], "the failure has been taken");
});

Deno.test("a callback that returns a Deferred holds the next one back until it fires", () => {
  const inner = new Deferred<string>();
  const outer = succeed(1).addCallback(() => inner);
  const after = outcomes(inner);
  const seen = outcomes(outer);
  assertEquals([seen, after], [[], []]);
  inner.callback("inner");
  assertEquals(seen, ["inner"]);
  assertEquals(after, [undefined], "callbacks added after the wait began get undefined");
});

Deno.test("a callback that returns a Deferred goes on with its later failure", () => {
  const error = new Error("no");
  const inner = new Deferred<string>();
  const seen = outcomes(succeed(1).addCallback(() => inner));
  const after = outcomes(inner);
  inner.errback(error);
  assertStrictEquals(seen[0], error);
  assertEquals(after, [undefined]);
});

Deno.test("an errback may return a Deferred", () => {
  const inner = new Deferred<string>();
  const seen = outcomes(fail(new Error("no")).addErrback(() => inner));
  assertEquals(seen, []);
  inner.callback("result");
  assertEquals(seen, ["result"]);
});

Deno.test("callbacks of the inner Deferred that are there when the wait begins run first", () => {
  const inner = new Deferred<number>();
  inner.addCallback((n) => n * 2);
  const seen = outcomes(succeed(1).addCallback(() => inner));
  inner.callback(21);
  assertEquals(seen, [42]);
});

Deno.test("a second Deferred that waits on the same one gets undefined", () => {
  const inner = new Deferred<number>();
  const first = outcomes(succeed(1).addCallback(() => inner));
  const second = outcomes(succeed(1).addCallback(() => inner));
  inner.callback(42);
  assertEquals(first, [42]);
  assertEquals(second, [undefined]);
});

Deno.test("a subclass is waited for, too", () => {
  class Special<T> extends Deferred<T> {}
  const inner = new Special<string>();
  const seen = outcomes(succeed(1).addCallback(() => inner));
  inner.callback("special");
  assertEquals(seen, ["special"]);
});

Deno.test("a Deferred waits for one that is paused, fired or not", () => {
  const unfired = new Deferred<number>();
  for (const inner of [succeed(42), unfired]) {
    inner.pause();
    const seen = outcomes(succeed(1).addCallback(() => inner));
    if (inner === unfired) unfired.callback(42);
    assertEquals(seen, []);
    inner.unpause();
    assertEquals(seen, [42]);
  }
});

Deno.test("a paused Deferred that waits does not hold back the one it waits on", () => {
  const first = new Deferred<void>();
  const second = new Deferred<number>();
  const waiting = outcomes(first.addCallback(() => second));
  first.callback();
  first.pause();
  second.callback(1);
  assertEquals(outcomes(second), [undefined]);
  assertEquals(waiting, []);
  first.unpause();
  assertEquals(waiting, [1]);
});

Deno.test("a Deferred paused in a line holds back those behind it, not those before it", () => {
  const [source, middle, last] = [new Deferred<number>(), succeed(), succeed()];
  const through = middle.addCallback(() => source);
  const seen = outcomes(last.addCallback(() => through));
  middle.pause();
  source.callback(42);
  assertEquals(outcomes(source), [undefined]);
  assertEquals(seen, []);
  middle.unpause();
  assertEquals(seen, [42]);
});

Deno.test("waiting is transitive, in whatever order the line is made", () => {
  const orders = [["middle", "last"], ["last", "middle"]];
  for (const order of orders) {
    const source = new Deferred<number>();
    const middle = new Deferred<void>();
    const last = new Deferred<void>();
    const through = middle.addCallback(() => source);
    const seen = outcomes(last.addCallback(() => through));
    for (const each of order) each === "middle" ? middle.callback() : last.callback();
    assertEquals(seen, []);
    source.callback(42);
    assertEquals(seen, [42]);
  }
});

Deno.test("callbacks added to the middle of a line get undefined, also once it is over", () => {
  const orders = [["middle", "last"], ["last", "middle"]];
  for (const order of orders) {
    const source = new Deferred<number>();
    const middle = new Deferred<void>();
    const last = new Deferred<void>();
    const through = middle.addCallback(() => source);
    const seen = outcomes(last.addCallback(() => through));
    for (const each of order) each === "middle" ? middle.callback() : last.callback();
    const before = outcomes(middle);
    source.callback(42);
    assertEquals(seen, [42]);
    assertEquals(before, [undefined]);
    assertEquals(outcomes(middle), [undefined]);
  }
});

Deno.test("a Deferred that waits may itself be waited for", () => {
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

Deno.test("those that wait come in their turn among the other callbacks", () => {
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

Deno.test("a Deferred returned from its own callback makes it fail", () => {
  const deferred = new Deferred<unknown>();
  const seen = outcomes(deferred.addCallback(() => deferred));
  deferred.callback(1);
  assertInstanceOf(seen[0], TypeError);
});

Deno.test("Deferreds that would wait for each other fail", () => {
  const [a, b, c] = [new Deferred<unknown>(), new Deferred<unknown>(), new Deferred<unknown>()];
  const seen = outcomes(a.addCallback(() => b));
  b.addCallback(() => c);
  c.addCallback(() => a);
  for (const each of [a, b, c]) each.callback(1);
  assertInstanceOf(seen[0], TypeError, "the failure of the last one reaches the first");
});

Deno.test("a Deferred returned while one of its callbacks runs is waited for", () => {
  const seen: unknown[] = [];
  const inner = new Deferred<number>();
  inner.addCallback((n) => {
    succeed().addCallback(() => inner).addCallback((n) => seen.push(n));
    return n + 1;
  });
  inner.callback(41);
  assertEquals(seen, [42]);
});

Deno.test("callbacks added to the middle of a line that is over run at once", () => {
  const [first, second, third] = [new Deferred<void>(), new Deferred<void>(), new Deferred<void>()];
  first.addCallback(() => second);
  second.addCallback(() => third);
  second.callback();
  first.callback();
  third.callback();
  assertEquals(outcomes(second), [undefined]);
});
