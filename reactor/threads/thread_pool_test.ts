/**
 * The pool, over threads that do what the test says. Real threads are in `../drivers/deno/thread_test.ts`.
 *
 * Of Twisted's `test/test_threadpool.py`:
 *
 * - ThreadPoolTests: test_attributes, test_start, test_adjustingWhenPoolStopped, test_threadCreationArguments and
 *   test_threadCreationArgumentsCallInThreadWithCallback (a task that was sent is not held; here by what the call still has),
 *   test_callInThread, test_callInThreadException, test_callInThreadWithCallback, test_callInThreadWithCallbackExceptionInCallback,
 *   test_callInThreadWithCallbackExceptionInOnResult, test_existingWork, test_workerStateTransition, test_q (statistics()).
 *   Not: test_persistence (no pickling), test_callbackThread (onResult runs in the caller's thread), test_callbackContext (no context
 *   that could pass to another thread), `dumpStats` (untested there, too: statistics() says it).
 * - RaceConditionTests: test_synchronization: "a task does not wait while there may be one more thread".
 * - MemoryBackedTests: test_workBeforeStarting, test_tooMuchWorkBeforeStarting.
 *
 * Of `_threads/test/test_team.py`: test_doDoesWorkInWorker, test_initialStatistics, test_growCreatesIdleWorkers, test_growCreateLimit,
 * test_shrinkQuitsWorkers, test_shrinkToZero (a maximum of 0), test_moreWorkWhenNoWorkersAvailable, test_exceptionInTask, test_quit (here a
 * stopped pool fails what it is given, and may be stopped again), test_quitQuits, test_shrinkWhenBusy. test_quitQuitsLaterWhenBusy is
 * otherwise: stop() ends what is at work. Not: test_quitConcurrentWithWorkHappening (one thread has the pool).
 *
 * Of the rest of `_threads/test`: test_threadworker.py's ThreadWorkerTests are what `task_runner_test.ts` and `../drivers/deno/thread_test.ts` do;
 * LockWorkerTests, test_convenience.py and test_memory.py are about locks and the coordinator, which one thread has no need of.
 */

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeThreads } from "../../testing/fixtures/fake_threads.ts";
import { addObserver } from "../../log/mod.ts";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
import type { ThreadResult, WorkerTask } from "../interfaces/mod.ts";
import { ThreadExited, ThreadPoolStopped } from "./errors.ts";
import { ThreadPool } from "./thread_pool.ts";

const TASK: WorkerTask = { module: "file:///srv/sums.ts", export: "add" };

/** A pool over threads that do what the test says. */
function pooled(
  size: { min?: number; max?: number } = {},
): { pool: ThreadPool; threads: FakeThreads } {
  const threads = new FakeThreads();
  return { pool: new ThreadPool({ ...size, startThread: threads.start }), threads };
}

/** The same, started. */
function running(
  size: { min?: number; max?: number } = {},
): { pool: ThreadPool; threads: FakeThreads } {
  const made = pooled(size);
  made.pool.start();
  return made;
}

/** Idle threads, busy ones, waiting tasks. */
function counts(pool: ThreadPool): [number, number, number] {
  const { idleWorkerCount, busyWorkerCount, backloggedWorkCount } = pool.statistics();
  return [idleWorkerCount, busyWorkerCount, backloggedWorkCount];
}

/** Keeps the outcomes that it gets. */
function kept(): { outcomes: unknown[][]; onResult: ThreadResult<unknown> } {
  const outcomes: unknown[][] = [];
  return { outcomes, onResult: (...outcome) => outcomes.push(outcome) };
}

Deno.test("a pool has the size that it was made with, and nothing to do", () => {
  const { pool, threads } = pooled({ min: 12, max: 22 });
  assertEquals([pool.min, pool.max, pool.started, pool.joined], [12, 22, false, false]);
  assertEquals([counts(pool), threads.count], [[0, 0, 0], 0]);
  const { pool: other } = pooled();
  assertEquals([other.min, other.max], [0, 10]);
});

Deno.test("a pool refuses a size that makes no sense", () => {
  assertThrows(() => pooled({ min: -1 }), RangeError, "min must be an integer from 0");
  assertThrows(() => pooled({ max: 1.5 }), RangeError, "max must be an integer from 0");
  const { pool } = pooled({ min: 2, max: 4 });
  assertThrows(() => pool.adjustPoolsize({ max: 1 }), RangeError, "got 2 and 1");
  assertEquals([pool.min, pool.max], [2, 4]);
});

