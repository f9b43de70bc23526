/**
 * Twisted's `test_defer.py`, OtherPrimitivesTests: testQueue, test_cancelQueueAfterSynchronousGet,
 * test_cancelQueueAfterGet.
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Deferred } from "./deferred.ts";
import { DeferredQueue } from "./deferred_queue.ts";
import { CancelledError, QueueOverflow, QueueUnderflow } from "./errors.ts";
import { failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

Deno.test("DeferredQueue.get() returns objects in order, before or after put()", () => {
  const queue = new DeferredQueue<number>({ size: 2, backlog: 2 });
  const gotten: number[] = [];
  const keep = (n: number): void => {
    gotten.push(n);
  };
  queue.get().addCallback(keep);
  queue.get().addCallback(keep);
  assertThrows(() => queue.get(), QueueUnderflow, "its backlog of 2 waiting calls is full");
  assertEquals(queue.waiting.length, 2);
  queue.put(0);
  queue.put(1);
  assertEquals(gotten, [0, 1]);
  queue.put(2);
  queue.put(3);
  assertEquals(gotten, [0, 1]);
  assertThrows(() => queue.put(4), QueueOverflow, "its size of 2 objects is full");
  assertEquals(queue.pending, [2, 3]);
  queue.get().addCallback(keep);
  queue.get().addCallback(keep);
  assertEquals(gotten, [0, 1, 2, 3]);
});

Deno.test("DeferredQueue has default limits of 100,000 objects and 100,000 waiting calls", () => {
  const queue = new DeferredQueue<number>();
  assertEquals([queue.size, queue.backlog], [100_000, 100_000]);
  for (let i = 0; i < 100_000; i++) queue.get();
  assertThrows(() => queue.get(), QueueUnderflow, "its backlog of 100000 waiting calls is full");
  for (let i = 0; i < 200_000; i++) queue.put(i);
  assertThrows(() => queue.put(0), QueueOverflow, "its size of 100000 objects is full");
});

Deno.test("DeferredQueue has no limits if size and backlog are Infinity", () => {
  const queue = new DeferredQueue<number>({ size: Infinity, backlog: Infinity });
  const gotten: number[] = [];
  for (let i = 0; i < 1000; i++) queue.get().addCallback((n) => gotten.push(n));
  for (let i = 0; i < 2000; i++) queue.put(i);
  assertEquals([gotten.length, queue.pending.length], [1000, 1000]);
});

Deno.test("DeferredQueue with a limit of 0 accepts no object or waiting call", () => {
  assertThrows(() => new DeferredQueue<number>({ size: 0 }).put(1), QueueOverflow);
  assertThrows(() => new DeferredQueue<number>({ backlog: 0 }).get(), QueueUnderflow);
});

Deno.test("DeferredQueue rejects limits that are negative or not numbers", () => {
  for (const size of [-1, NaN]) {
    assertThrows(
      () => new DeferredQueue({ size }),
      RangeError,
      `its size must be at least 0, got ${size}`,
    );
    assertThrows(
      () => new DeferredQueue({ backlog: size }),
      RangeError,
      "backlog must be at least 0",
    );
  }
});

Deno.test("DeferredQueue.put() throws for promises, and keeps the waiting calls", () => {
  const queue = new DeferredQueue<unknown>();
  const outcome = queue.get();
  assertThrows(() => queue.put(Promise.resolve(1)), TypeError, "wait for it first");
  assertThrows(() => queue.put(new Deferred<void>()), TypeError);
  queue.put("object");
  assertEquals(successResultOf(outcome), "object");
});

Deno.test("DeferredQueue.get() ignores cancel() after it has fired", () => {
  const queue = new DeferredQueue<string>();
  const gotten = queue.get();
  queue.put("object");
  gotten.cancel();
  assertEquals(successResultOf(gotten), "object");
});

Deno.test("DeferredQueue.get() that is cancelled leaves its object to the next call", () => {
  const queue = new DeferredQueue<string>({ backlog: 1 });
  const gotten = queue.get();
  gotten.cancel();
  failureResultOf(gotten, CancelledError);
  const next = queue.get();
  queue.put("object");
  assertEquals(successResultOf(next), "object");
});

Deno.test("DeferredQueue.get() with a signal ends the wait, and keeps a received object", () => {
  const queue = new DeferredQueue<string>();
  const controller = new AbortController();
  const waiting = queue.get({ signal: controller.signal });
  controller.abort("enough");
  failureResultOf(waiting, CancelledError);
  queue.put("object");
  const late = outcomes(queue.get({ signal: controller.signal }));
  assertInstanceOf(late[0], CancelledError);
  assertEquals([late[0].cause, queue.pending], ["enough", ["object"]]);
});

Deno.test("DeferredQueue delivers each object once, in order, despite cancellations", () => {
  const step = fc.oneof(
    fc.constant({ kind: "put" as const }),
    fc.constant({ kind: "get" as const }),
    fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }),
  );
  const limits = fc.record({ size: fc.nat({ max: 3 }), backlog: fc.nat({ max: 3 }) });
  const property = fc.property(limits, fc.array(step), (options, steps) => {
    const queue = new DeferredQueue<number>(options);
    const pending: number[] = [];
    const waiting: Deferred<void>[] = [];
    const [gotten, expected]: [number[], number[]] = [[], []];
    for (const [n, each] of steps.entries()) {
      if (each.kind === "put") {
        const full = waiting.length === 0 && pending.length === options.size;
        if (full) {
          assertThrows(() => queue.put(n), QueueOverflow);
          continue;
        }
        if (waiting.shift() === undefined) pending.push(n);
        else expected.push(n);
        queue.put(n);
      } else if (each.kind === "get") {
        const empty = pending.length === 0 && waiting.length === options.backlog;
        if (empty) {
          assertThrows(() => queue.get(), QueueUnderflow);
          continue;
        }
        const got = queue.get().addCallback((object) => {
          gotten.push(object);
        }).addErrback(() => {});
        const object = pending.shift();
        if (object === undefined) waiting.push(got);
        else expected.push(object);
      } else {
        const [cancelled] = waiting.splice(each.which % Math.max(waiting.length, 1), 1);
        cancelled?.cancel();
      }
      assertEquals(gotten, expected);
      assertEquals(queue.pending, pending);
      assertEquals(queue.waiting.length, waiting.length);
    }
  });
  fc.assert(property, { seed: 20100819, numRuns: 300 });
});
