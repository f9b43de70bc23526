/**
 * Cancelled tasks that do not return, and more tasks than the pool takes, over scripted threads.
 * Twisted cannot cancel a task that runs in a thread.
 */

import { assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { addObserver } from "../../log/mod.ts";
import { Clock } from "../../task/clock.ts";
import { FakeThreads } from "../../testing/fixtures/fake_threads.ts";
import type { IThreadCall, ThreadPoolLimits, ThreadResult, WorkerTask } from "../interfaces/mod.ts";
import { ThreadOutOfMemory, ThreadPoolFull, ThreadPoolStuck } from "./errors.ts";
import { ThreadPool } from "./thread_pool.ts";

const TASK: WorkerTask = { module: "file:///srv/sums.ts", export: "add" };

/** A started pool over scripted threads, with a fake clock. */
class ConnectionFixture implements Disposable {
  readonly threads = new FakeThreads();
  readonly clock = new Clock();
  readonly pool: ThreadPool;
  readonly outcomes: unknown[][] = [];
  readonly onResult: ThreadResult<unknown> = (...outcome) => this.outcomes.push(outcome);
  readonly logged: string[] = [];
  readonly #observing = addObserver(
    ({ level, message }) => this.logged.push(`${level}: ${message}`),
    { replay: false },
  );

  constructor(limits: ThreadPoolLimits = {}) {
    this.pool = new ThreadPool({ ...limits, clock: this.clock, startThread: this.threads.start });
    this.pool.start();
  }

  call(...args: unknown[]): IThreadCall {
    return this.pool.callInThreadWithCallback(this.onResult, TASK, ...args);
  }

  /** The errors among the outcomes. */
  errors(): Error[] {
    return this.outcomes.flatMap(([, outcome]) => outcome instanceof Error ? [outcome] : []);
  }

  /** The numbers of idle, busy, ending and stuck threads, and of waiting tasks. */
  counts(): number[] {
    const now = this.pool.statistics();
    return [
      now.idleWorkerCount,
      now.busyWorkerCount,
      now.endingWorkerCount,
      now.stuckWorkerCount,
      now.backloggedWorkCount,
    ];
  }

  [Symbol.dispose](): void {
    this.pool.stop();
    this.#observing[Symbol.dispose]();
    assertEquals(this.clock.getDelayedCalls(), []);
  }
}

Deno.test("ThreadPool does not replace a cancelled thread before it has stopped", () => {
  using fixture = new ConnectionFixture({ max: 1 });
  for (let i = 0; i < 6; i++) fixture.call(i).cancel();
  fixture.call("waits");
  assertEquals([fixture.threads.count, fixture.counts()], [1, [0, 0, 1, 0, 1]]);
  fixture.threads.at(0).exit();
  assertEquals([fixture.threads.count, fixture.counts()], [2, [0, 1, 0, 0, 0]]);
  assertEquals(fixture.threads.at(1).tasks[0]?.args, ["waits"]);
});

Deno.test("ThreadPool fails waiting tasks and refuses new ones once all threads are stuck", () => {
  using fixture = new ConnectionFixture({ max: 2 });
  fixture.call().cancel();
  fixture.call().cancel();
  fixture.call("waits");
  fixture.pool.callInThread(TASK);
  fixture.pool.callInThread(TASK);
  fixture.clock.advance(4.9);
  assertEquals([fixture.outcomes, fixture.logged], [[], []]);
  fixture.clock.advance(0.1);
  assertEquals(fixture.counts(), [0, 0, 2, 2, 0]);
  const [error] = fixture.errors();
  assertInstanceOf(error, ThreadPoolStuck);
  const why = "all 2 threads of the pool are stuck in tasks that were cancelled";
  assertEquals(error.message, `Cannot run the task "add" of file:///srv/sums.ts: ${why}`);
  assertThrows(
    () => fixture.call(),
    ThreadPoolStuck,
    `Cannot run the task "add" of file:///srv/sums.ts: all`,
  );
  assertThrows(() => fixture.pool.callInThread(TASK), ThreadPoolStuck);
  assertEquals(fixture.threads.count, 2);
  // One line for the stuck threads, and one for all tasks without a callback.
  assertEquals(fixture.logged.length, 2);
  assertMatch(
    fixture.logged[0] ?? "",
    /^warn: A thread of the pool is stuck: .*"add" of file:\/\/\/srv\/sums\.ts/,
  );
  assertEquals(
    fixture.logged[1],
    `warn: Cannot run the task "add" of file:///srv/sums.ts and 1 more: ${why}`,
  );
});