Deno.test("start() starts the fewest threads", () => {
  assertEquals(running({ max: 5 }).threads.count, 0);
  const { pool, threads } = running({ min: 3, max: 10 });
  assertEquals([threads.count, counts(pool)], [3, [3, 0, 0]]);
});

Deno.test("a task goes to a thread, which is free again once it is done", () => {
  const { pool, threads } = running({ max: 1 });
  const { outcomes, onResult } = kept();
  pool.callInThreadWithCallback(onResult, TASK, 1, 2);
  assertEquals(threads.at(0).tasks, [
    { module: "file:///srv/sums.ts", name: "add", args: [1, 2], functions: [] },
  ]);
  assertEquals(counts(pool), [0, 1, 0]);
  threads.at(0).finish(3);
  assertEquals([outcomes, counts(pool)], [[[true, 3]], [1, 0, 0]]);
});

Deno.test("an error out of a task is its outcome", () => {
  const { pool, threads } = running();
  const { outcomes, onResult } = kept();
  pool.callInThreadWithCallback(onResult, TASK);
  threads.at(0).fail(new RangeError("too far"));
  const [[success, error] = []] = outcomes;
  assertInstanceOf(error, RangeError);
  assertEquals([success, error.message], [false, "too far"]);
  assertEquals(counts(pool), [1, 0, 0]);
});

Deno.test("callInThread() logs the error of its task", () => {
  using errors = new LoggedErrors();
  const { pool, threads } = running();
  pool.callInThread(TASK);
  pool.callInThread(TASK);
  threads.at(0).finish();
  threads.at(1).fail(new RangeError("too far"));
  const [event] = errors.takeEvents();
  assertInstanceOf(event?.failure, RangeError);
  assertMatch(String(event?.why), /The task "add" of file:\/\/\/srv\/sums\.ts failed/);
});

Deno.test("an error out of onResult is logged, and the pool goes on", () => {
  using errors = new LoggedErrors();
  const { pool, threads } = running({ max: 1 });
  const { outcomes, onResult } = kept();
  pool.callInThreadWithCallback(() => {
    throw new Error("in onResult");
  }, TASK);
  pool.callInThreadWithCallback(onResult, TASK);
  threads.at(0).finish(1);
  threads.at(0).finish(2);
  assertEquals(errors.take().map(({ message }) => message), ["in onResult"]);
  assertEquals(outcomes, [[true, 2]]);
});

Deno.test("tasks given before start() are done after it, by as many threads as they are", () => {
  const { pool, threads } = pooled({ max: 10 });
  for (let i = 0; i < 5; i++) pool.callInThread(TASK, i);
  assertEquals([threads.count, counts(pool)], [0, [0, 0, 5]]);
  pool.start();
  assertEquals([threads.count, counts(pool)], [5, [0, 5, 0]]);
  assertEquals(threads.at(4).tasks[0]?.args, [4]);
});

Deno.test("no more threads are started than may be, whatever waits; it is done in order", () => {
  const { pool, threads } = pooled({ max: 2 });
  for (let i = 0; i < 5; i++) pool.callInThread(TASK, i);
  pool.start();
  assertEquals([threads.count, counts(pool)], [2, [0, 2, 3]]);
  threads.at(1).finish();
  threads.at(0).finish();
  threads.at(0).finish();
  assertEquals(threads.at(0).tasks.map(({ args }) => args[0]), [0, 3, 4]);
  assertEquals(threads.at(1).tasks.map(({ args }) => args[0]), [1, 2]);
  assertEquals([threads.count, counts(pool)], [2, [0, 2, 0]]);
});

Deno.test("a task does not wait while there may be one more thread", () => {
  const { pool, threads } = running({ max: 10 });
  pool.callInThread(TASK);
  threads.at(0).finish();
  for (let i = 0; i < 4; i++) pool.callInThread(TASK);
  assertEquals([threads.count, counts(pool)], [4, [0, 4, 0]]);
});

Deno.test("the thread that was freed last gets the next task", () => {
  const { pool, threads } = running({ max: 2 });
  pool.callInThread(TASK, 0);
  pool.callInThread(TASK, 1);
  threads.at(1).finish();
  threads.at(0).finish();
  pool.callInThread(TASK, 2);
  assertEquals(threads.at(0).tasks.length, 2);
});

