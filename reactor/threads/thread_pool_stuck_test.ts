/**
 * What a pool does with cancelled tasks that do not end, and with more tasks than it takes, over
 * threads that do what the test says. Twisted cannot cancel what it deferred to a thread.
 */

import { assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { addObserver } from "../../log/mod.ts";
import { Clock } from "../../task/clock.ts";
import { FakeThreads } from "../conformance/fake_threads.ts";
import type { IThreadCall, ThreadPoolLimits, ThreadResult, WorkerTask } from "../interfaces.ts";
import { ThreadOutOfMemory, ThreadPoolFull, ThreadPoolStuck } from "./errors.ts";
import { ThreadPool } from "./thread_pool.ts";

const TASK: WorkerTask = { module: "file:///srv/sums.ts", export: "add" };

/** A started pool over threads that do what the test says, in a test's time. */
class Bed implements Disposable {
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

  /** Threads that are idle, busy, ending, stuck; tasks that wait. */
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

Deno.test("ThreadPool starts no thread in place of one that has not ended", () => {
  using bed = new Bed({ max: 1 });
  for (let i = 0; i < 6; i++) bed.call(i).cancel();
  bed.call("waits");
  assertEquals([bed.threads.count, bed.counts()], [1, [0, 0, 1, 0, 1]]);
  bed.threads.at(0).exit();
  assertEquals([bed.threads.count, bed.counts()], [2, [0, 1, 0, 0, 0]]);
  assertEquals(bed.threads.at(1).tasks[0]?.args, ["waits"]);
});

Deno.test("ThreadPool fails what waits, and refuses more, once all threads are stuck", () => {
  using bed = new Bed({ max: 2 });
  bed.call().cancel();
  bed.call().cancel();
  bed.call("waits");
  bed.pool.callInThread(TASK);
  bed.pool.callInThread(TASK);
  bed.clock.advance(4.9);
  assertEquals([bed.outcomes, bed.logged], [[], []]);
  bed.clock.advance(0.1);
  assertEquals(bed.counts(), [0, 0, 2, 2, 0]);
  const [error] = bed.errors();
  assertInstanceOf(error, ThreadPoolStuck);
  const why = "all 2 threads of the pool compute for tasks that were cancelled";
  assertEquals(error.message, `Cannot do "add" of file:///srv/sums.ts: ${why}`);
  assertThrows(() => bed.call(), ThreadPoolStuck, `Cannot begin "add" of file:///srv/sums.ts: all`);
  assertThrows(() => bed.pool.callInThread(TASK), ThreadPoolStuck);
  assertEquals(bed.threads.count, 2);
  // One line for the stuck threads, and one for all tasks whose outcome is for the log.
  assertEquals(bed.logged.length, 2);
  assertMatch(bed.logged[0] ?? "", /^warn: A thread is stuck: .*"add" of file:\/\/\/srv\/sums\.ts/);
  assertEquals(bed.logged[1], `warn: Cannot do "add" of file:///srv/sums.ts and 1 more: ${why}`);
});

Deno.test("ThreadPool takes tasks again when a stuck thread has ended, and says so", () => {
  using bed = new Bed({ max: 1 });
  bed.call().cancel();
  bed.clock.advance(5);
  assertThrows(() => bed.call(), ThreadPoolStuck);
  bed.threads.at(0).exit();
  bed.call("again");
  assertEquals([bed.threads.count, bed.counts()], [2, [0, 1, 0, 0, 0]]);
  assertEquals(
    bed.logged[1],
    'info: No thread is stuck any more: "add" of file:///srv/sums.ts has ended',
  );
});

Deno.test("ThreadPool keeps its other threads at work while one is stuck, and logs once", () => {
  using bed = new Bed({ max: 3 });
  bed.call().cancel();
  bed.call().cancel();
  bed.clock.advance(5);
  for (let i = 0; i < 3; i++) bed.call(i);
  assertEquals([bed.threads.count, bed.counts()], [3, [0, 1, 2, 2, 2]]);
  bed.threads.at(2).finish();
  bed.threads.at(2).finish();
  bed.threads.at(2).finish();
  assertEquals([bed.outcomes.length, bed.logged.length, bed.counts()], [3, 1, [1, 0, 2, 2, 0]]);
});

Deno.test("ThreadPool.replaceStuck starts others in place of stuck threads", () => {
  using bed = new Bed({ max: 1, replaceStuck: true });
  bed.call().cancel();
  bed.call("waits");
  assertEquals(bed.threads.count, 1);
  bed.clock.advance(5);
  assertEquals([bed.threads.count, bed.counts()], [2, [0, 1, 1, 1, 0]]);
  bed.threads.at(1).finish();
  bed.threads.at(0).exit();
  assertEquals(bed.counts(), [1, 0, 0, 0, 0]);
});

Deno.test("ThreadPool leaves a task that watches for its cancellation to return", () => {
  using bed = new Bed({ max: 1 });
  const call = bed.call("cancelled");
  bed.threads.at(0).watching = true;
  call.cancel();
  bed.call("next");
  assertEquals([bed.threads.at(0).cancels, bed.threads.at(0).terminated], [1, false]);
  assertEquals(bed.counts(), [0, 0, 1, 0, 1]);
  bed.threads.at(0).fail(new Error("cancelled"));
  assertEquals([bed.threads.count, bed.counts()], [1, [0, 1, 0, 0, 0]]);
  bed.threads.at(0).finish("done");
  assertEquals([bed.outcomes, bed.logged], [[[true, "done"]], []]);
});

Deno.test("ThreadPool ends the thread of a watching task that does not return in time", () => {
  using bed = new Bed({ max: 1, endTimeout: 2 });
  const call = bed.call();
  bed.threads.at(0).watching = true;
  call.cancel();
  bed.clock.advance(2);
  assertEquals([bed.threads.at(0).terminated, bed.counts()], [true, [0, 0, 1, 0, 0]]);
  bed.clock.advance(2);
  assertEquals([bed.counts(), bed.logged.length], [[0, 0, 1, 1, 0], 1]);
  bed.threads.at(0).exit();
  assertEquals(bed.counts(), [0, 0, 0, 0, 0]);
});

Deno.test("ThreadPool ends the thread of a cancelled task that crashes or exits meanwhile", () => {
  using bed = new Bed({ max: 1 });
  for (const end of ["crash", "exit"] as const) {
    const call = bed.call();
    const thread = bed.threads.at(bed.threads.count - 1);
    thread.watching = true;
    call.cancel();
    if (end === "crash") thread.crash(new Error("while it cleaned up"));
    thread.exit();
    assertEquals(bed.counts(), [0, 0, 0, 0, 0]);
  }
  assertEquals(bed.outcomes, []);
});

Deno.test("ThreadPool without a clock waits for a thread that does not end", () => {
  const threads = new FakeThreads();
  using pool = new ThreadPool({ max: 1, startThread: threads.start });
  pool.start();
  pool.callInThreadWithCallback(null, TASK).cancel();
  pool.callInThread(TASK, "next");
  assertEquals(pool.statistics().backloggedWorkCount, 1);
  threads.at(0).exit();
  assertEquals(threads.at(1).tasks[0]?.args, ["next"]);
});

Deno.test("ThreadPool has an ending thread hold the process only while a task waits for it", () => {
  using bed = new Bed({ max: 1 });
  bed.call().cancel();
  const [thread, held] = [bed.threads.at(0), () => bed.threads.at(0).held];
  assertEquals(held(), false);
  const waiting = bed.call();
  assertEquals(held(), true);
  waiting.cancel();
  assertEquals(held(), false);
  bed.call();
  bed.clock.advance(5);
  assertEquals([held(), bed.errors().length], [false, 1]);
  thread.exit();
});

Deno.test("ThreadPool.maxBacklog limits the tasks that wait, also before start()", () => {
  using bed = new Bed({ max: 1, maxBacklog: 2 });
  for (let i = 0; i < 3; i++) bed.call(i);
  const text =
    'Cannot begin "add" of file:///srv/sums.ts: the limit of 2 waiting tasks (maxBacklog) is';
  assertThrows(() => bed.call(), ThreadPoolFull, text);
  assertThrows(() => bed.pool.callInThread(TASK), ThreadPoolFull, text);
  bed.threads.at(0).finish();
  bed.call("fits");
  assertEquals([bed.outcomes, bed.counts()], [[[true, undefined]], [0, 1, 0, 0, 2]]);
  bed.pool.adjustPoolsize({ maxBacklog: Infinity });
  for (let i = 0; i < 20_000; i++) bed.call(i);

  const early = new ThreadPool({ startThread: bed.threads.start });
  for (let i = 0; i < 10_000; i++) early.callInThread(TASK);
  assertThrows(() => early.callInThread(TASK), ThreadPoolFull, "10000 waiting tasks");
  early.stop();
});

Deno.test("ThreadPool fails a task whose thread runs out of memory, and replaces the thread", () => {
  using bed = new Bed({ max: 1, maxHeapSize: 64 * 2 ** 20 });
  bed.call("big");
  bed.call("small");
  assertEquals(bed.threads.at(0).options, { maxHeapSize: 64 * 2 ** 20 });
  bed.threads.at(0).outOfMemory();
  bed.threads.at(0).exit();
  const [error] = bed.errors();
  assertInstanceOf(error, ThreadOutOfMemory);
  assertMatch(error.message, /"add" of .* ran out of memory: .*maxHeapSize.* to 64 MiB$/);
  assertEquals([bed.threads.count, bed.counts()], [2, [0, 1, 0, 0, 0]]);
});

Deno.test("ThreadPool fails what waits when no thread can be started", () => {
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

Deno.test("ThreadPool refuses limits that make no sense, and keeps the others", () => {
  using bed = new Bed();
  const refused: [ThreadPoolLimits, string][] = [
    [{ maxBacklog: -1 }, "maxBacklog must be an integer from 0"],
    [{ endTimeout: NaN }, "endTimeout must be a finite number of seconds"],
    [{ maxHeapSize: 1000 }, "maxHeapSize must be an integer from 16777216"],
  ];
  for (const [limits, text] of refused) {
    assertThrows(() => bed.pool.adjustPoolsize({ max: 3, ...limits }), RangeError, text);
  }
  // What a caller may pass who has no types.
  const untyped = { replaceStuck: "no" } as unknown as ThreadPoolLimits;
  assertThrows(() => bed.pool.adjustPoolsize(untyped), TypeError, "replaceStuck must be");
  assertEquals(bed.pool.max, 10);
});