Deno.test("ThreadPool accepts tasks again once a stuck thread has stopped, and logs it", () => {
  using fixture = new ConnectionFixture({ max: 1 });
  fixture.call().cancel();
  fixture.clock.advance(5);
  assertThrows(() => fixture.call(), ThreadPoolStuck);
  fixture.threads.at(0).exit();
  fixture.call("again");
  assertEquals([fixture.threads.count, fixture.counts()], [2, [0, 1, 0, 0, 0]]);
  assertEquals(
    fixture.logged[1],
    'info: No thread of the pool is stuck any more: the task "add" of file:///srv/sums.ts has ended',
  );
});

Deno.test("ThreadPool keeps using its other threads while one is stuck, and logs once", () => {
  using fixture = new ConnectionFixture({ max: 3 });
  fixture.call().cancel();
  fixture.call().cancel();
  fixture.clock.advance(5);
  for (let i = 0; i < 3; i++) fixture.call(i);
  assertEquals([fixture.threads.count, fixture.counts()], [3, [0, 1, 2, 2, 2]]);
  fixture.threads.at(2).finish();
  fixture.threads.at(2).finish();
  fixture.threads.at(2).finish();
  assertEquals([fixture.outcomes.length, fixture.logged.length, fixture.counts()], [3, 1, [
    1,
    0,
    2,
    2,
    0,
  ]]);
});

Deno.test("ThreadPool with replaceStuck starts new threads to replace stuck ones", () => {
  using fixture = new ConnectionFixture({ max: 1, replaceStuck: true });
  fixture.call().cancel();
  fixture.call("waits");
  assertEquals(fixture.threads.count, 1);
  fixture.clock.advance(5);
  assertEquals([fixture.threads.count, fixture.counts()], [2, [0, 1, 1, 1, 0]]);
  fixture.threads.at(1).finish();
  fixture.threads.at(0).exit();
  assertEquals(fixture.counts(), [1, 0, 0, 0, 0]);
});

Deno.test("ThreadPool lets a cancelled task that checks for its cancellation return by itself", () => {
  using fixture = new ConnectionFixture({ max: 1 });
  const call = fixture.call("cancelled");
  fixture.threads.at(0).watching = true;
  call.cancel();
  fixture.call("next");
  assertEquals([fixture.threads.at(0).cancels, fixture.threads.at(0).terminated], [1, false]);
  assertEquals(fixture.counts(), [0, 0, 1, 0, 1]);
  fixture.threads.at(0).fail(new Error("cancelled"));
  assertEquals([fixture.threads.count, fixture.counts()], [1, [0, 1, 0, 0, 0]]);
  fixture.threads.at(0).finish("done");
  assertEquals([fixture.outcomes, fixture.logged], [[[true, "done"]], []]);
});

Deno.test("ThreadPool terminates a cancelled task that does not return within endTimeout", () => {
  using fixture = new ConnectionFixture({ max: 1, endTimeout: 2 });
  const call = fixture.call();
  fixture.threads.at(0).watching = true;
  call.cancel();
  fixture.clock.advance(2);
  assertEquals([fixture.threads.at(0).terminated, fixture.counts()], [true, [0, 0, 1, 0, 0]]);
  fixture.clock.advance(2);
  assertEquals([fixture.counts(), fixture.logged.length], [[0, 0, 1, 1, 0], 1]);
  fixture.threads.at(0).exit();
  assertEquals(fixture.counts(), [0, 0, 0, 0, 0]);
});

Deno.test("ThreadPool replaces the thread of a cancelled task that crashes or exits", () => {
  using fixture = new ConnectionFixture({ max: 1 });
  for (const end of ["crash", "exit"] as const) {
    const call = fixture.call();
    const thread = fixture.threads.at(fixture.threads.count - 1);
    thread.watching = true;
    call.cancel();
    if (end === "crash") thread.crash(new Error("while it cleaned up"));
    thread.exit();
    assertEquals(fixture.counts(), [0, 0, 0, 0, 0]);
  }
  assertEquals(fixture.outcomes, []);
});