Deno.test("a task may be given by the outcome of another, and gets its thread", () => {
  const { pool, threads } = running({ max: 1 });
  const { outcomes, onResult } = kept();
  pool.callInThreadWithCallback(
    () => {
      pool.callInThreadWithCallback(onResult, TASK, "second");
    },
    TASK,
    "first",
  );
  threads.at(0).finish();
  assertEquals(threads.at(0).tasks.map(({ args }) => args[0]), ["first", "second"]);
  threads.at(0).finish("done");
  assertEquals(outcomes, [[true, "done"]]);
});

Deno.test("arguments are as they were when the task was given, also if it waits", () => {
  const { pool, threads } = running({ max: 1 });
  const list = [1];
  pool.callInThread(TASK, list);
  pool.callInThread(TASK, list);
  list.push(2);
  threads.at(0).finish();
  assertEquals(threads.at(0).tasks.map(({ args }) => args), [[[1]], [[1]]]);
});

Deno.test("an argument that cannot be sent throws where it was given, and the thread stays free", () => {
  const { pool } = running({ max: 1 });
  const inside = { f: () => {} };
  assertThrows(() => pool.callInThread(TASK, inside), DOMException, "could not be cloned");
  assertEquals(counts(pool), [1, 0, 0]);
  pool.callInThread(TASK);
  assertThrows(() => pool.callInThread(TASK, inside), DOMException, "could not be cloned");
  assertEquals(counts(pool), [0, 1, 0]);
});

Deno.test("a task without a module or an export throws where it was given", () => {
  const { pool } = running();
  assertThrows(
    () => pool.callInThread({ module: "./sums.ts", export: "add" }),
    TypeError,
    "module",
  );
  // What a caller may pass who has no types.
  const untyped = { module: "file:///srv/sums.ts" } as WorkerTask;
  assertThrows(() => pool.callInThread(untyped), TypeError, "export must be a name, got undefined");
  assertEquals(counts(pool), [0, 0, 0]);
});

Deno.test("a function among the arguments is called with what the task gives it, in order", () => {
  const { pool, threads } = running();
  const seen: unknown[] = [];
  pool.callInThreadWithCallback(
    (...outcome) => seen.push(outcome),
    TASK,
    2,
    (...args: unknown[]) => seen.push(args),
  );
  assertEquals(threads.at(0).tasks[0], {
    module: "file:///srv/sums.ts",
    name: "add",
    args: [2, undefined],
    functions: [1],
  });
  threads.at(0).call(1, "a");
  threads.at(0).call(1, "b", 2);
  threads.at(0).finish("done");
  assertEquals(seen, [["a"], ["b", 2], [true, "done"]]);
});

Deno.test("an error out of a function that a task calls is logged, and the task goes on", () => {
  using errors = new LoggedErrors();
  const { pool, threads } = running();
  const { outcomes, onResult } = kept();
  pool.callInThreadWithCallback(onResult, TASK, () => {
    throw new Error("in the function");
  });
  threads.at(0).call(0);
  threads.at(0).finish(1);
  assertEquals(errors.take().map(({ message }) => message), ["in the function"]);
  assertEquals(outcomes, [[true, 1]]);
});

Deno.test("cancel() takes a waiting task out of the line", () => {
  const { pool, threads } = running({ max: 1 });
  const { outcomes, onResult } = kept();
  pool.callInThread(TASK, 0);
  pool.callInThreadWithCallback(onResult, TASK, 1).cancel();
  pool.callInThread(TASK, 2);
  threads.at(0).finish();
  assertEquals(threads.at(0).tasks.map(({ args }) => args[0]), [0, 2]);
  assertEquals([outcomes, counts(pool), threads.count], [[], [0, 1, 0], 1]);
});

Deno.test("cancel() ends the thread of the task, and another takes its place once it has ended", () => {
  const { pool, threads } = running({ max: 1 });
  const { outcomes, onResult } = kept();
  const call = pool.callInThreadWithCallback(onResult, TASK, 0, onResult);
  call.cancel();
  call.cancel();
  assertEquals([threads.at(0).terminated, counts(pool)], [true, [0, 0, 0]]);
  threads.at(0).call(1);
  threads.at(0).finish();
  pool.callInThread(TASK, 1);
  assertEquals([outcomes, threads.count, counts(pool)], [[], 1, [0, 0, 1]]);
  threads.at(0).exit();
  assertEquals([threads.count, threads.at(1).tasks[0]?.args, counts(pool)], [2, [1], [0, 1, 0]]);
});

Deno.test("cancel() of a task gives its place to one that waits, once its thread has ended", () => {
  const { pool, threads } = running({ max: 1 });
  const call = pool.callInThreadWithCallback(null, TASK, 0);
  pool.callInThread(TASK, 1);
  call.cancel();
  assertEquals([threads.count, threads.alive], [1, 0]);
  threads.at(0).exit();
  assertEquals([threads.count, threads.alive, threads.at(1).tasks[0]?.args], [2, 1, [1]]);
});

