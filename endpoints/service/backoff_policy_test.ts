/** Twisted's `test/test_application.py`, `BackoffPolicyTests`: all three, and further cases. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { backoffPolicy, type BackoffPolicyOptions } from "./mod.ts";

const one = () => 1;

Deno.test("backoffPolicy() multiplies the wait by the factor up to maxDelay, and adds jitter", () => {
  const policy = backoffPolicy({ initialDelay: 1, maxDelay: 60, factor: 1.5, jitter: one });
  assertEquals([0, 1].map(policy), [2, 2.5]);
  assertAlmostEquals(policy(10), 58.6650390625);
  assertEquals([20, 100].map(policy), [61, 61]);
});

Deno.test("backoffPolicy() returns a wait for any number of failures", () => {
  const policy = backoffPolicy({ jitter: one });
  assertEquals([1751, 1_000_000, Infinity].map(policy), [61, 61, 61]);
});

Deno.test("backoffPolicy() returns maxDelay when the wait overflows, also with factor and delay 0", () => {
  assertEquals(backoffPolicy({ factor: 1e10, jitter: one })(1751), 61);
  assertEquals(backoffPolicy({ initialDelay: 0, factor: 1e10, jitter: one })(1751), 61);
});

Deno.test("backoffPolicy() waits min(1.5 ** n, 60) seconds plus up to one second by default", () => {
  const policy = backoffPolicy();
  for (const [failures, wait] of [[1, 1.5], [2, 2.25], [50, 60]] as const) {
    const waits = Array.from({ length: 50 }, () => policy(failures));
    assert(waits.every((each) => each >= wait && each < wait + 1));
    assert(new Set(waits).size > 1);
  }
});

Deno.test("backoffPolicy() passes the wait to jitter, which may shorten it", () => {
  const policy = backoffPolicy({ factor: 2, jitter: (delay) => -delay / 4 });
  assertEquals([1, 2, 3].map(policy), [1.5, 3, 6]);
});

Deno.test("backoffPolicy() throws for options that are out of range", () => {
  for (const wrong of [-1, NaN, Infinity]) {
    assertThrows(() => backoffPolicy({ initialDelay: wrong }), RangeError, "initialDelay");
    assertThrows(() => backoffPolicy({ maxDelay: wrong }), RangeError, "maxDelay");
  }
  for (const wrong of [-1, 0, NaN]) {
    assertThrows(
      () => backoffPolicy({ factor: wrong }),
      RangeError,
      `backoffPolicy() factor must be more than 0, got ${wrong}`,
    );
  }
  // The types reject this option.
  const text = { factor: "2" } as unknown as BackoffPolicyOptions;
  assertThrows(
    () => backoffPolicy(text),
    TypeError,
    'backoffPolicy() factor must be a number, got "2"',
  );
});
