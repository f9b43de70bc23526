/**
 * Deferreds over scripted threads.
 *
 * Of Twisted's `test/test_threads.py`: DeferredResultTests and DeferToThreadPoolTests
 * (test_deferredResult, test_deferredFailure, test_deferredFailureAfterSuccess) are here and, with
 * real threads, in `../../testing/conformance/threads.ts`, together with ReactorThreadsTests and
 * StartupBehaviorTests. test_callMultiple and the tests of blockingCallFromThread do not apply, for
 * the reasons in `mod.ts`. Twisted cannot cancel a task that runs in a thread.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import type { Deferred } from "../../defer/deferred.ts";
import { CancelledError } from "../../defer/errors.ts";
import { FakeThreads } from "../../testing/fixtures/fake_threads.ts";
import { deferToThread, deferToThreadPool } from "./defer_to_thread.ts";
import { TaskUnloadable, ThreadPoolFull, ThreadPoolStopped } from "./errors.ts";
import { ThreadPool } from "./thread_pool.ts";
import { workerModule } from "./worker_task.ts";
import {
  assertNoResult,
  failureResultOf,
  MemoryReactor,
  successResultOf,
} from "../../testing/mod.ts";
import { outcomes } from "../../testing/fixtures/outcomes.ts";

/** The type of a module, as in `typeof import(…)`. */
interface Sums {
  add(a: number, b: number): number;
  count(n: number, at: (i: number) => void): Promise<string>;
  keep(value: unknown): void;
}

const sums = workerModule<Sums>("file:///srv/sums.ts");

/** A started pool over scripted threads. */
function running(): { pool: ThreadPool; threads: FakeThreads } {
  const threads = new FakeThreads();
  const pool = new ThreadPool({ max: 1, startThread: threads.start });
  pool.start();
  return { pool, threads };
}

Deno.test("deferToThreadPool() fires with the task's result and its type", () => {
  const { pool, threads } = running();
  const sum: Deferred<number> = deferToThreadPool(pool, sums.task("add"), 3, 4);
  const seen = outcomes(sum);
  assertEquals([threads.at(0).tasks[0]?.args, seen], [[3, 4], []]);
  threads.at(0).finish(7);
  assertEquals(seen, [7]);
});

Deno.test("deferToThreadPool() fails with the task's error", () => {
  const { pool, threads } = running();
  const outcome = deferToThreadPool(pool, sums.task("add"), 3, 4);
  threads.at(0).fail(new RangeError("too far"));
  failureResultOf(outcome, RangeError);
});

Deno.test("deferToThreadPool() fails for a failing task in a thread that ran others before", () => {
  const { pool, threads } = running();
  const outcome = deferToThreadPool(pool, sums.task("add"), 1, 1)
    .addCallback((n) => deferToThreadPool(pool, sums.task("add"), n, n));
  threads.at(0).finish(2);
  assertEquals(threads.at(0).tasks[1]?.args, [2, 2]);
  threads.at(0).fail(new RangeError("division by zero"));
  failureResultOf(outcome, RangeError);
});

Deno.test("deferToThread() uses the reactor's pool", () => {
  const reactor = new MemoryReactor();
  const outcome = deferToThread(reactor, sums.task("count"), 2, () => {});
  const [call] = reactor.threadPool.calls;
  assertEquals([call?.task.export, call?.args[0]], ["count", 2]);
  call?.succeed("done");
  assertEquals(successResultOf(outcome), "done");
});

Deno.test("deferToThreadPool() calls a function among the arguments before the Deferred fires", () => {
  const { pool, threads } = running();
  const seen: unknown[] = [];
  deferToThreadPool(pool, sums.task("count"), 2, (i) => seen.push(i))
    .addCallback((text) => seen.push(text));
  threads.at(0).call(1, 0);
  threads.at(0).call(1, 1);
  threads.at(0).finish("done");
  assertEquals(seen, [0, 1, "done"]);
});

