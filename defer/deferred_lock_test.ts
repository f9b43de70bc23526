/**
 * Twisted's `test_defer.py`, OtherPrimitivesTests: testLock, test_cancelLockAfterAcquired,
 * test_cancelLockBeforeAcquired. The part of testLock that calls run() without a function is not
 * applicable: the types do not allow it.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Deferred } from "./deferred.ts";
import { DeferredLock } from "./deferred_lock.ts";
import { DeferredSemaphore } from "./deferred_semaphore.ts";
import { CancelledError, TooManyWaiters } from "./errors.ts";
import { gatherResults } from "./gather_results.ts";
import { failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

Deno.test("DeferredLock.acquire() fires with the lock, one call at a time, in order", () => {
  const lock = new DeferredLock();
  const turns: string[] = [];
  assertEquals(lock.locked, false);
  assertStrictEquals(successResultOf(lock.acquire()), lock);
  lock.acquire().addCallback(() => turns.push("second"));
  lock.acquire().addCallback(() => turns.push("third"));
  assertEquals([lock.locked, turns, lock.waiting.length], [true, [], 2]);
  lock.release();
  assertEquals([lock.locked, turns], [true, ["second"]]);
  lock.release();
  assertEquals([lock.locked, turns], [true, ["second", "third"]]);
  lock.release();
  assertEquals([lock.locked, lock.waiting], [false, []]);
});

Deno.test("DeferredLock.release() throws if the lock is not acquired", () => {
  const lock = new DeferredLock();
  assertThrows(
    () => lock.release(),
    RangeError,
    "Cannot release the DeferredLock: it is not acquired",
  );
  lock.acquire();
  lock.release();
  assertThrows(
    () => lock.release(),
    RangeError,
    "Cannot release the DeferredLock: it is not acquired",
  );
  assertEquals(lock.locked, false);
});

Deno.test("DeferredLock.run() holds the lock until the function's Deferred has fired", () => {
  const lock = new DeferredLock();
  const control = new Deferred<string>();
  const given: unknown[] = [];
  const seen = outcomes(lock.run(
    (...args: string[]) => {
      given.push(...args);
      return control;
    },
    "one",
    "two",
  ));
  assertEquals(given, ["one", "two"]);
  const next = outcomes(lock.acquire());
  assertEquals([lock.locked, seen, next], [true, [], []]);
  control.callback("result");
  assertEquals(seen, ["result"]);
  assertEquals(next.length, 1);
  lock.release();
  assertEquals(lock.locked, false);
});

Deno.test("DeferredLock.run() releases the lock after an error or a failed Deferred", () => {
  const lock = new DeferredLock();
  const error = new Error("no");
  const thrown = lock.run((): never => {
    throw error;
  });
  assertStrictEquals(failureResultOf(thrown), error);
  assertEquals(lock.locked, false);
  const control = new Deferred<void>();
  const failed = lock.run(() => control);
  control.errback(error);
  assertStrictEquals(failureResultOf(failed), error);
  assertEquals(lock.locked, false);
});

Deno.test("DeferredLock.run() accepts async functions and plain return values", async () => {
  const lock = new DeferredLock();
  // deno-lint-ignore require-await -- an async function is the subject
  const both = gatherResults([lock.run(async () => 1), lock.run(() => 2)]);
  assertEquals(await both, [1, 2]);
  assertEquals(lock.locked, false);
});

Deno.test("DeferredLock.acquire() ignores cancel() after it has fired", () => {
  const lock = new DeferredLock();
  const acquired = lock.acquire();
  acquired.cancel();
  assertStrictEquals(successResultOf(acquired), lock);
  assertEquals(lock.locked, true);
});

Deno.test("DeferredLock.acquire() that is cancelled leaves the queue, at any position", () => {
  const lock = new DeferredLock();
  lock.acquire();
  const line = [lock.acquire(), lock.acquire(), lock.acquire()];
  const seen = line.map(outcomes);
  line[1]?.cancel();
  assertInstanceOf(seen[1]?.[0], CancelledError);
  assertEquals(lock.waiting.length, 2);
  lock.release();
  lock.release();
  assertEquals([seen[0]?.length, seen[2]?.length], [1, 1]);
});

Deno.test("DeferredLock.run() that is cancelled leaves the queue, or cancels its function", () => {
  const lock = new DeferredLock();
  let calls = 0;
  const running = lock.run(() => {
    calls++;
    return new Deferred<void>();
  });
  const waiting = lock.run(() => calls++);
  waiting.cancel();
  failureResultOf(waiting, CancelledError);
  running.cancel();
  failureResultOf(running, CancelledError);
  assertEquals([calls, lock.locked], [1, false]);
});

Deno.test("DeferredLock.acquire() with a signal ends the wait, and keeps an acquired lock", () => {
  const lock = new DeferredLock();
  const controller = new AbortController();
  const { signal } = controller;
  const held = lock.acquire({ signal });
  const waiting = outcomes(lock.acquire({ signal }));
  controller.abort("enough");
  assertStrictEquals(successResultOf(held), lock);
  assertInstanceOf(waiting[0], CancelledError);
  assertEquals(waiting[0].cause, "enough");
  assertEquals([lock.locked, lock.waiting.length], [true, 0]);
  lock.release();
  const late = outcomes(lock.acquire({ signal }));
  assertInstanceOf(late[0], CancelledError);
  assertEquals([late[0].cause, lock.locked], ["enough", false]);
});

Deno.test("DeferredLock is released by `using` at the end of the scope", async () => {
  const lock = new DeferredLock();
  const order: string[] = [];
  async function turn(name: string, inside: Promise<void>): Promise<void> {
    using held = await lock.acquire();
    order.push(`${name} begins`);
    await inside;
    order.push(`${name} ends`);
    assertStrictEquals(held, lock);
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const turns = [turn("first", promise), turn("second", Promise.resolve())];
  resolve();
  await Promise.all(turns);
  assertEquals(order, ["first begins", "first ends", "second begins", "second ends"]);
  assertEquals(lock.locked, false);
});

Deno.test("DeferredLock.run() serves 10,000 waiting calls without recursion", () => {
  const lock = new DeferredLock();
  lock.acquire();
  const order: number[] = [];
  for (let i = 0; i < 10_000; i++) lock.run(() => order.push(i));
  lock.release();
  assertEquals(order.length, 10_000);
  assertEquals(order.slice(-2), [9998, 9999]);
  assertEquals(lock.locked, false);
});

Deno.test("DeferredLock.acquire() in a callback of release() queues behind waiting calls", () => {
  const lock = new DeferredLock();
  const order: string[] = [];
  lock.acquire();
  lock.run(() => {
    order.push("first");
    lock.run(() => order.push("third"));
  });
  lock.run(() => order.push("second"));
  lock.release();
  assertEquals(order, ["first", "second", "third"]);
});

for (const fails of [false, true]) {
  const name = fails ? "failure" : "result";
  Deno.test(`DeferredLock.run() starts the next waiting call before it delivers the ${name}`, () => {
    const seen: string[] = [];
    const lock = new DeferredLock();
    const run = (n: number): void => {
      const deferred = lock.run(() => {
        seen.push(`run ${n}`);
        if (fails) throw new Error(`failure ${n}`);
        return `result ${n}`;
      });
      deferred.addBoth((outcome) => {
        seen.push(outcome instanceof Error ? outcome.message : outcome);
      });
    };
    lock.acquire();
    for (const n of [1, 2, 3]) run(n);
    lock.release();
    assertEquals(seen, ["run 1", "run 2", `${name} 1`, "run 3", `${name} 2`, `${name} 3`]);
    assertEquals(lock.locked, false);
  });
}

Deno.test("DeferredLock.run() keeps its result if cancelled while the next call runs", () => {
  const lock = new DeferredLock();
  lock.acquire();
  const first = lock.run(() => "result");
  const seen = outcomes(first);
  lock.run(() => first.cancel());
  lock.release();
  assertEquals([seen, lock.locked], [["result"], false]);
});

Deno.test("DeferredLock.acquire() fails with TooManyWaiters when the backlog is full", () => {
  for (const lock of [new DeferredLock({ backlog: 1 }), new DeferredSemaphore(1, { backlog: 1 })]) {
    lock.acquire();
    const waiting = outcomes(lock.acquire());
    const failed = [lock.acquire(), lock.run(() => 1)].flatMap(outcomes);
    for (const error of failed) assertInstanceOf(error, TooManyWaiters);
    assertEquals(
      failed.map(String)[0],
      `TooManyWaiters: Cannot acquire the ${lock.constructor.name}: its backlog of 1 waiting calls is full`,
    );
    lock.release();
    lock.release();
    assertEquals([failed.length, waiting], [2, [lock]]);
  }
  assertEquals(new DeferredLock().backlog, 100_000);
  assertThrows(() => new DeferredLock({ backlog: -1 }), RangeError, "backlog must be at least 0");
});
