/**
 * Twisted's `test_defer.py`, FirstErrorTests: test_repr and test_str (the message).
 *
 * Not applicable: test_comparison, as JavaScript has no comparison of objects to be defined.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as errors from "./errors.ts";

Deno.test("Error classes of defer/ extend Error, and have their class name as `name`", () => {
  const { FirstError, FailureGroup, ...simple } = errors;
  const made: Error[] = Object.values(simple).map((Class) => new Class("message"));
  made.push(new FirstError(new Error("no"), 0), new FailureGroup([]));
  for (const error of made) {
    assertInstanceOf(error, Error);
    assertEquals(error.name, error.constructor.name);
    assertEquals(String(error), `${error.name}: ${error.message}`);
  }
  assertEquals(made.length, 9);
});

Deno.test("FirstError has the failed Deferred's index and failure", () => {
  const subFailure = new RangeError("some text");
  const error = new errors.FirstError(subFailure, 3);
  assertEquals(error.message, "Deferred #3 failed: some text");
  assertEquals(error.index, 3);
  assertStrictEquals(error.subFailure, subFailure);
  assertStrictEquals(error.cause, subFailure);
});

Deno.test("FailureGroup is an AggregateError of all failures", () => {
  const failures = [new Error("one"), new Error("two")];
  const error = new errors.FailureGroup(failures);
  assertInstanceOf(error, AggregateError);
  assertEquals(error.failures, failures);
  assertEquals(error.errors, failures);
  assertEquals(error.message, "All of 2 Deferreds failed");
});