Deno.test("cancel() of a task that is over does nothing", () => {
  const { pool, threads } = running({ max: 1 });
  const call = pool.callInThreadWithCallback(null, TASK);
  threads.at(0).finish();
  pool.callInThread(TASK);
  call.cancel();
  assertEquals([threads.at(0).terminated, counts(pool)], [false, [0, 1, 0]]);
});

Deno.test("cancel() out of a function that the task calls ends it", () => {
  const { pool, threads } = running();
  const { outcomes, onResult } = kept();
  const call = pool.callInThreadWithCallback(onResult, TASK, () => call.cancel());
  threads.at(0).call(0);
  threads.at(0).finish();
  assertEquals([outcomes, counts(pool), threads.alive], [[], [0, 0, 0], 0]);
});

Deno.test("a thread that crashes fails its task, and is replaced for those that wait", () => {
  const { pool, threads } = running({ max: 1 });
  const { outcomes, onResult } = kept();
  pool.callInThreadWithCallback(onResult, TASK, 0);
  pool.callInThreadWithCallback(onResult, TASK, 1);
  threads.at(0).crash(new TypeError("in a timer"));
  threads.at(0).exit();
  const [[success, error] = []] = outcomes;
  assertInstanceOf(error, TypeError);
  assertEquals([success, error.message], [false, "in a timer"]);
  assertEquals([threads.count, threads.alive, counts(pool)], [2, 1, [0, 1, 0]]);
  threads.at(1).finish("done");
  assertEquals(outcomes[1], [true, "done"]);
});

Deno.test("a thread that ends itself fails its task, and is replaced when there is work", () => {
  const { pool, threads } = running();
  const { outcomes, onResult } = kept();
  pool.callInThreadWithCallback(onResult, TASK);
  const gone = new ThreadExited(7);
  threads.at(0).exit(gone);
  assertStrictEquals(outcomes[0]?.[1], gone);
  assertEquals(counts(pool), [0, 0, 0]);
  pool.callInThreadWithCallback(onResult, TASK);
  threads.at(1).finish(1);
  assertEquals(outcomes[1], [true, 1]);
});

Deno.test("threads that end as soon as they start fail one task each: the pool does not spin", () => {
  const { pool, threads } = pooled({ min: 1, max: 1 });
  const { outcomes, onResult } = kept();
  for (let i = 0; i < 3; i++) pool.callInThreadWithCallback(onResult, TASK);
  pool.start();
  for (let i = 0; i < 3; i++) threads.at(i).exit(new Error("no permission"));
  assertEquals([threads.count, outcomes.length, counts(pool)], [3, 3, [0, 0, 0]]);
});

Deno.test("an idle thread that ends is logged, and gets no more tasks", () => {
  using errors = new LoggedErrors();
  const { pool, threads } = running({ min: 2, max: 2 });
  threads.at(1).crash(new Error("in a timer"));
  threads.at(1).exit();
  assertEquals(errors.take().map(({ message }) => message), ["in a timer"]);
  assertEquals(counts(pool), [1, 0, 0]);
  pool.callInThread(TASK, 0);
  pool.callInThread(TASK, 1);
  assertEquals([threads.at(0).tasks.length, threads.at(2).tasks.length], [1, 1]);
});

Deno.test("adjustPoolsize() ends idle threads that are too many, and starts those that are too few", () => {
  const { pool, threads } = running({ min: 5, max: 5 });
  pool.adjustPoolsize({ min: 0, max: 2 });
  assertEquals([threads.alive, counts(pool)], [2, [2, 0, 0]]);
  pool.adjustPoolsize({ max: 0 });
  assertEquals([threads.alive, counts(pool)], [0, [0, 0, 0]]);
  pool.callInThread(TASK);
  assertEquals(counts(pool), [0, 0, 1]);
  threads.exitTerminated();
  pool.adjustPoolsize({ min: 3, max: 3 });
  assertEquals([threads.alive, counts(pool)], [3, [2, 1, 0]]);
});

Deno.test("adjustPoolsize() lets busy threads finish before they end, whatever waits", () => {
  const { pool, threads } = running({ max: 3 });
  for (let i = 0; i < 5; i++) pool.callInThread(TASK, i);
  pool.adjustPoolsize({ max: 1 });
  assertEquals([threads.alive, counts(pool)], [3, [0, 3, 2]]);
  threads.at(0).finish();
  threads.at(1).finish();
  assertEquals([threads.alive, counts(pool)], [1, [0, 1, 2]]);
  threads.at(2).finish();
  assertEquals([threads.alive, threads.at(2).tasks[1]?.args], [1, [3]]);
});

