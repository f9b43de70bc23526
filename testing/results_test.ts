import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred, fail, succeed } from "../defer/mod.ts";
import { assertNoResult, failureResultOf, successResultOf, UnexpectedResult } from "./mod.ts";

Deno.test("successResultOf() returns the result, which the Deferred keeps", () => {
  const deferred = succeed(42);
  const result: number = successResultOf(deferred);
  assertEquals([result, successResultOf(deferred)], [42, 42]);
});

Deno.test("successResultOf() throws for a Deferred that has not fired, and leaves it usable", () => {
  const deferred = new Deferred<string>();
  assertThrows(
    () => successResultOf(deferred),
    UnexpectedResult,
    "Expected a result, but the Deferred has not fired",
  );
  deferred.callback("late");
  assertEquals(successResultOf(deferred), "late");
});

Deno.test("successResultOf() throws for a failure, and has it as the cause", () => {
  const reason = new RangeError("too far");
  const error = assertThrows(
    () => successResultOf(fail(reason)),
    UnexpectedResult,
    "Expected a result, but the Deferred failed with RangeError: too far",
  );
  assertStrictEquals(error.cause, reason);
});

Deno.test("failureResultOf() returns the error with the type of its class", () => {
  const reason = new RangeError("too far");
  const error: RangeError = failureResultOf(fail(reason), RangeError);
  assertStrictEquals(error, reason);
  assertStrictEquals(failureResultOf(fail(reason)), reason);
  assertInstanceOf(failureResultOf(fail(reason), TypeError, RangeError), RangeError);
});

Deno.test("failureResultOf() throws for another class, a success and a Deferred that has not fired", () => {
  assertThrows(
    () => failureResultOf(fail(new RangeError("too far")), TypeError),
    UnexpectedResult,
    "Expected a failure of class TypeError, but the Deferred failed with RangeError: too far",
  );
  assertThrows(
    () => failureResultOf(succeed("yes")),
    UnexpectedResult,
    "Expected a failure, but the Deferred succeeded with yes",
  );
  assertThrows(
    () => failureResultOf(new Deferred<void>()),
    UnexpectedResult,
    "Expected a failure, but the Deferred has not fired",
  );
});

Deno.test("assertNoResult() passes before a Deferred fires, and throws afterwards", () => {
  const deferred = new Deferred<string>();
  assertNoResult(deferred);
  deferred.callback("now");
  assertThrows(
    () => assertNoResult(deferred),
    UnexpectedResult,
    "Expected no result, but the Deferred succeeded with now",
  );
  assertEquals(successResultOf(deferred), "now");
});

Deno.test("assertNoResult() leaves a later failure to the Deferred's owner", () => {
  const deferred = new Deferred<string>();
  assertNoResult(deferred);
  const reason = new RangeError("late");
  deferred.errback(reason);
  assertStrictEquals(failureResultOf(deferred), reason);
  assertThrows(
    () => assertNoResult(fail(new RangeError("early"))),
    UnexpectedResult,
    "Expected no result, but the Deferred failed with RangeError: early",
  );
});
