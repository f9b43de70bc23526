/**
 * Real threads whose tasks fail in every possible way. The pool and the program must survive, and
 * the caller must receive an error.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { wrongs } from "../../../testing/fixtures/failing_tasks.ts";
import { CancelledError } from "../../../defer/errors.ts";
import { LoggedErrors } from "../../../testing/logged_errors.ts";
import { deferToThreadPool } from "../../threads/defer_to_thread.ts";
import { ThreadOutOfMemory } from "../../threads/errors.ts";
import { ThreadPool } from "../../threads/thread_pool.ts";
import { workerModule } from "../../threads/worker_task.ts";
import { startDenoThread } from "./thread.ts";

const tasks = workerModule<typeof import("../../../testing/fixtures/thread_tasks.ts")>(
  new URL("../../../testing/fixtures/thread_tasks.ts", import.meta.url),
);

const failing = workerModule<typeof import("../../../testing/fixtures/failing_tasks.ts")>(
  new URL("../../../testing/fixtures/failing_tasks.ts", import.meta.url),
);

/** Runs `f` with a pool of at most one thread. */
async function pooled(maxHeapSize: number, f: (pool: ThreadPool) => Promise<void>): Promise<void> {
  using _errors = new LoggedErrors();
  using pool = new ThreadPool({ max: 1, maxHeapSize, startThread: startDenoThread });
  pool.start();
  await f(pool);
}

const MIB = 2 ** 20;

Deno.test("deferToThreadPool() fails for every odd value a task throws or returns, and continues", () =>
  pooled(512 * MIB, async (pool) => {
    assert(wrongs.length > 20);
    for (const how of wrongs) {
      const outcome = await deferToThreadPool(pool, failing.task("goWrong"), how)
        .addCallbacks(() => "a result", (error) => error);
      assert(outcome instanceof Error, `${how}: ${String(outcome)}`);
      assert(outcome.message !== undefined && String(outcome) !== "", how);
      assertEquals(await deferToThreadPool(pool, tasks.task("add"), 1, 2), 3, how);
    }
    const { idleWorkerCount, busyWorkerCount, endingWorkerCount } = pool.statistics();
    assertEquals([idleWorkerCount, busyWorkerCount, endingWorkerCount], [1, 0, 0]);
  }));

Deno.test("deferToThreadPool() terminates a cancelled task whose thenable never settles", () =>
  pooled(512 * MIB, async (pool) => {
    const begun = Promise.withResolvers<void>();
    const never = deferToThreadPool(pool, failing.task("neverSettle"), begun.resolve);
    await begun.promise;
    never.cancel();
    assertInstanceOf(await never.addErrback((error: Error) => error), CancelledError);
    assertEquals(await deferToThreadPool(pool, tasks.task("countInModule")), 1);
  }));

const wheres = [
  "at once",
  "after an await",
  "in a timer",
  "in a microtask",
  "in strings",
  "in a copy",
] as const;
for (const where of wheres) {
  Deno.test(`deferToThreadPool() fails with ThreadOutOfMemory if the heap is full ${where}`, () =>
    pooled(32 * MIB, async (pool) => {
      const full = deferToThreadPool(pool, tasks.task("exhaust"), where);
      const next = deferToThreadPool(pool, tasks.task("countInModule"));
      const error = await full.addErrback((error: Error) => error);
      assertInstanceOf(error, ThreadOutOfMemory);
      assertEquals(await next, 1);
    }));
}