Deno.test("adjustPoolsize() starts nothing before start(), nor after stop()", () => {
  const { pool, threads } = pooled({ max: 5 });
  pool.adjustPoolsize({ min: 2 });
  assertEquals(threads.count, 0);
  pool.start();
  pool.stop();
  pool.adjustPoolsize({ min: 4 });
  assertEquals([threads.count, threads.alive], [2, 0]);
});

Deno.test("startAWorker() starts threads up to the most; stopAWorker() ends them as they are idle", () => {
  const { pool, threads } = pooled({ max: 2 });
  pool.startAWorker();
  assertEquals(threads.count, 0);
  pool.start();
  for (let i = 0; i < 3; i++) pool.startAWorker();
  assertEquals(counts(pool), [2, 0, 0]);
  pool.callInThread(TASK);
  pool.stopAWorker();
  assertEquals([threads.alive, counts(pool)], [1, [0, 1, 0]]);
  pool.stopAWorker();
  pool.stopAWorker();
  assertEquals(threads.alive, 1);
  threads.at(1).finish();
  assertEquals([threads.alive, counts(pool)], [0, [0, 0, 0]]);
  threads.exitTerminated();
  pool.callInThread(TASK);
  threads.at(2).finish();
  assertEquals([threads.alive, counts(pool)], [1, [1, 0, 0]]);
});

Deno.test("stopAWorker() does not end another thread when the busy one is gone before it is idle", () => {
  const { pool, threads } = running({ max: 1 });
  const call = pool.callInThreadWithCallback(null, TASK);
  pool.stopAWorker();
  call.cancel();
  threads.at(0).exit();
  pool.callInThread(TASK);
  threads.at(1).finish();
  assertEquals(counts(pool), [1, 0, 0]);
});

Deno.test("stop() ends all threads, and fails what they were at and what waits", () => {
  const { pool, threads } = running({ min: 2, max: 2 });
  const { outcomes, onResult } = kept();
  for (let i = 0; i < 3; i++) pool.callInThreadWithCallback(onResult, TASK);
  pool.stop();
  pool.stop();
  assertEquals([threads.alive, counts(pool)], [0, [0, 0, 0]]);
  assertEquals([pool.started, pool.joined], [false, true]);
  assertEquals(outcomes.length, 3);
  for (const [success, error] of outcomes) {
    assertEquals(success, false);
    assertInstanceOf(error, ThreadPoolStopped);
  }
});

Deno.test("a stopped pool fails what it is given, and does not start again", () => {
  const { pool, threads } = pooled();
  const { outcomes, onResult } = kept();
  pool.stop();
  pool.callInThreadWithCallback(onResult, TASK);
  assertInstanceOf(outcomes[0]?.[1], ThreadPoolStopped);
  assertThrows(() => pool.start(), ThreadPoolStopped);
  pool.startAWorker();
  assertEquals(threads.count, 0);
});

Deno.test("callInThread() logs that its task was lost with the pool, in one line for all", () => {
  const messages: string[] = [];
  const { pool } = running({ max: 1 });
  pool.callInThread(TASK);
  pool.callInThread(TASK);
  using _observing = addObserver(({ message, level }) => messages.push(`${level}: ${message}`), {
    replay: false,
  });
  pool.stop();
  pool.callInThread(TASK);
  assertEquals(messages, [
    'info: Cannot do "add" of file:///srv/sums.ts and 1 more: the pool was stopped',
    'info: Cannot do "add" of file:///srv/sums.ts: the pool was stopped',
  ]);
});

Deno.test("using stops the pool at the end of its block", () => {
  const { pool, threads } = running({ min: 1 });
  {
    using inUse = pool;
    assertEquals(inUse.started, true);
  }
  assertEquals([pool.joined, threads.alive], [true, 0]);
});

Deno.test("a thread holds the process while it is at work, unless it was let go", () => {
  const { pool, threads } = running({ min: 1 });
  assertEquals(threads.at(0).held, false);
  pool.callInThread(TASK);
  assertEquals(threads.at(0).held, true);
  threads.at(0).finish();
  assertEquals(threads.at(0).held, false);
  pool.callInThread(TASK);
  pool.unref();
  assertEquals(threads.at(0).held, false);
});
