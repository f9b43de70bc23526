/**
 * The pool over scripted threads. Real threads are in `../drivers/deno/thread_test.ts`.
 *
 * Of Twisted's `test/test_threadpool.py`:
 *
 * - ThreadPoolTests: test_attributes, test_start, test_adjustingWhenPoolStopped,
 *   test_threadCreationArguments and test_threadCreationArgumentsCallInThreadWithCallback (a sent
 *   task is not held; tested here by what the call still has), test_callInThread,
 *   test_callInThreadException, test_callInThreadWithCallback,
 *   test_callInThreadWithCallbackExceptionInCallback,
 *   test_callInThreadWithCallbackExceptionInOnResult, test_existingWork,
 *   test_workerStateTransition, test_q (statistics()). Not: test_persistence (no pickling),
 *   test_callbackThread (onResult runs in the caller's thread), test_callbackContext (contexts do
 *   not pass to another thread), `dumpStats` (statistics() replaces it; untested in Twisted, too).
 * - RaceConditionTests: test_synchronization: "ThreadPool starts another thread for a
 *     task if all threads are busy".
 * - MemoryBackedTests: test_workBeforeStarting, test_tooMuchWorkBeforeStarting.
 *
 * Of `_threads/test/test_team.py`: test_doDoesWorkInWorker, test_initialStatistics,
 * test_growCreatesIdleWorkers, test_growCreateLimit, test_shrinkQuitsWorkers, test_shrinkToZero (a
 * maximum of 0), test_moreWorkWhenNoWorkersAvailable, test_exceptionInTask, test_quit (here a
 * stopped pool fails new tasks, and may be stopped again), test_quitQuits, test_shrinkWhenBusy.
 * test_quitQuitsLaterWhenBusy differs: stop() terminates running tasks. Not:
 * test_quitConcurrentWithWorkHappening (only one thread uses the pool).
 *
 * Of the rest of `_threads/test`: `task_runner_test.ts` and `../drivers/deno/thread_test.ts` cover
 * test_threadworker.py's ThreadWorkerTests. LockWorkerTests, test_convenience.py and test_memory.py
 * are about locks and the coordinator, which a single thread does not need.
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
import { LoggedErrors } from "../../testing/logged_errors.ts";
import type { ThreadResult, WorkerTask } from "../interfaces/mod.ts";
import { ThreadExited, ThreadPoolStopped } from "./errors.ts";
import { ThreadPool } from "./thread_pool.ts";

const TASK: WorkerTask = { module: "file:///srv/sums.ts", export: "add" };

/** A pool over scripted threads. */
function pooled(
  size: { min?: number; max?: number } = {},
): { pool: ThreadPool; threads: FakeThreads } {
  const threads = new FakeThreads();
  return { pool: new ThreadPool({ ...size, startThread: threads.start }), threads };
}

/** A started pool over scripted threads. */
function running(
  size: { min?: number; max?: number } = {},
): { pool: ThreadPool; threads: FakeThreads } {
  const made = pooled(size);
  made.pool.start();
  return made;
}

/** The numbers of idle threads, busy threads and waiting tasks. */
function counts(pool: ThreadPool): [number, number, number] {
  const { idleWorkerCount, busyWorkerCount, backloggedWorkCount } = pool.statistics();
  return [idleWorkerCount, busyWorkerCount, backloggedWorkCount];
}

/** Collects the outcomes that it receives. */
function kept(): { outcomes: unknown[][]; onResult: ThreadResult<unknown> } {
  const outcomes: unknown[][] = [];
  return { outcomes, onResult: (...outcome) => outcomes.push(outcome) };
}

Deno.test("ThreadPool has its limits, and neither threads nor tasks, before start()", () => {
  const { pool, threads } = pooled({ min: 12, max: 22 });
  assertEquals([pool.min, pool.max, pool.started, pool.joined], [12, 22, false, false]);
  assertEquals([counts(pool), threads.count], [[0, 0, 0], 0]);
  const { pool: other } = pooled();
  assertEquals([other.min, other.max], [0, 10]);
});

Deno.test("ThreadPool() refuses limits that are out of range", () => {
  assertThrows(() => pooled({ min: -1 }), RangeError, "min must be an integer from 0");
  assertThrows(() => pooled({ max: 1.5 }), RangeError, "max must be an integer from 0");
  const { pool } = pooled({ min: 2, max: 4 });
  assertThrows(() => pool.adjustPoolsize({ max: 1 }), RangeError, "got 2 and 1");
  assertEquals([pool.min, pool.max], [2, 4]);
});

Deno.test("ThreadPool.start() starts min threads", () => {
  assertEquals(running({ max: 5 }).threads.count, 0);
  const { pool, threads } = running({ min: 3, max: 10 });
  assertEquals([threads.count, counts(pool)], [3, [3, 0, 0]]);
});