Deno.test("deferToThreadPool() checks its arguments against the function's parameter types", () => {
  const { pool } = running();
  // @ts-expect-error: a string is not a number
  outcomes(deferToThreadPool(pool, sums.task("add"), 3, "4"));
  // @ts-expect-error: the second argument is missing
  outcomes(deferToThreadPool(pool, sums.task("add"), 3));
  const untyped: Deferred<unknown> = deferToThreadPool(
    pool,
    { module: "file:///srv/sums.ts", export: "add" },
    "anything",
    4,
  );
  assertNoResult(untyped);
  pool.stop();
});

Deno.test("deferToThreadPool() fails at once when it is cancelled, and terminates the task", () => {
  const { pool, threads } = running();
  const deferred = deferToThreadPool(pool, sums.task("add"), 3, 4);
  const seen = outcomes(deferred);
  deferred.cancel();
  assertInstanceOf(seen[0], CancelledError);
  assertEquals([threads.alive, pool.statistics().busyWorkerCount], [0, 0]);
  threads.at(0).finish(7);
  assertEquals(seen.length, 1);
});

Deno.test("deferToThreadPool() removes a waiting task from the queue when its Deferred is cancelled", () => {
  const { pool, threads } = running();
  const first = outcomes(deferToThreadPool(pool, sums.task("add"), 1, 1));
  const second = deferToThreadPool(pool, sums.task("add"), 2, 2);
  second.cancel();
  threads.at(0).finish(2);
  assertEquals([first, threads.at(0).tasks.length, threads.alive], [[2], 1, 1]);
  failureResultOf(second, CancelledError);
});

Deno.test("deferToThreadPool() cancels the task when the Deferred's signal aborts", () => {
  const { pool, threads } = running();
  const leaving = new AbortController();
  const seen = outcomes(
    deferToThreadPool(pool, sums.task("add"), 3, 4).addSignal(leaving.signal),
  );
  leaving.abort("the client left");
  assertInstanceOf(seen[0], CancelledError);
  assertEquals([seen[0].cause, threads.alive], ["the client left", 0]);
});

Deno.test("deferToThreadPool() fails if an argument cannot be cloned", () => {
  const { pool } = running();
  const error = failureResultOf(deferToThreadPool(pool, sums.task("keep"), { f: () => {} }));
  assertInstanceOf(error, DOMException);
  assertEquals(error.name, "DataCloneError");
});

Deno.test("deferToThreadPool() fails when the pool is stopped, and on a stopped pool", () => {
  const { pool } = running();
  const outcome = deferToThreadPool(pool, sums.task("add"), 3, 4);
  pool.stop();
  failureResultOf(outcome, ThreadPoolStopped);
  failureResultOf(deferToThreadPool(pool, sums.task("add"), 3, 4), ThreadPoolStopped);
});

Deno.test("deferToThreadPool() fails with the error that crashed the thread", () => {
  const { pool, threads } = running();
  const outcome = deferToThreadPool(pool, sums.task("add"), 3, 4);
  const error = new Error("gone");
  threads.at(0).exit(error);
  assertStrictEquals(failureResultOf(outcome), error);
});

Deno.test("deferToThreadPool() fails if the pool refuses the task", () => {
  const threads = new FakeThreads();
  using pool = new ThreadPool({ max: 1, maxBacklog: 0, startThread: threads.start });
  pool.start();
  outcomes(deferToThreadPool(pool, sums.task("add"), 1, 1).addErrback(() => {}));
  failureResultOf(deferToThreadPool(pool, sums.task("add"), 2, 2), ThreadPoolFull);
});

Deno.test("deferToThreadPool() fails with TaskUnloadable if the module cannot be imported", () => {
  const { pool, threads } = running();
  const seen = outcomes(deferToThreadPool(pool, sums.task("add"), 3, 4));
  threads.at(0).unloadable(new SyntaxError("Unexpected token"));
  const [error] = seen;
  assertInstanceOf(error, TaskUnloadable);
  assertInstanceOf(error.cause, SyntaxError);
  assertEquals(
    error.message,
    'Cannot import the module of the task "add" of file:///srv/sums.ts: Unexpected token',
  );
});
