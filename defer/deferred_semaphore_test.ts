/**
 * Twisted's `test_defer.py`, OtherPrimitivesTests: testSemaphore, test_semaphoreInvalidTokens,
 * test_cancelSemaphoreAfterAcquired, test_cancelSemaphoreBeforeAcquired.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Deferred } from "./deferred.ts";
import { DeferredSemaphore } from "./deferred_semaphore.ts";
import { CancelledError } from "./errors.ts";
import { failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

Deno.test("DeferredSemaphore.acquire() fires once per token, in order", () => {
  const N = 13;
  const semaphore = new DeferredSemaphore(N);
  let acquired = 0;
  const count = (): void => {
    acquired++;
  };
  for (let i = 1; i <= N; i++) {
    semaphore.acquire().addCallback(count);
    assertEquals([acquired, semaphore.tokens], [i, N - i]);
  }
  const cancelled = semaphore.acquire();
  cancelled.cancel();
  failureResultOf(cancelled, CancelledError);
  semaphore.acquire().addCallback(count);
  assertEquals([acquired, semaphore.waiting.length], [N, 1]);
  semaphore.release();
  assertEquals(acquired, N + 1);
  for (let i = 1; i <= N; i++) {
    semaphore.release();
    assertEquals([acquired, semaphore.tokens], [N + 1, i]);
  }
  assertEquals(semaphore.limit, N);
  assertThrows(
    () => semaphore.release(),
    RangeError,
    "Cannot release the DeferredSemaphore: it is not acquired",
  );
});

Deno.test("DeferredSemaphore.run() holds a token while the function runs", () => {
  const semaphore = new DeferredSemaphore(2);
  const control = new Deferred<string>();
  const given: unknown[] = [];
  const seen = outcomes(semaphore.run((arg: string) => {
    given.push(arg);
    return control;
  }, "argument"));
  assertEquals([given, seen, semaphore.tokens], [["argument"], [], 1]);
  control.callback("result");
  assertEquals([seen, semaphore.tokens], [["result"], 2]);
});

Deno.test("DeferredSemaphore rejects tokens that are not integers of at least 1", () => {
  for (const tokens of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => new DeferredSemaphore(tokens), RangeError, `got ${tokens}`);
  }
});

Deno.test("DeferredSemaphore.acquire() ignores cancel() after it has fired", () => {
  const semaphore = new DeferredSemaphore(1);
  const acquired = semaphore.acquire();
  acquired.cancel();
  assertStrictEquals(successResultOf(acquired), semaphore);
  assertEquals(semaphore.tokens, 0);
});

Deno.test("DeferredSemaphore is released by `using` at the end of the scope", async () => {
  const semaphore = new DeferredSemaphore(2);
  {
    using _token = await semaphore.acquire();
    assertEquals(semaphore.tokens, 1);
  }
  assertEquals(semaphore.tokens, 2);
});

Deno.test("DeferredSemaphore.run() runs all functions in order, within the limit", () => {
  const step = fc.oneof(
    fc.constant({ kind: "run" as const }),
    fc.record({ kind: fc.constant("finish" as const), which: fc.nat() }),
    fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }),
  );
  const property = fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step), (limit, steps) => {
    const semaphore = new DeferredSemaphore(limit);
    const started: number[] = [];
    const runs: Deferred<void>[] = [];
    const jobs = new Map<number, Deferred<void>>();
    const cancelledInLine = new Set<number>();
    for (const each of steps) {
      if (each.kind === "run") {
        const n = runs.length;
        runs.push(
          semaphore.run(() => {
            started.push(n);
            const job = new Deferred<void>();
            jobs.set(n, job);
            return job.addBoth(() => {
              jobs.delete(n);
            });
          }).addErrback(() => {}),
        );
      } else if (each.kind === "finish") {
        const job = [...jobs.values()][each.which % Math.max(jobs.size, 1)];
        job?.callback();
      } else {
        const n = each.which % Math.max(runs.length, 1);
        if (!started.includes(n) && runs.length > 0) cancelledInLine.add(n);
        runs[n]?.cancel();
      }
      assert(jobs.size <= limit);
      assertEquals(semaphore.tokens, limit - jobs.size);
    }
    while (jobs.size > 0) [...jobs.values()][0]?.callback();
    const all = runs.map((_, n) => n).filter((n) => !cancelledInLine.has(n));
    assertEquals(started, all);
    assertEquals(semaphore.waiting, []);
  });
  fc.assert(property, { seed: 20100819, numRuns: 300 });
});