Deno.test("ThreadPool sends a task to an idle thread, which is idle again after the result", () => {
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

Deno.test("ThreadPool.callInThreadWithCallback() passes the error of a failing task to the callback", () => {
  const { pool, threads } = running();
  const { outcomes, onResult } = kept();
  pool.callInThreadWithCallback(onResult, TASK);
  threads.at(0).fail(new RangeError("too far"));
  const [[success, error] = []] = outcomes;
  assertInstanceOf(error, RangeError);
  assertEquals([success, error.message], [false, "too far"]);
  assertEquals(counts(pool), [1, 0, 0]);
});

Deno.test("ThreadPool.callInThread() logs the error of its task", () => {
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

Deno.test("ThreadPool logs an error that onResult throws, and keeps working", () => {
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

Deno.test("ThreadPool starts the tasks that were queued before start(), each in its own thread", () => {
  const { pool, threads } = pooled({ max: 10 });
  for (let i = 0; i < 5; i++) pool.callInThread(TASK, i);
  assertEquals([threads.count, counts(pool)], [0, [0, 0, 5]]);
  pool.start();
  assertEquals([threads.count, counts(pool)], [5, [0, 5, 0]]);
  assertEquals(threads.at(4).tasks[0]?.args, [4]);
});

Deno.test("ThreadPool starts at most max threads, and runs waiting tasks in order", () => {
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

Deno.test("ThreadPool starts another thread for a task if all threads are busy", () => {
  const { pool, threads } = running({ max: 10 });
  pool.callInThread(TASK);
  threads.at(0).finish();
  for (let i = 0; i < 4; i++) pool.callInThread(TASK);
  assertEquals([threads.count, counts(pool)], [4, [0, 4, 0]]);
});

Deno.test("ThreadPool runs tasks in order when a thread could not start for a while", () => {
  const threads = new FakeThreads();
  let isShort = false;
  const pool = new ThreadPool({
    max: 2,
    startThread: (events, options) => {
      if (isShort) throw new Error("too many open files");
      return threads.start(events, options);
    },
  });
  pool.start();
  const start = (name: string): void => pool.callInThread({ ...TASK, export: name });
  start("first");
  isShort = true;
  start("second");
  isShort = false;
  start("third");
  assertEquals(threads.at(1).tasks.map(({ name }) => name), ["second"]);
  assertEquals(counts(pool), [0, 2, 1]);
  pool.stop();
});

Deno.test("ThreadPool sends the next task to the thread that became idle last", () => {
  const { pool, threads } = running({ max: 2 });
  pool.callInThread(TASK, 0);
  pool.callInThread(TASK, 1);
  threads.at(1).finish();
  threads.at(0).finish();
  pool.callInThread(TASK, 2);
  assertEquals(threads.at(0).tasks.length, 2);
});

Deno.test("ThreadPool sends a task started in onResult to the thread that just became idle", () => {
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

Deno.test("ThreadPool copies the arguments when the call is made, even if the task waits", () => {
  const { pool, threads } = running({ max: 1 });
  const list = [1];
  pool.callInThread(TASK, list);
  pool.callInThread(TASK, list);
  list.push(2);
  threads.at(0).finish();
  assertEquals(threads.at(0).tasks.map(({ args }) => args), [[[1]], [[1]]]);
});

Deno.test("ThreadPool throws to the caller if an argument cannot be cloned, and keeps the thread", () => {
  const { pool } = running({ max: 1 });
  const inside = { f: () => {} };
  assertThrows(() => pool.callInThread(TASK, inside), DOMException, "could not be cloned");
  assertEquals(counts(pool), [1, 0, 0]);
  pool.callInThread(TASK);
  assertThrows(() => pool.callInThread(TASK, inside), DOMException, "could not be cloned");
  assertEquals(counts(pool), [0, 1, 0]);
});

Deno.test("ThreadPool throws to the caller if a task names no module or no export", () => {
  const { pool } = running();
  assertThrows(
    () => pool.callInThread({ module: "./sums.ts", export: "add" }),
    TypeError,
    "module",
  );
  // A caller without type checking may pass this.
  const untyped = { module: "file:///srv/sums.ts" } as WorkerTask;
  assertThrows(
    () => pool.callInThread(untyped),
    TypeError,
    "its export must be a string, got undefined",
  );
  assertEquals(counts(pool), [0, 0, 0]);
});

Deno.test("ThreadPool calls a function argument with the values that the task sends, in order", () => {
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

Deno.test("ThreadPool logs an error that a function argument throws, and the task continues", () => {
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

Deno.test("IThreadCall.cancel() removes a waiting task from the queue", () => {
  const { pool, threads } = running({ max: 1 });
  const { outcomes, onResult } = kept();
  pool.callInThread(TASK, 0);
  pool.callInThreadWithCallback(onResult, TASK, 1).cancel();
  pool.callInThread(TASK, 2);
  threads.at(0).finish();
  assertEquals(threads.at(0).tasks.map(({ args }) => args[0]), [0, 2]);
  assertEquals([outcomes, counts(pool), threads.count], [[], [0, 1, 0], 1]);
});

Deno.test("IThreadCall.cancel() terminates the task's thread, which is replaced once it has stopped", () => {
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

Deno.test("IThreadCall.cancel() starts a waiting task once the cancelled thread has stopped", () => {
  const { pool, threads } = running({ max: 1 });
  const call = pool.callInThreadWithCallback(null, TASK, 0);
  pool.callInThread(TASK, 1);
  call.cancel();
  assertEquals([threads.count, threads.alive], [1, 0]);
  threads.at(0).exit();
  assertEquals([threads.count, threads.alive, threads.at(1).tasks[0]?.args], [2, 1, [1]]);
});

Deno.test("IThreadCall.cancel() keeps the process alive while another task waits for the thread", () => {
  const { pool, threads } = running({ max: 1 });
  const call = pool.callInThreadWithCallback(null, TASK);
  const waiting = pool.callInThreadWithCallback(null, TASK);
  call.cancel();
  assertEquals(threads.at(0).held, true);
  waiting.cancel();
  assertEquals(threads.at(0).held, false);
});

Deno.test("IThreadCall.cancel() does nothing once the task has settled", () => {
  const { pool, threads } = running({ max: 1 });
  const call = pool.callInThreadWithCallback(null, TASK);
  threads.at(0).finish();
  pool.callInThread(TASK);
  call.cancel();
  assertEquals([threads.at(0).terminated, counts(pool)], [false, [0, 1, 0]]);
});

Deno.test("IThreadCall.cancel() ends the task when called from one of its function arguments", () => {
  const { pool, threads } = running();
  const { outcomes, onResult } = kept();
  const call = pool.callInThreadWithCallback(onResult, TASK, () => call.cancel());
  threads.at(0).call(0);
  threads.at(0).finish();
  assertEquals([outcomes, counts(pool), threads.alive], [[], [0, 0, 0], 0]);
});

Deno.test("ThreadPool fails the task of a crashed thread, and replaces the thread for waiting tasks", () => {
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

Deno.test("ThreadPool fails the task of a thread that exits, and replaces the thread when needed", () => {
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

Deno.test("ThreadPool fails one task for each thread that exits at its start", () => {
  const { pool, threads } = pooled({ min: 1, max: 1 });
  const { outcomes, onResult } = kept();
  for (let i = 0; i < 3; i++) pool.callInThreadWithCallback(onResult, TASK);
  pool.start();
  for (let i = 0; i < 3; i++) threads.at(i).exit(new Error("no permission"));
  assertEquals([threads.count, outcomes.length, counts(pool)], [3, 3, [0, 0, 0]]);
});

Deno.test("ThreadPool logs an idle thread that exits, and gives it no more tasks", () => {
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

Deno.test("ThreadPool.adjustPoolsize() ends idle threads above max and starts threads below min", () => {
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

Deno.test("ThreadPool.adjustPoolsize() lets busy threads above max finish before it ends them", () => {
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

Deno.test("ThreadPool.adjustPoolsize() starts no thread before start() or after stop()", () => {
  const { pool, threads } = pooled({ max: 5 });
  pool.adjustPoolsize({ min: 2 });
  assertEquals(threads.count, 0);
  pool.start();
  pool.stop();
  pool.adjustPoolsize({ min: 4 });
  assertEquals([threads.count, threads.alive], [2, 0]);
});

Deno.test("ThreadPool.startAWorker() starts up to max threads; stopAWorker() ends an idle one", () => {
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

Deno.test("ThreadPool.stopAWorker() ends no second thread if the busy one exits by itself", () => {
  const { pool, threads } = running({ max: 1 });
  const call = pool.callInThreadWithCallback(null, TASK);
  pool.stopAWorker();
  call.cancel();
  threads.at(0).exit();
  pool.callInThread(TASK);
  threads.at(1).finish();
  assertEquals(counts(pool), [1, 0, 0]);
});

Deno.test("ThreadPool.stop() terminates all threads, and fails running and waiting tasks", () => {
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

Deno.test("ThreadPool fails tasks after stop(), and cannot start again", () => {
  const { pool, threads } = pooled();
  const { outcomes, onResult } = kept();
  pool.stop();
  pool.callInThreadWithCallback(onResult, TASK);
  assertInstanceOf(outcomes[0]?.[1], ThreadPoolStopped);
  assertThrows(() => pool.start(), ThreadPoolStopped);
  pool.startAWorker();
  assertEquals(threads.count, 0);
});

Deno.test("ThreadPool.callInThread() logs all tasks lost by stop() in one line", () => {
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
    'info: Cannot run the task "add" of file:///srv/sums.ts and 1 more: the pool was stopped',
    'info: Cannot run the task "add" of file:///srv/sums.ts: the pool was stopped',
  ]);
});

Deno.test("ThreadPool is stopped at the end of a `using` block", () => {
  const { pool, threads } = running({ min: 1 });
  {
    using inUse = pool;
    assertEquals(inUse.started, true);
  }
  assertEquals([pool.joined, threads.alive], [true, 0]);
});

Deno.test("ThreadPool keeps the process alive while a thread is busy, unless unref() was called", () => {
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
