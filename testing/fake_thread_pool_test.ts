import { assertEquals, assertStrictEquals } from "@std/assert";
import { EventLoggingObserver, FakeThreadPool } from "./mod.ts";

const task = { module: "node:path", export: "basename" };

Deno.test("FakeThreadPool.callInThreadWithCallback() passes the outcome to the callback", () => {
  const pool = new FakeThreadPool();
  const outcomes: unknown[] = [];
  const onResult = (...outcome: unknown[]): void => void outcomes.push(outcome);
  const call = pool.callInThreadWithCallback(onResult, task, "/tmp/a");
  pool.callInThreadWithCallback(onResult, task, "/tmp/b");
  const failure = new RangeError("not today");
  pool.calls[0]?.succeed("a");
  pool.calls[1]?.fail(failure);
  assertEquals(outcomes, [[true, "a"], [false, failure]]);
  assertStrictEquals(pool.calls[0], call);
});

Deno.test("FakeThreadPool discards the outcome of a cancelled task", () => {
  const pool = new FakeThreadPool();
  const outcomes: unknown[] = [];
  const call = pool.callInThreadWithCallback(
    (...outcome) => outcomes.push(outcome),
    task,
    "/tmp/a",
  );
  call.cancel();
  call.cancel();
  pool.calls[0]?.succeed("a");
  pool.calls[0]?.fail(new Error("late"));
  assertEquals([outcomes, pool.calls[0]?.isCancelled, pool.calls[0]?.isPending], [[], true, false]);
});

Deno.test("FakeThreadPool.callInThread() logs the error of its task", () => {
  const pool = new FakeThreadPool();
  pool.callInThread(task, "/tmp/a");
  pool.callInThread(task, "/tmp/b");
  const failure = new RangeError("not today");
  using events = EventLoggingObserver.createWithCleanup({ level: "error" });
  pool.calls[0]?.fail(failure);
  pool.calls[1]?.succeed();
  assertEquals([...events].map((event) => [event.why, event.failure]), [
    ["Error in the task basename", failure],
  ]);
});

Deno.test("FakeThreadPool.adjustPoolsize() stores the limits", () => {
  const pool = new FakeThreadPool();
  assertEquals([pool.min, pool.max, pool.started], [0, 10, true]);
  pool.adjustPoolsize({ min: 2 });
  pool.adjustPoolsize({ max: 4 });
  assertEquals([pool.min, pool.max, pool.limits], [2, 4, { min: 2, max: 4 }]);
});