Deno.test("ThreadPool without a clock waits without limit for a thread that does not stop", () => {
  const threads = new FakeThreads();
  using pool = new ThreadPool({ max: 1, startThread: threads.start });
  pool.start();
  pool.callInThreadWithCallback(null, TASK).cancel();
  pool.callInThread(TASK, "next");
  assertEquals(pool.statistics().backloggedWorkCount, 1);
  threads.at(0).exit();
  assertEquals(threads.at(1).tasks[0]?.args, ["next"]);
});

Deno.test("ThreadPool with a stopping thread keeps the process alive only if a task waits for it", () => {
  using fixture = new ConnectionFixture({ max: 1 });
  fixture.call().cancel();
  const [thread, held] = [fixture.threads.at(0), () => fixture.threads.at(0).held];
  assertEquals(held(), false);
  const waiting = fixture.call();
  assertEquals(held(), true);
  waiting.cancel();
  assertEquals(held(), false);
  fixture.call();
  fixture.clock.advance(5);
  assertEquals([held(), fixture.errors().length], [false, 1]);
  thread.exit();
});

Deno.test("ThreadPool with maxBacklog limits the waiting tasks, also before start()", () => {
  using fixture = new ConnectionFixture({ max: 1, maxBacklog: 2 });
  for (let i = 0; i < 3; i++) fixture.call(i);
  const text =
    'Cannot run the task "add" of file:///srv/sums.ts: the limit of 2 waiting tasks (maxBacklog) is';
  assertThrows(() => fixture.call(), ThreadPoolFull, text);
  assertThrows(() => fixture.pool.callInThread(TASK), ThreadPoolFull, text);
  fixture.threads.at(0).finish();
  fixture.call("fits");
  assertEquals([fixture.outcomes, fixture.counts()], [[[true, undefined]], [0, 1, 0, 0, 2]]);
  fixture.pool.adjustPoolsize({ maxBacklog: Infinity });
  for (let i = 0; i < 20_000; i++) fixture.call(i);

  const early = new ThreadPool({ startThread: fixture.threads.start });
  for (let i = 0; i < 10_000; i++) early.callInThread(TASK);
  assertThrows(() => early.callInThread(TASK), ThreadPoolFull, "10000 waiting tasks");
  early.stop();
});

Deno.test("ThreadPool fails a task whose thread runs out of memory, and replaces the thread", () => {
  using fixture = new ConnectionFixture({ max: 1, maxHeapSize: 64 * 2 ** 20 });
  fixture.call("big");
  fixture.call("small");
  assertEquals(fixture.threads.at(0).options, { maxHeapSize: 64 * 2 ** 20 });
  fixture.threads.at(0).outOfMemory();
  fixture.threads.at(0).exit();
  const [error] = fixture.errors();
  assertInstanceOf(error, ThreadOutOfMemory);
  assertMatch(error.message, /"add" of .* ran out of memory: .*maxHeapSize.* to 64 MiB$/);
  assertEquals([fixture.threads.count, fixture.counts()], [2, [0, 1, 0, 0, 0]]);
});

Deno.test("ThreadPool fails the waiting tasks when no thread can be started", () => {
  const error = new Error("no permission");
  const pool = new ThreadPool({
    startThread: () => {
      throw error;
    },
  });
  const outcomes: unknown[][] = [];
  pool.callInThreadWithCallback((...outcome) => outcomes.push(outcome), TASK);
  pool.start();
  assertEquals(outcomes, [[false, error]]);
  assertThrows(() => pool.callInThread(TASK), Error, "no permission");
  assertEquals(pool.statistics().backloggedWorkCount, 0);
  pool.stop();
});

Deno.test("ThreadPool refuses limits that are out of range, and keeps the current ones", () => {
  using fixture = new ConnectionFixture();
  const refused: [ThreadPoolLimits, string][] = [
    [{ maxBacklog: -1 }, "maxBacklog must be an integer from 0"],
    [{ endTimeout: NaN }, "endTimeout must be a finite number of seconds"],
    [{ maxHeapSize: 1000 }, "maxHeapSize must be an integer from 16777216"],
  ];
  for (const [limits, text] of refused) {
    assertThrows(() => fixture.pool.adjustPoolsize({ max: 3, ...limits }), RangeError, text);
  }
  // A caller without type checking may pass this.
  const untyped = { replaceStuck: "no" } as unknown as ThreadPoolLimits;
  assertThrows(() => fixture.pool.adjustPoolsize(untyped), TypeError, "replaceStuck must be");
  assertEquals(fixture.pool.max, 10);
});
