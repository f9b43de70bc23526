/** Real threads whose tasks are cancelled. Deno does not interrupt their computations. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { CancelledError } from "../../../defer/errors.ts";
import { Clock } from "../../../task/clock.ts";
import { LoggedErrors } from "../../../testing/logged_errors.ts";
import { deferToThreadPool } from "../../threads/defer_to_thread.ts";
import { ThreadPoolStuck } from "../../threads/errors.ts";
import { ThreadPool } from "../../threads/thread_pool.ts";
import { workerModule } from "../../threads/worker_task.ts";
import type { StartThread } from "../../threads/worker_thread.ts";
import { startDenoThread } from "./thread.ts";

const tasks = workerModule<typeof import("../../../testing/fixtures/thread_tasks.ts")>(
  new URL("../../../testing/fixtures/thread_tasks.ts", import.meta.url),
);

const errorOf = (error: Error): Error => error;

/** A pool of one real thread, with a fake clock. */
class ConnectionFixture implements Disposable {
  readonly clock = new Clock();
  readonly pool: ThreadPool;
  readonly shared = new Int32Array(new SharedArrayBuffer(4));
  readonly #errors = new LoggedErrors();
  readonly #ended: (() => void)[] = [];

  constructor() {
    const startThread: StartThread = (events, options) => {
      const ended = (error: Error): void => {
        events.ended(error);
        this.#ended.shift()?.();
      };
      return startDenoThread({ ...events, ended }, options);
    };
    this.pool = new ThreadPool({ max: 1, clock: this.clock, startThread });
    this.pool.start();
  }

  /** Starts a task that computes until {@linkcode release}, and cancels it. */
  async cancelComputing(): Promise<void> {
    const begun = Promise.withResolvers<void>();
    const task = tasks.task("computeUntil");
    const call = deferToThreadPool(this.pool, task, this.shared, begun.resolve);
    await begun.promise;
    call.cancel();
    assertInstanceOf(await call.addErrback(errorOf), CancelledError);
  }

  /** Lets the computing task return. */
  release(): void {
    Atomics.store(this.shared, 0, 1);
  }

  /** Resolves when the next thread has stopped. */
  threadEnded(): Promise<void> {
    return new Promise((resolve) => this.#ended.push(resolve));
  }

  [Symbol.dispose](): void {
    this.release();
    this.pool.stop();
    this.#errors[Symbol.dispose]();
  }
}

Deno.test("ThreadPool counts the thread of a cancelled task against max until it returns", async () => {
  using fixture = new ConnectionFixture();
  await fixture.cancelComputing();
  const next = deferToThreadPool(fixture.pool, tasks.task("add"), 1, 2);
  const { busyWorkerCount, endingWorkerCount, backloggedWorkCount } = fixture.pool.statistics();
  assertEquals([busyWorkerCount, endingWorkerCount, backloggedWorkCount], [0, 1, 1]);
  fixture.release();
  assertEquals(await next, 3);
  assertEquals(fixture.pool.statistics().endingWorkerCount, 0);
});

Deno.test("ThreadPool refuses tasks while its only thread is stuck, and accepts them afterwards", async () => {
  using fixture = new ConnectionFixture();
  await fixture.cancelComputing();
  const waiting = deferToThreadPool(fixture.pool, tasks.task("add"), 1, 2);
  fixture.clock.advance(5);
  assertInstanceOf(await waiting.addErrback(errorOf), ThreadPoolStuck);
  const refused = deferToThreadPool(fixture.pool, tasks.task("add"), 1, 2);
  assertInstanceOf(await refused.addErrback(errorOf), ThreadPoolStuck);
  // Only the computing thread keeps the program alive now.
  const ended = fixture.threadEnded();
  const holding = setInterval(() => {}, 1000);
  fixture.release();
  await ended;
  clearInterval(holding);
  assertEquals(await deferToThreadPool(fixture.pool, tasks.task("add"), 1, 2), 3);
});

Deno.test("currentTask().throwIfCancelled() stops a computing task, and its thread stays in use", async () => {
  using fixture = new ConnectionFixture();
  assertEquals(await deferToThreadPool(fixture.pool, tasks.task("countInModule")), 1);
  const begun = Promise.withResolvers<void>();
  const forever = deferToThreadPool(fixture.pool, tasks.task("computeWatching"), begun.resolve);
  await begun.promise;
  forever.cancel();
  assertInstanceOf(await forever.addErrback(errorOf), CancelledError);
  // The count shows that the same thread ran this task, with the state of its modules.
  assertEquals(await deferToThreadPool(fixture.pool, tasks.task("countInModule")), 2);
});

Deno.test("currentTask().signal lets a cancelled task clean up, and its thread stays in use", async () => {
  using fixture = new ConnectionFixture();
  assertEquals(await deferToThreadPool(fixture.pool, tasks.task("countInModule")), 1);
  const begun = Promise.withResolvers<void>();
  const task = tasks.task("waitWatching");
  const forever = deferToThreadPool(fixture.pool, task, fixture.shared, begun.resolve);
  await begun.promise;
  forever.cancel();
  assertInstanceOf(await forever.addErrback(errorOf), CancelledError);
  assertEquals(await deferToThreadPool(fixture.pool, tasks.task("countInModule")), 2);
  assertEquals(Atomics.load(fixture.shared, 0), 1);
  // The next task of the thread must not see the cancellation.
  assertEquals(await deferToThreadPool(fixture.pool, tasks.task("looks")), [false, false]);
});

Deno.test("startDenoThread() calls ended() when the code has stopped, not at terminate()", async () => {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Error>();
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const thread = startDenoThread({
    message: () => begun.resolve(),
    ended: (error) => ended.resolve(error),
  }, { maxHeapSize: Infinity });
  thread.ref();
  thread.post({ module: tasks.url, name: "computeUntil", args: [shared], functions: [1] });
  await begun.promise;
  thread.terminate();
  thread.ref();
  // The worker's exit event comes before the next timer, so a premature `ended` would win.
  const first = await Promise.race([ended.promise, new Promise((f) => setTimeout(f, 0, "timer"))]);
  assertEquals(first, "timer");
  Atomics.store(shared, 0, 1);
  assert(await ended.promise instanceof Error);
});
