/**
 * Twisted's `test_defer.py`, DeferredTests: test_maybeDeferredSync, test_maybeDeferredSyncWithArgs,
 * test_maybeDeferredSyncException, test_maybeDeferredAsync, test_maybeDeferredAsyncError,
 * test_maybeDeferredCoroutineSuccess, test_maybeDeferredCoroutineSuccessIndirect,
 * test_maybeDeferredCoroutineFailure.
 *
 * Not applicable: test_maybeDeferredSyncFailure, as an Error that is returned is a value.
 */

import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { execute, maybeDeferred } from "./execute.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";
import { failureResultOf, successResultOf } from "../testing/mod.ts";

for (const [name, call] of Object.entries({ execute, maybeDeferred })) {
  Deno.test(`${name}() passes arguments and returns the function's result`, () => {
    const result = {};
    assertStrictEquals(successResultOf(call(() => result)), result);
    assertEquals(successResultOf(call((n: number, m: number) => n + m, 10, 5)), 15);
  });

  Deno.test(`${name}() returns a failed Deferred for a thrown error`, () => {
    const error = new RangeError("not acceptable");
    assertStrictEquals(
      failureResultOf(call(() => {
        throw error;
      })),
      error,
    );
  });

  Deno.test(`${name}() treats an Error that the function returns as a value`, () => {
    const error = new Error("just a value");
    assertEquals(successResultOf(call(() => error).addCallback((value) => [value])), [error]);
  });

  Deno.test(`${name}() fires with the outcome of a Deferred that the function returns`, () => {
    const error = new Error("no");
    assertEquals(successResultOf(call(() => succeed("Success"))), "Success");
    assertStrictEquals(failureResultOf(call(() => fail(error))), error);
  });

  Deno.test(`${name}() fires with the outcome of a promise that the function returns`, async () => {
    const error = new Error("no");
    // deno-lint-ignore require-await -- an async function is the subject
    const deferred = call(async () => 7);
    assertEquals(await deferred.addCallback((n) => n + 1), 8);
    assertStrictEquals(await call(() => Promise.reject(error)).addErrback((e) => e), error);
  });
}

Deno.test("maybeDeferred() returns the Deferred that the function returned", () => {
  const deferred = succeed(1);
  assertStrictEquals(maybeDeferred(() => deferred), deferred);
});

Deno.test("execute() returns a new Deferred, which takes the returned Deferred's result", () => {
  const deferred = succeed(1);
  const executed = execute(() => deferred);
  assertNotStrictEquals(executed, deferred);
  assertEquals(successResultOf(deferred), undefined);
  assertEquals(successResultOf(executed), 1);
});
